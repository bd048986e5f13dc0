"""What several commands share: arguments and their types, whose wrong values are argparse's errors, and an ending."""

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from brain_tumor.errors import BrainTumorError, DatasetError
from brain_tumor.labels import MAX_NAME_CHARS, is_plain_name
from brain_tumor_training.recipes import Stage

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

GROUPS_HELP = (
    "CSV with path and group, such as the groups.csv of audit: a group stays on one side of the split; may be given "
    "several times, the groups are then united"
)

PATIENT_FROM_HELP = (
    "regular expression that finds the patient in each path below the data folder, its groups or all of it, such as "
    "'(P[0-9]+)_': each patient stays in one part"
)

RECIPE_HELP = (
    "name of a recipe below, or a TOML file with fields of one, as in epochs = 20; options count more. The run folder "
    "keeps all fields as recipe.toml (default: %(default)s)"
)

OWN_CLASSES_HELP = "the names of the folders, or the labels of the list, are the classes, whatever they are"
NO_FINDING_HELP = (
    "of --own-classes, one that names nothing abnormal; 'normal', 'healthy', 'no' and the like do so by themselves. It "
    "is the answer for images that are not analysed"
)

TERMS_HELP = (
    "CSV with source, shows, origin and terms of what trained the network, and of each further kind of images that its "
    "gate was fitted on, such as docs/training-sources.csv"
)

LEAVE_OUT_HELP = (
    "CSV with path and seen, such as docs/label-notes.csv: images whose label or kind is in doubt, known by their name "
    "and that of their folder; they neither train nor set a threshold, and are tested all the same"
)


# Keras has more, with which nobody has trained this network: JAX stopped finetune in Keras' own code.
_BACKENDS = ("tensorflow", "torch")


def check_backend() -> None:
    """Refuse a Keras backend that this network was never trained with.

    Raises:
        BrainTumorError: the environment names one.
    """
    named = os.environ.get("KERAS_BACKEND", _BACKENDS[0])
    if named not in _BACKENDS:
        raise BrainTumorError(
            f"KERAS_BACKEND={named}: training runs on tensorflow, which is tested, and on torch, which has trained "
            "finetune; name one of them, or leave it out for tensorflow"
        )


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the figures of each epoch go."""
    parser.add_argument(
        "--log",
        choices=("tensorboard", "mlflow"),
        default="tensorboard",
        help="where the figures of each epoch go, besides history.csv: TensorBoard reads OUT/logs; mlflow sends "
        "them to the server of MLFLOW_TRACKING_URI, too (extra mlflow)",
    )


def add_own_classes(parser: argparse.ArgumentParser) -> None:
    """Add the options for classes that are not this project's."""
    parser.add_argument("--own-classes", action="store_true", help=OWN_CLASSES_HELP)
    parser.add_argument("--no-finding", metavar="NAME", action="append", default=[], help=NO_FINDING_HELP)


def count(text: str) -> int:
    """A whole number of 1 or more."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def subject(text: str) -> str:
    """The name of what a model looks at."""
    if not is_plain_name(text):
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NAME_CHARS]!r} is no plain name of {MAX_NAME_CHARS} characters at most"
        )
    return text


def named_color(text: str) -> tuple[str, str]:
    """A class and its colour, as in ``stroke=#D55E00``."""
    name, _, color = text.rpartition("=")
    if not name or not color:
        raise argparse.ArgumentTypeError(f"{text!r} is not CLASS=#RRGGBB, as in stroke=#D55E00")
    return name, color


def weight(text: str) -> float:
    """A number above 0."""
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return number


def stages(text: str) -> tuple[Stage, ...]:
    """Sides and epochs, as in ``224x6,299x1``."""
    try:
        return tuple(Stage(*(count(number) for number in part.split("x"))) for part in text.split(","))
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not SIDExEPOCHS, as in 224x6,299x1") from None


def folds(text: str) -> tuple[int, ...]:
    """Numbers of folds, as in ``0,4``, each once."""
    numbers = tuple(int(number) for number in text.split(","))
    if len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f"{text} names a fold twice")
    return numbers


def seed(text: str) -> int:
    """A whole number that NumPy takes as a seed."""
    if not 0 <= (number := int(text)) < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not a number from 0 to {2**32 - 1}")
    return number


def describe_recipe(recipe: object) -> str:
    """Every field of a recipe, one a line, for --help."""
    return "\n".join(f"    {name} = {value}" for name, value in asdict(recipe).items())  # type: ignore[call-overload]


def print_metrics(metrics: Mapping[str, Mapping[str, float]], run: Path, data: Path) -> None:
    """What a training command ends with: the figures of each part, and the next command.

    Args:
        metrics: part of the data -> name -> figure.
        run: the run folder.
        data: that it was trained on.
    """
    for part, values in metrics.items():
        over_all = {name: value for name, value in values.items() if not name.startswith(("precision_", "recall_"))}
        print(f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in over_all.items()))
        recalls = {name.removeprefix("recall_"): value for name, value in values.items() if name.startswith("recall_")}
        if recalls:
            print("  recall: " + ", ".join(f"{name} {value:.3f}" for name, value in recalls.items()))
    print(f"written to {run}")
    print_next("brain-tumor-train", "fit-decision", run, "--data", data)


def print_next(*words: str | Path, first: bool = True) -> None:
    """Print the command that follows this one, as a shell takes it.

    Args:
        words: of the command.
        first: whether it is the first of several that may follow.
    """
    print(f"{'next:' if first else '     '} {shlex.join(map(str, words))}")


def prefix_below(index: Path, data: Path) -> str:
    """What stands before the paths of an index to make them paths below the data folder; raises DatasetError."""
    # absolute(), not resolve(): the folder of a source may be a link.
    folder, above = index.parent.absolute(), data.absolute()
    if not folder.is_relative_to(above):
        raise DatasetError(f"{index}: does not lie below --data {data}; give the folder above all sources")
    below = folder.relative_to(above).as_posix()
    return "" if below == "." else f"{below}/"
