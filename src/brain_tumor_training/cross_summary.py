"""The evaluations of several folds -> one summary: per fold, mean, spread, and all test images together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, TypeAlias

import numpy as np

from brain_tumor.evaluation.metrics import Estimate, macro_f1, proportion_ci
from brain_tumor.evaluation.summary import format_number
from brain_tumor.labels import LABELS
from brain_tumor.presentation.wording import NOTICE

# Raised when a key goes or changes its meaning; new keys do not count.
FORMAT_VERSION = 1
MACRO_F1 = "macro F1"
# Name -> where it stands in an evaluation.json.
FIGURES: dict[str, tuple[str, ...]] = {
    "accuracy": ("accuracy",),
    MACRO_F1: ("macro_f1",),
    **{f"recall, {label}": ("classes", label.value, "recall") for label in LABELS},
    "accuracy among classified": ("accuracy_among_classified",),
    "uncertain": ("uncertain",),
    "not analysed": ("not_analysed",),
    "calibration error": ("calibration", "expected_calibration_error"),
}
_NAME_CHARS = max(map(len, FIGURES))

Evaluations: TypeAlias = Mapping[int, Mapping[str, Any]]  # fold -> its evaluation.json


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over all folds; shares are 0 to 1."""

    name: str
    folds: Mapping[int, float | None]  # None where a fold does not define it
    mean: float | None  # of the folds that define it, each counted alike
    standard_deviation: float | None  # between those folds, n - 1 in the denominator; None for fewer than two
    pooled: Estimate | None  # of all test images together; None where the folds' figures do not add up to it


def summarise(evaluations: Evaluations) -> tuple[Figure, ...]:
    """Sum up the figures of one or more folds.

    Pooled shares have Wilson's interval, the pooled macro F1 one from a bootstrap over images. Both take images for
    independent, while slices of one patient are not, so they are rather too narrow; the spread between folds is not.
    """
    return tuple(_summarise(name, where, evaluations) for name, where in FIGURES.items())


def render_table(figures: Sequence[Figure]) -> str:
    """One figure a line: its value in each fold, mean, standard deviation, and pooled with its interval."""
    folds = [f"fold {fold}" for fold in figures[0].folds]
    head = " ".join(f"{column:>7}" for column in (*folds, "mean", "sd"))
    lines = [f"{'':{_NAME_CHARS}} {head}  all images"]
    for figure in figures:
        numbers = (*figure.folds.values(), figure.mean, figure.standard_deviation)
        cells = " ".join(f"{'-' if number is None else f'{number:.3f}':>7}" for number in numbers)
        pooled = "-" if figure.pooled is None else format_number(figure.pooled)
        lines.append(f"{figure.name:{_NAME_CHARS}} {cells}  {pooled}")
    return "\n".join(lines)


def render_document(settings: Mapping[str, Any], evaluations: Evaluations, figures: Sequence[Figure]) -> str:
    """The same as JSON, with the settings, and of each fold its model and its number of images."""
    document = {
        "format_version": FORMAT_VERSION,
        "notice": NOTICE,
        "settings": settings,
        "folds": {
            fold: {
                "model": evaluation["model"],
                "measured_on": evaluation["measured_on"],
                "images": evaluation["data"]["images"],
            }
            for fold, evaluation in evaluations.items()
        },
        "figures": {
            figure.name: {key: value for key, value in asdict(figure).items() if key != "name"} for figure in figures
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _summarise(name: str, where: tuple[str, ...], evaluations: Evaluations) -> Figure:
    found = {fold: _find(evaluation, where) for fold, evaluation in evaluations.items()}
    defined = [item for item in found.values() if item is not None]
    values = [item["value"] for item in defined]
    return Figure(
        name,
        {fold: None if item is None else item["value"] for fold, item in found.items()},
        fmean(values) if values else None,
        stdev(values) if len(values) > 1 else None,
        _pool_f1(evaluations) if name == MACRO_F1 else _pool_shares(defined),
    )


def _find(document: Mapping[str, Any], where: tuple[str, ...]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = document
    for key in where:
        found = found[key] if found is not None else None
    return found


def _pool_shares(shares: Sequence[Mapping[str, Any]]) -> Estimate | None:
    if not all("hits" in share for share in shares):
        return None
    return proportion_ci(sum(share["hits"] for share in shares), sum(share["total"] for share in shares))


def _pool_f1(evaluations: Evaluations) -> Estimate:
    matrices = [evaluation["confusion_matrix"]["true_by_final"] for evaluation in evaluations.values()]
    return macro_f1(np.sum(matrices, axis=0))
