"""Evaluation -> JSON and CSV, for programs."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from brain_tumor.evaluation.calibration import CALIBRATION_BINS
from brain_tumor.evaluation.corruptions import STRENGTHS
from brain_tumor.evaluation.map_tables import maps_to_document
from brain_tumor.evaluation.measures import CalibrationMeasures
from brain_tumor.evaluation.metrics import RESAMPLES, SEED, ClassMeasures, Estimate
from brain_tumor.evaluation.risk_coverage import CONFIDENT_PERCENT, RiskCoverage
from brain_tumor.evaluation.robustness import MIDDLE_STRENGTH, Condition, Robustness
from brain_tumor.evaluation.run import SURE, Evaluation, SourceResult
from brain_tumor.evaluation.source_measures import CALLED_TUMOR, MeasuredSource, SourceMeasures, measure_sources
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import slice_columns
from brain_tumor.tables.serialize import to_cells

# Raised when a key goes or changes its meaning; new keys do not count.
FORMAT_VERSION = 1
PREDICTIONS, GATE_PREDICTIONS = "predictions.csv", "gate_predictions.csv"
# Twenty points draw the curve; the pictures show all of it.
_CURVE_STEP_PERCENT = 5
INTERVALS = (
    "95 %: Wilson's for shares; for means, F1, areas, calibration error and log loss the 2.5 to 97.5 percentiles over "
    f"{RESAMPLES} bootstrap resamples of the images, seed {SEED}"
)


def render_json(evaluation: Evaluation) -> str:
    """Every figure; shares are 0 to 1 with their counts as hits and total, what is undefined is null."""
    measures = evaluation.measures
    document = {
        "format_version": FORMAT_VERSION,
        "notice": NOTICE,
        "measured_on": evaluation.measured_on,
        "model": asdict(evaluation.model),
        "data": {
            "folder": evaluation.dataset.name,
            "notes": evaluation.dataset.notes,
            "left_out": evaluation.dataset.left_out,
            "images": len(evaluation.outcomes),
            "answered": int(measures.matrix.sum()),
            "predictions": PREDICTIONS,
        },
        "intervals": INTERVALS,
        "accuracy": _numbers(measures.accuracy),
        "macro_f1": _numbers(measures.macro_f1),
        "accuracy_among_classified": _numbers(measures.accuracy_among_classified),
        "uncertain": _numbers(measures.uncertain),
        "not_analysed": _numbers(measures.not_analysed),
        "not_analysed_but_right": measures.not_analysed_but_right,
        "classes": {label.value: _class(item) for label, item in measures.classes.items()},
        "confusion_matrix": {"order": list(measures.classes), "true_by_final": measures.matrix.tolist()},
        "calibration": _calibration(measures.calibration) if measures.calibration else None,
        "risk_coverage": _risk_coverage(measures.risk_coverage) if measures.risk_coverage else None,
        "robustness": _robustness(evaluation.robustness) if evaluation.robustness else None,
        "gate": [_gate(result) for result in evaluation.source_results],
        "sources": _sources(evaluation) if evaluation.source_results else None,
        "maps": maps_to_document(evaluation.maps),
        "unreadable": [
            {"file": outcome.file.name, "reason": outcome.row["reason"]} for outcome in evaluation.unreadable
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def render_predictions(evaluation: Evaluation) -> str:
    """CSV: the columns of `brain-tumor predict --csv`, then the true class as label."""
    return _to_csv(
        (*slice_columns(evaluation.dataset.classes), "label"),
        (
            {**outcome.row, "label": label.value}
            for outcome, (_, label) in zip(evaluation.outcomes, evaluation.dataset.files, strict=True)
        ),
    )


def render_gate_predictions(evaluation: Evaluation) -> str:
    """CSV of the gate's folders: the same columns, then family and is_brain_mri (1 or 0)."""
    return _to_csv(
        (*slice_columns(evaluation.dataset.classes), "family", "is_brain_mri"),
        (
            {**outcome.row, "family": result.name, "is_brain_mri": int(result.is_brain_mri)}
            for result in evaluation.source_results
            for outcome in result.outcomes
        ),
    )


def _to_csv(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    # The same cells that `brain-tumor predict --csv` writes, so that the two can be compared.
    writer.writerows(to_cells(row) for row in rows)
    return text.getvalue()


def _class(measures: ClassMeasures) -> dict[str, Any]:
    return {
        "support": measures.support,
        "precision": _numbers(measures.precision),
        "recall": _numbers(measures.recall),
        "specificity": _numbers(measures.specificity),
        "f1": _numbers(measures.f1),
        "auc": _numbers(measures.auc),
    }


def _calibration(calibration: CalibrationMeasures) -> dict[str, Any]:
    return {
        "bins": CALIBRATION_BINS,
        "expected_calibration_error": _numbers(calibration.error),
        "error_of_perfect_calibration": calibration.noise,
        "top_label_log_loss": _numbers(calibration.log_loss),
        "reliability": [{**asdict(bin_), "accuracy": _numbers(bin_.accuracy)} for bin_ in calibration.bins],
    }


def _risk_coverage(curve: RiskCoverage) -> dict[str, Any]:
    return {
        "answers": len(curve.risk),
        "area": _numbers(curve.area),
        "confident_percent": CONFIDENT_PERCENT,
        "errors_among_confident": _numbers(curve.errors_among_confident),
        "curve": [
            {"coverage": percent / 100, "risk": curve.risk_at(percent)}
            for percent in range(_CURVE_STEP_PERCENT, 101, _CURVE_STEP_PERCENT)
        ],
    }


def _robustness(robustness: Robustness) -> dict[str, Any]:
    return {
        "drawn_from": robustness.drawn_from,
        "sample": {label.value: images for label, images in robustness.sample.items()},
        "mean_drop_points": robustness.mean_drop_points,
        "mean_drop_at_strength": MIDDLE_STRENGTH,
        "clean": _condition(robustness.clean),
        "corruptions": [
            {
                "corruption": corruption.value,
                "strength": strength,
                **_condition(condition),
                "drop_points": robustness.drop_points(condition),
            }
            for corruption, steps in robustness.corrupted.items()
            for strength, condition in zip(STRENGTHS, steps, strict=True)
        ],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "images": condition.images,
        "macro_f1": _numbers(condition.macro_f1),
        "silent_errors": _numbers(condition.silent_errors),
        "not_analysed": _numbers(condition.not_analysed),
    }


def _gate(result: SourceResult) -> dict[str, Any]:
    return {
        "family": result.name,
        "is_brain_mri": result.is_brain_mri,
        "images": len(result.outcomes),
        "accepted": _numbers(result.accepted),
        "called_tumor": _numbers(result.called_tumor),
        "called_tumor_from_confidence": SURE,
        "predictions": GATE_PREDICTIONS,
    }


def _sources(evaluation: Evaluation) -> dict[str, Any]:
    measured = measure_sources(evaluation.source_results)
    total = measured.all_not_brain_mri
    return {
        "called_tumor_means": CALLED_TUMOR,
        "surely_from_confidence": SURE,
        "families": [_source(item) for item in (*measured.brain_mri, *measured.not_brain_mri)],
        "all_not_brain_mri": _source_measures(total) if total else None,
    }


def _source(item: MeasuredSource) -> dict[str, Any]:
    source = item.source
    return {
        "family": source.name,
        "origin": source.origin,
        "kind": source.kind,
        "is_brain_mri": source.is_brain_mri,
        "expected": list(source.expected),
        **_source_measures(item.measures),
        "right": _numbers(item.right),
        "area_under_risk_coverage": _numbers(item.risk_coverage.area if item.risk_coverage else None),
    }


def _source_measures(measures: SourceMeasures) -> dict[str, Any]:
    return {
        "images": measures.images,
        "unreadable": measures.unreadable,
        "accepted": _numbers(measures.accepted),
        "called_tumor": _numbers(measures.called_tumor),
        "called_tumor_classified": _numbers(measures.called_tumor_classified),
        "called_tumor_surely": _numbers(measures.called_tumor_surely),
        "no_tumor_classified": _numbers(measures.no_tumor_classified),
        "uncertain": _numbers(measures.uncertain),
        "rejections": measures.rejections,
    }


def _numbers(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {key: value for key, value in asdict(estimate).items() if value is not None}
