"""A run folder: what a training was asked for, what it was given, and the network that it left."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label, from_stored, to_stored
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.examples import Example, read_examples, write_examples
from brain_tumor_training.history import has_stalled, read_history
from brain_tumor_training.recipe_file import render_recipe
from brain_tumor_training.recipes import AnyRecipe, FinetuneRecipe, Recipe, recipe_from_json
from brain_tumor_training.splits import TEST, SplitRow, read_split, write_split

_SETTINGS, _SPLIT, _EXAMPLES, _SEEN = "run.json", "split.csv", "examples.csv", "seen.csv"
# What run.json says of the recipe, in the form that --recipe takes; nothing here reads it.
_RECIPE = "recipe.toml"
_OTHER_SETTINGS = "holds a run with other settings; choose another --out, or delete it"


def read_run(run: Path) -> tuple[AnyRecipe, int]:
    """The recipe and the seed of a run folder; raises DatasetError when no training has been there."""
    settings = read_settings(run)
    return recipe_from_json(settings["recipe"]), settings["seed"]


def read_settings(run: Path) -> dict[str, Any]:
    """What run.json says; raises DatasetError when no training has been there."""
    try:
        settings: dict[str, Any] = json.loads((run / _SETTINGS).read_text(encoding="utf-8"))
    except OSError:
        raise DatasetError(f"{run}: holds no run; give the --out folder of brain-tumor-train fit") from None
    return settings


def read_rows(run: Path) -> list[SplitRow]:
    """The images of a run whose class is known, with their part; raises DatasetError as read_split does."""
    return read_split(run / _SPLIT, read_classes(run))


def read_classes(run: Path) -> tuple[Label, ...]:
    """The classes of a run, in the order of its network's outputs; this project's where nothing says otherwise."""
    stored = read_settings(run).get("classes") if (run / _SETTINGS).exists() else None
    return LABELS if stored is None else tuple(map(from_stored, stored))


def read_list(run: Path) -> list[Example] | None:
    """The training list of a finetune run; None for a run of fit, which has a split alone."""
    return read_examples(run / _EXAMPLES, read_classes(run)) if (run / _EXAMPLES).exists() else None


def require_images(run: Path, data: Path, images: Iterable[Path]) -> None:
    """Refuse a folder that is not the one that a run was trained on.

    Raises:
        DatasetError: images of the run are not there.
    """
    wanted = list(images)
    if missing := [path for path in wanted if not path.is_file()]:
        raise DatasetError(
            f"{data}: lacks {len(missing)} of {len(wanted)} images that {run} was trained on, such as {missing[0]}; "
            "give the folder of that training with --data"
        )


def load_network(run: Path) -> keras.Model:
    """The whole network of a finished run; raises DatasetError when its training has not come to its end."""
    path = run / "model.keras"
    if not path.is_file():
        raise DatasetError(f"{run}: holds no finished run; let brain-tumor-train fit come to its end there first")
    return keras.saving.load_model(path, compile=False)


def save_whole(model: keras.Model, path: Path) -> None:
    """Save a network so that an interruption leaves the old file or the new one.

    A compiled one is compiled again when it is loaded, by Keras alone.

    Raises:
        OSError: it cannot be written.
    """
    if model.compiled:
        model.optimizer.build(model.trainable_variables)  # or loading would warn of variables that are not there
    # Keras wants its own ending.
    with written_whole(path, path.with_name(f"unfinished-{path.name}")) as unfinished:
        model.save(unfinished)


def open_fit_run(
    out: Path,
    rows: Sequence[SplitRow],
    recipe: Recipe,
    weights: str,
    seed: int,
    *,
    cached: bool,
    classes: Sequence[Label] = LABELS,
) -> None:
    """Begin a run of fit, or go on with it. More epochs than before are allowed: the results of fewer are removed.

    Args:
        out: the run folder; made where it is missing.
        rows: the split.
        recipe: what to train.
        weights: "imagenet" or a path, of which the file's name is kept.
        seed: of all random draws.
        cached: whether features are cached.
        classes: in the order of the network's outputs.

    Raises:
        DatasetError: the folder holds a run with other settings or more epochs.
    """
    settings = {
        "recipe": asdict(recipe),
        "weights": Path(weights).name,
        "seed": seed,
        "feature_cache": cached,
    }
    if tuple(classes) != LABELS:  # runs of before have no such entry
        settings["classes"] = [to_stored(label) for label in classes]
    wanted = json.loads(json.dumps(settings))
    out.mkdir(parents=True, exist_ok=True)
    if (out / _SETTINGS).exists() and (out / _SPLIT).exists():
        found = read_settings(out)
        found["recipe"] = json.loads(json.dumps(asdict(recipe_from_json(found["recipe"]))))
        for item in (found, wanted):
            item["recipe"]["epochs"] = None
        if other := [*describe_differences(found, wanted), *_describe_rows(read_split(out / _SPLIT, classes), rows)]:
            raise DatasetError(f"{out}: {_OTHER_SETTINGS}: {'; '.join(other)}")
        history = read_history(out / "history.csv")
        if (done := len(history)) > recipe.epochs:
            raise DatasetError(f"{out}: has trained {done} epochs already; ask for {done} or more, or another --out")
        if done < recipe.epochs and not has_stalled(history, recipe.early_stopping):
            # They are those of fewer epochs. First what export needs: whenever this ends, it takes no mixture.
            for name in ("decision.json", "model.keras", "metrics.json"):
                (out / name).unlink(missing_ok=True)
    _write_settings(out, settings)
    write_split(rows, out / _SPLIT)


def open_finetune_run(
    out: Path,
    examples: Sequence[Example],
    recipe: FinetuneRecipe,
    weights: str,
    seed: int,
    precision: str,
    start: Path | None,
    stop_after: int | None,
    seen: set[str],
    classes: Sequence[Label] = LABELS,
) -> None:
    """Begin a run of finetune, or go on with it.

    Args:
        out: the run folder; made where it is missing.
        examples: the training list.
        recipe: what to train.
        weights: "imagenet" or a path, of which the file's name is kept.
        seed: of all random draws.
        precision: the dtype policy that the machine has.
        start: the run or model file that this run starts from.
        stop_after: epochs, where not all of the recipe are trained.
        seen: what trained or validated the start, as read_seen gives it.
        classes: in the order of the network's outputs.

    Raises:
        DatasetError: the folder holds a run with other settings.
    """
    settings: dict[str, Any] = {
        "recipe": asdict(recipe),
        "weights": Path(weights).name,
        "start": _describe_start(start) if start else None,
        "seed": seed,
        "precision": precision,
    }
    if stop_after is not None:
        settings["stop_after"] = stop_after
    if tuple(classes) != LABELS:
        settings["classes"] = [to_stored(label) for label in classes]
    if (out / _SETTINGS).exists() and (out / _EXAMPLES).exists():
        other = describe_differences(read_settings(out), json.loads(json.dumps(settings)))
        if other or read_list(out) != list(examples):
            raise DatasetError(f"{out}: {_OTHER_SETTINGS}: {'; '.join(other) or 'the training list'}")
        return
    out.mkdir(parents=True, exist_ok=True)
    own = _listed_as_seen(examples)
    # Before run.json, which makes the folder a run.
    with written_whole(out / _SEEN) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("path",), *((path,) for path in sorted(seen | own))])
    describe_run(out, examples, settings)


def describe_differences(found: Mapping[str, Any], wanted: Mapping[str, Any], inside: str = "") -> list[str]:
    """Each setting that differs, as in ``learning_rate is 0.001 there and 0.01 here``."""
    differences = []
    for name in sorted({*found, *wanted}):
        there, here = found.get(name), wanted.get(name)
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            differences += describe_differences(there, here, f"{inside}{name}.")
        elif there != here:
            differences.append(f"{inside}{name} is {there} there and {here} here")
    return differences


def _describe_rows(found: Sequence[SplitRow], wanted: Sequence[SplitRow]) -> list[str]:
    there, here = {row.path: row for row in found}, {row.path: row for row in wanted}
    differences = []
    if gone := sorted(there.keys() - here.keys()):
        differences.append(f"{len(gone)} images of it are not here, {gone[0]} first")
    if new := sorted(here.keys() - there.keys()):
        differences.append(f"{len(new)} images are new, {new[0]} first")
    if moved := sorted(path for path in there.keys() & here.keys() if there[path] != here[path]):
        differences.append(f"{len(moved)} images play another part or have another class, {moved[0]} first")
    return differences


def describe_run(out: Path, examples: Sequence[Example], settings: Mapping[str, Any]) -> None:
    """Write what a run folder says of its training; makes the folder.

    Writes examples.csv, split.csv (the rows whose class is known), run.json and recipe.toml.

    Args:
        out: the run folder.
        examples: the training list.
        settings: the recipe and what else decides the outcome, as JSON takes it.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_examples(examples, out / _EXAMPLES)
    known = [SplitRow(example.path, example.label, example.split) for example in examples if example.label is not None]
    write_split(known, out / _SPLIT)
    _write_settings(out, settings)


def read_seen(run: Path) -> set[str]:
    """The paths that trained or validated the network of a run and, where they are known, those it started from."""
    seen = {row.path for row in read_rows(run) if row.split != TEST}
    return seen | _listed_as_seen(read_list(run) or ()) | _read_seen_before(run)


def read_seen_by_start(start: Path, start_list: Path | None) -> set[str]:
    """The paths that trained or validated the network that another training starts from.

    Args:
        start: the folder of a finetune run, or a model file.
        start_list: the training list of a model file, which does not carry it.

    Raises:
        DatasetError: a model file is given without its list, or the folder is that of another run.
    """
    if start.is_file() and start_list is None:
        raise DatasetError(
            f"{start}: its card does not say which images trained it; name its training list with --start-list, or "
            "say --start-unchecked, which gives up the check that no test image has trained it"
        )
    classes = find_classes(start)
    return _listed_as_seen(read_examples(start_list or start / _EXAMPLES, classes)) | _read_seen_before(start)


def find_classes(start: Path) -> tuple[Label, ...]:
    """The classes of a run or of a model file, in the order of its network's outputs."""
    return load_model_file(start).card.rules.order if start.is_file() else read_classes(start)


def _listed_as_seen(examples: Sequence[Example]) -> set[str]:
    return {example.path for example in examples if example.split != TEST}


def _read_seen_before(run: Path) -> set[str]:
    # Neither a model file nor a run of fit nor an older run has it.
    return {row["path"] for row in read_csv(run / _SEEN)} if (run / _SEEN).is_file() else set()


def _describe_start(start: Path) -> dict[str, Any]:
    if start.is_file():
        card = load_model_file(start).card
        return {"model_id": card.model_id, "training": card.about.get("training")}
    return read_settings(start)


def _write_settings(run: Path, settings: Mapping[str, Any]) -> None:
    text = json.dumps(settings, indent=2)
    write_whole(run / _RECIPE, render_recipe(recipe_from_json(json.loads(text)["recipe"])).encode())
    write_whole(run / _SETTINGS, f"{text}\n".encode())
