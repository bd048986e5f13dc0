"""Arguments that several commands of the command line share."""

import argparse
import glob
import os
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

from brain_tumor.errors import BrainTumorError
from brain_tumor.input.files import find_files
from brain_tumor.input.no_images import LeftOut
from brain_tumor.labels import LABELS, ClassNames, Label, find_class
from brain_tumor.model.choice import EngineName
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor.presentation.wording import NOTICE, render_left_out

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

LEAVE_OUT = "leave-out"


def add_command(
    commands: Commands, name: str, summary: str, description: str, examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """A new command, whose help starts with examples, keeps the description's line breaks and ends with the notice."""
    parser = commands.add_parser(
        name, help=summary, epilog=NOTICE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shown = "".join(f"  {parser.prog} {example}".rstrip() + "\n" for example in examples)
    parser.description = f"Examples:\n{shown}\n{description}" if examples else description
    return parser


def choice(kind: type[ChoiceT]) -> Callable[[str], ChoiceT]:
    """A reader of an argument that names a member of an enumeration; another text is refused with the choices."""

    def read(text: str) -> ChoiceT:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(kind)}") from None

    return read


class _Once(argparse.Action):
    """Keeps an argument's value and refuses a second one, which argparse would take in the first one's place."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, *_: Any) -> None:
        if getattr(namespace, self.dest, None) is not self.default:
            raise argparse.ArgumentError(self, "is given twice; give it once")
        setattr(namespace, self.dest, value)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add --model, --threads and --engine."""
    parser.add_argument(
        "--model", type=Path, action=_Once, metavar="FILE", help=f"model file instead of {DEFAULT_NAME}"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for one image")
    parser.add_argument(
        "--engine",
        choices=get_args(EngineName),
        default="auto",
        help="what runs the network. auto is LiteRT, with which the published figures were measured; openvino starts "
        "a second later and needs the extra openvino",
    )


def add_label_names(parser: argparse.ArgumentParser) -> None:
    """Add --label, which says what the names of a data set mean; read it with to_class_names."""
    parser.add_argument(
        "--label",
        type=_label_name,
        action="append",
        default=[],
        metavar="NAME=CLASS",
        help=f"what a folder or label of this name is: a class of the model ({', '.join(LABELS)}), or {LEAVE_OUT}; "
        "may be given several times",
    )


def to_class_names(pairs: Sequence[tuple[str, str]], classes: tuple[Label, ...] = LABELS) -> ClassNames:
    """The pairs of --label as one value; of two that give one name, the last counts.

    Args:
        pairs: name in lower case, and what it means.
        classes: of the model.

    Raises:
        BrainTumorError: a meaning is none of them.
    """
    meanings: dict[str, Label | None] = {}
    for name, meaning in pairs:
        meanings[name] = find_class(meaning, classes)
        if meanings[name] is None and meaning.strip().lower() != LEAVE_OUT:
            raise BrainTumorError(f"--label {name!r}: {meaning!r} is none of {', '.join(classes)} or {LEAVE_OUT}")
    return ClassNames(meanings, classes)


def _label_name(text: str) -> tuple[str, str]:
    name, _, meaning = text.rpartition("=")
    if not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=CLASS, as in 'Pituitary adenomas=pituitary'")
    return name.strip().lower(), meaning


def check_found(paths: Sequence[str], skip: Collection[Path], given: str) -> None:
    """Refuse paths, folders and patterns among which is no image at all.

    Args:
        paths: as a person gave them.
        skip: files that do not count, such as the run's own outputs.
        given: how a person gave the paths, for the message.

    Raises:
        BrainTumorError: with what was found instead.
    """
    left_out = LeftOut()
    if not any(map(os.path.lexists, find_files(paths, skip, left_out))):
        found = f"; {render_left_out(left_out)}" if left_out.kinds.total() else ""
        is_missing = not any(os.path.lexists(path) or glob.has_magic(path) for path in paths)
        found += "; there is no such file or folder" if is_missing else ""
        raise BrainTumorError(f"no {'images' if left_out.files else 'files'} found: {given}{found}")


def positive(text: str) -> int:
    """The number an argument gives.

    Raises:
        ArgumentTypeError: it is anything but a whole number above 0.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
