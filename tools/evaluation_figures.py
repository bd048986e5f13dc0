"""Measured files -> the other figures of docs/evaluation.md: folds, labels in doubt, runs; pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from brain_tumor.evaluation.metrics import Estimate, class_measures, macro_f1, proportion_ci
from brain_tumor_training.label_notes import find_note
from brain_tumor_training.recipes import FINETUNE_RECIPES

Figures = dict[str, Any]
Row = Mapping[str, str]

CLEAR = "all others"  # images without a note
SURE = 0.9  # as evaluation.run has it, for the answers of gate_predictions.csv
KINDS_OF_ANSWERS = ("right", "uncertain", "not analysed", "sure and wrong")


@dataclass(frozen=True, slots=True)
class Run:
    """One training run of a network, as its card describes it."""

    number: int
    stages: str  # as options of finetune
    precision: str
    seed: int
    averaged_with: str | None
    share_of_it: float  # that network's weight in the mean
    changes: list[str]  # settings that differ from those of the run before


@dataclass(frozen=True, slots=True)
class NotedRow:
    """Images of other sources with one note, or without any."""

    seen: str
    filed_as: str
    images: int
    accepted: Estimate | None
    surely_tumor: Estimate | None


def to_estimate(figures: Mapping[str, Any] | Estimate | None) -> Estimate | None:
    """A figure of evaluation.json as a value."""
    return figures if figures is None or isinstance(figures, Estimate) else Estimate(**figures)


def pool_folds(evaluations: Sequence[Figures]) -> Figures:
    """One evaluation over the images of all folds, with the keys that the tables need."""
    order = evaluations[0]["confusion_matrix"]["order"]
    matrix = np.sum([evaluation["confusion_matrix"]["true_by_final"] for evaluation in evaluations], axis=0)
    classes = class_measures(matrix, [None] * len(order))
    return {
        "data": {"images": sum(evaluation["data"]["images"] for evaluation in evaluations)},
        **{
            name: _pool_shares([evaluation[name] for evaluation in evaluations])
            for name in ("accuracy", "accuracy_among_classified", "uncertain", "not_analysed")
        },
        "macro_f1": asdict(macro_f1(matrix)),
        "classes": {name: asdict(label) for name, label in zip(order, classes, strict=True)},
        "confusion_matrix": {"order": order, "true_by_final": matrix.tolist()},
        **dict.fromkeys(("calibration", "risk_coverage", "maps")),  # these do not add up
    }


def without_copies(accuracy: Figures, copies: int) -> Estimate | None:
    """The accuracy without some images that were all answered right."""
    return proportion_ci(accuracy["hits"] - copies, accuracy["total"] - copies)


def sure_errors(evaluation: Figures) -> Estimate | None:
    """Images that were classified, and wrongly, as a share of all."""
    sure = evaluation["accuracy_among_classified"]
    return proportion_ci(sure["total"] - sure["hits"] if sure else 0, evaluation["data"]["images"])


def count_doubts(answers: Sequence[Row], notes: Mapping[str, str]) -> Figures:
    """What became of the images of label-notes.csv and of the others, from the rows of predictions.csv.

    noted: what was seen -> images, rejected, called_tumor, wrong. located: of the scans labelled No Tumor, all and
    those without a note, how many have a location, and how many there are.
    """
    noted: dict[str, list[Row]] = {}
    for row in answers:
        noted.setdefault(find_note(row["file"], notes) or CLEAR, []).append(row)
    healthy = {
        "all": [row for row in answers if row["label"] == "No Tumor"],
        "clear": [row for row in noted.get(CLEAR, []) if row["label"] == "No Tumor"],
    }
    return {
        "noted": {seen: _count_answers(noted[seen]) for seen in sorted(noted, key=lambda seen: (seen == CLEAR, seen))},
        "located": {part: [sum(bool(row["location_x0"]) for row in rows), len(rows)] for part, rows in healthy.items()},
    }


def pool_doubts(parts: Sequence[Figures]) -> Figures:
    """The sum of several counts of doubts."""
    seen = sorted({name for part in parts for name in part["noted"]}, key=lambda name: (name == CLEAR, name))
    found = {name: [part["noted"][name] for part in parts if name in part["noted"]] for name in seen}
    return {
        "noted": {
            name: {key: sum(item[key] for item in counts) for key in counts[0]} for name, counts in found.items()
        },
        "located": {
            name: [sum(part["located"][name][index] for part in parts) for index in (0, 1)] for name in ("all", "clear")
        },
    }


def clear_accuracy(doubts: Figures) -> Estimate | None:
    """The accuracy on images without a note."""
    counts = doubts["noted"].get(CLEAR, {"images": 0, "wrong": 0})
    return proportion_ci(counts["images"] - counts["wrong"], counts["images"])


def count_noted_sources(answers: Sequence[Row], notes: Mapping[str, str]) -> Iterator[NotedRow]:
    """The same for images of other sources, from the rows of gate_predictions.csv."""
    for filed_as, is_brain in (("brain MRI", "1"), ("not brain MRI", "0")):
        kinds: dict[str, list[Row]] = {}
        for row in (row for row in answers if row["is_brain_mri"] == is_brain):
            seen = find_note(f"{row['family']}/{PurePosixPath(row['file']).name}", notes)
            kinds.setdefault(seen or CLEAR, []).append(row)
        for seen, found in sorted(kinds.items()):
            accepted = [row for row in found if row["status"] in ("classified", "uncertain")]
            surely = [row for row in accepted if row["class"] != "No Tumor" and float(row["confidence"]) >= SURE]
            yield NotedRow(
                seen,
                filed_as,
                len(found),
                proportion_ci(len(accepted), len(found)),
                proportion_ci(len(surely), len(found)),
            )


def list_runs(training: Figures) -> list[Run]:
    """The runs that led to a network, the first one first: each began with a run, or with the file of one."""
    chain = [training]
    while start := chain[0]["start"]:
        chain.insert(0, start.get("training", start))
    runs = []
    for number, run in enumerate(chain, 1):
        before = chain[number - 2]["recipe"] if number > 1 else run["recipe"]
        recipe = run["recipe"]
        runs.append(
            Run(
                number,
                describe_stages(run),
                run["precision"],
                run["seed"],
                run.get("averaged_with"),
                run.get("share_of_it", 0.5),
                _compare(before, recipe),
            )
        )
    return runs


def describe_stages(training: Figures) -> str:
    """What a run's stages were, as the options of finetune."""
    recipe = training["recipe"]
    stages = ",".join(f"{stage['side_px']}x{stage['epochs']}" for stage in recipe["stages"])
    if recipe.get("epoch_views"):
        stages += f" --epoch-views {recipe['epoch_views']}"
    if recipe["batch_size"] != FINETUNE_RECIPES["finetuned"].batch_size:
        stages += f" --batch-size {recipe['batch_size']}"
    return f"{stages} --stop-after {training['stop_after']}" if "stop_after" in training else stages


def count_epochs(training: Figures) -> int:
    """Epochs of a run and of those before it."""
    start = training["start"]
    own = training.get("stop_after") or sum(stage["epochs"] for stage in training["recipe"]["stages"])
    return int(own) + (count_epochs(start.get("training", start)) if start else 0)


def group_corruptions(robustness: Figures) -> dict[str, list[Figures]]:
    """Kind of damage -> its conditions, the weakest first."""
    rows: dict[str, list[Figures]] = {}
    for item in robustness["corruptions"]:
        rows.setdefault(item["corruption"], []).append(item)
    return rows


def read_pictures(pictures: Figures) -> dict[str, dict[str, int]]:
    """Kind of picture -> images per kind of answer, of a file that benchmarks.pictures wrote."""
    return {
        kind: {name: picture["counts"][name.replace(" ", "_")] for name in KINDS_OF_ANSWERS}
        for kind, picture in pictures["kinds"].items()
    }


def _pool_shares(shares: Sequence[Figures | None]) -> Figures | None:
    known = [share for share in shares if share]
    pooled = proportion_ci(sum(item["hits"] for item in known), sum(item["total"] for item in known))
    return asdict(pooled) if pooled else None


def _count_answers(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "images": len(rows),
        "rejected": sum(row["status"] == "not_a_brain_mri" for row in rows),
        "called_tumor": sum(row["class"] != "No Tumor" for row in rows),
        "wrong": sum(row["class"] != row["label"] for row in rows),
    }


def _compare(before: Figures, after: Figures) -> list[str]:
    """Settings that differ; stages, batch and views are among a run's options."""
    old, new = (dict(_flatten({**recipe, **dict.fromkeys(_SHOWN)})) for recipe in (before, after))
    changes = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            changes.append(f"`{name}` added, {_plain(new[name])}")
        elif name not in new:
            changes.append(f"`{name}` removed")
        elif old[name] != new[name]:
            changes.append(f"`{name}` {_plain(old[name])}, then {_plain(new[name])}")
    return changes


_SHOWN = ("stages", "batch_size", "epoch_views")


def _plain(setting: Any) -> str:
    return " to ".join(map(str, setting)) if isinstance(setting, list) else str(setting)


def _flatten(recipe: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _flatten(value)
        else:
            yield name, value
