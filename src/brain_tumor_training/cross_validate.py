"""Train and test once per fold, leak-free: an index of folds goes in, figures of several networks come out."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.command import add_evaluate
from brain_tumor.evaluation.report import PAGE
from brain_tumor_training.cross_summary import Figure, render_document, summarise
from brain_tumor_training.leaks import read_fold_groups
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.splits import SplitRow, hold_out_fold, read_index, read_split, write_split

SUMMARY = "cross-validation.json"
_SETTINGS = "settings.json"
# As many images as `brain-tumor-train export` compares by itself.
_PARITY_IMAGES = 300

Splits: TypeAlias = Mapping[int, Sequence[SplitRow]]  # by the fold that is held out


@dataclass(frozen=True, slots=True)
class Plan:
    """What is cross-validated, with what, and where."""

    index: Path  # CSV: path, label, fold, near_fold_edge, and group where it knows groups
    groups: tuple[Path, ...]  # further CSVs with the columns path and group
    data: Path  # the folder that the paths lie below
    recipe: Recipe
    weights: str  # "imagenet" or a path
    seed: int
    folds: tuple[int, ...]  # each is held out once; none means all of the index
    brain_mri: tuple[Path, ...]  # as fit_decision takes them
    not_brain_mri: tuple[Path, ...]
    unseen: frozenset[str]
    out: Path
    cache: Path  # feature cache, shared by the folds


@dataclass(frozen=True, slots=True)
class Steps:
    """How a network is made; the arguments are those of train.fit, fit_decision.fit_decision and export.export."""

    # rows, data, recipe, weights, run folder, seed, feature cache; leaves metrics.json in the run folder at its end
    fit: Callable[[Sequence[SplitRow], Path, Recipe, str, Path, int, Path | None], object]
    # run folder, data, brain_mri, not_brain_mri, unseen, feature cache; leaves decision.json
    fit_decision: Callable[[Path, Path, Sequence[Path], Sequence[Path], set[str], Path], object]
    # run folder, data, model file, parity images
    export: Callable[[Path, Path, Path, int], object]


def cross_validate(plan: Plan, steps: Steps) -> tuple[Figure, ...]:
    """Hold out each fold once, train without it, test the exported file on it, and sum up.

    Test images with a copy in the other folds, by any of the groups, are left out. What lies finished in plan.out is
    not made again, so an interrupted run goes on. Writes there per fold K fold-K.csv (the split), fold-K/ (the run,
    with report/) and fold-K.tfliteA, and cross-validation.json.

    Raises:
        DatasetError: the index does not have a fold, or the folder holds a cross-validation with other settings or
            splits.
    """
    splits = _split(plan)
    settings = _open(plan, splits)
    evaluations = {fold: _run_fold(plan, steps, fold, rows) for fold, rows in splits.items()}
    figures = summarise(evaluations)
    write_whole(plan.out / SUMMARY, render_document(settings, evaluations, figures).encode())
    return figures


def _split(plan: Plan) -> Splits:
    groups = read_fold_groups(plan.index, plan.groups)
    folds = plan.folds or _folds(plan.index)
    share = plan.recipe.validation_share
    return {fold: hold_out_fold(plan.index, fold, share, plan.seed, groups) for fold in folds}


def _folds(index: Path) -> list[int]:
    try:
        return sorted({int(row["fold"]) for row in read_index(index)})
    except ValueError:
        raise DatasetError(
            f"{index}: has a fold that is no number; number the folds, or name some with --folds"
        ) from None


def _open(plan: Plan, splits: Splits) -> dict[str, Any]:
    # The folds are no part of it: more of them may follow.
    settings = {
        "recipe": asdict(plan.recipe),
        "weights": Path(plan.weights).name,
        "seed": plan.seed,
        "brain_mri": [folder.name for folder in plan.brain_mri],
        "not_brain_mri": [folder.name for folder in plan.not_brain_mri],
        "unseen": sorted(plan.unseen),
    }
    path, tables = plan.out / _SETTINGS, {fold: plan.out / f"fold-{fold}.csv" for fold in splits}
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    begun = any(table.with_suffix("").exists() for table in tables.values())
    if (found is not None or begun) and found != json.loads(json.dumps(settings)):
        raise DatasetError(f"{plan.out}: holds training with other settings; choose another --out, or delete it")
    for fold, table in tables.items():
        if table.exists() and read_split(table) != splits[fold]:
            raise DatasetError(f"{table}: is another split of this fold; choose another --out, or delete this one")
    plan.out.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{json.dumps(settings, indent=2)}\n".encode())
    for fold, table in tables.items():
        write_split(splits[fold], table)
    return settings


def _run_fold(plan: Plan, steps: Steps, fold: int, rows: Sequence[SplitRow]) -> dict[str, Any]:
    run, table, model = (plan.out / f"fold-{fold}{suffix}" for suffix in ("", ".csv", ".tfliteA"))
    report = run / "report"
    print(f"fold {fold}")
    if not (run / "metrics.json").exists():
        steps.fit(rows, plan.data, plan.recipe, plan.weights, run, plan.seed, plan.cache)
    if not (run / "decision.json").exists():
        steps.fit_decision(run, plan.data, plan.brain_mri, plan.not_brain_mri, set(plan.unseen), plan.cache)
    if not model.exists():
        steps.export(run, plan.data, model, _PARITY_IMAGES)
    if not (report / PAGE).exists():  # the page is written last
        _evaluate(plan.data, table, model, report)
    document: dict[str, Any] = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    return document


def _evaluate(data: Path, table: Path, model: Path, report: Path) -> None:
    # The command itself, so that a fold is measured as anyone would measure its file.
    parser = argparse.ArgumentParser()
    add_evaluate(parser.add_subparsers())
    args = parser.parse_args(["evaluate", str(data), f"--list={table}", f"--model={model}", f"--out={report}"])
    args.run(args)
