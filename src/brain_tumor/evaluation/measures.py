"""All figures of one evaluation, from arrays of answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.evaluation.calibration import (
    Bin,
    calibration_noise,
    estimate_calibration_error,
    reliability,
    top_label_log_loss,
)
from brain_tumor.evaluation.metrics import (
    BoolArray,
    ClassMeasures,
    Estimate,
    IntArray,
    RocCurve,
    area_under_roc,
    class_measures,
    count_confusions,
    macro_f1,
    proportion_ci,
    render_classification_report,
    trace_roc,
)
from brain_tumor.evaluation.risk_coverage import RiskCoverage, measure_risk_coverage
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label


@dataclass(frozen=True, slots=True)
class CalibrationMeasures:
    """How far the confidences can be believed."""

    error: Estimate  # expected calibration error, 0 to 1
    noise: float  # what perfect calibration would show on so many images
    log_loss: Estimate  # top-label, in nats
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """The figures over all files that could be read."""

    matrix: IntArray  # (true class, final class) in images, in the order of classes
    accuracy: Estimate | None  # share whose final class is the label
    accuracy_among_classified: Estimate | None  # the same, without uncertain and not analysed images
    macro_f1: Estimate
    uncertain: Estimate | None
    not_analysed: Estimate | None
    not_analysed_but_right: int  # labelled No Tumor, so the rule's No Tumor counts as right
    classes: dict[Label, ClassMeasures]
    curves: dict[Label, RocCurve]  # of classes that have both kinds of images
    calibration: CalibrationMeasures | None  # None when every image was rejected by the gate
    report: str  # scikit-learn's classification report
    risk_coverage: RiskCoverage | None  # None when every image was rejected by the gate


def measure(
    truth: IntArray,
    predicted: IntArray,
    probabilities: FloatArray,
    analysed: BoolArray,
    classified: BoolArray,
    names: Sequence[Label] = LABELS,
) -> Measures:
    """Measure at least one answered image.

    Calibration, ROC and the risk-coverage curve look at analysed images only, as the network's probabilities mean
    nothing for the others; everything else looks at the final class of every image.

    Args:
        truth: (images,), indices of names.
        predicted: (images,), the final classes.
        probabilities: (images, classes), in the order of names.
        analysed: (images,), whether the gate accepted the image.
        classified: (images,), whether the answer is without doubt; what is classified is analysed.
        names: the classes.
    """
    right = truth == predicted
    matrix = count_confusions(truth, predicted, len(names))
    seen, scores = truth[analysed], probabilities[analysed].astype(np.float64)
    areas, curves = [], {}
    for index, label in enumerate(names):
        positive, score = seen == index, scores[:, index]
        areas.append(area_under_roc(positive, score))
        if curve := trace_roc(positive, score):
            curves[label] = curve
    return Measures(
        matrix=matrix,
        accuracy=proportion_ci(int(right.sum()), len(truth)),
        accuracy_among_classified=proportion_ci(int(right[classified].sum()), int(classified.sum())),
        macro_f1=macro_f1(matrix),
        uncertain=proportion_ci(int((analysed & ~classified).sum()), len(truth)),
        not_analysed=proportion_ci(int((~analysed).sum()), len(truth)),
        not_analysed_but_right=int(right[~analysed].sum()),
        classes=dict(zip(names, class_measures(matrix, areas), strict=True)),
        curves=curves,
        calibration=_calibrate(probabilities[analysed], seen) if len(seen) else None,
        report=render_classification_report(truth, predicted, [label.value for label in names]),
        risk_coverage=_rank(probabilities[analysed], seen) if len(seen) else None,
    )


def _calibrate(probabilities: FloatArray, labels: IntArray) -> CalibrationMeasures:
    return CalibrationMeasures(
        estimate_calibration_error(probabilities, labels),
        calibration_noise(probabilities),
        top_label_log_loss(probabilities, labels),
        reliability(probabilities, labels),
    )


def _rank(probabilities: FloatArray, labels: IntArray) -> RiskCoverage:
    confidence = probabilities.max(axis=1).astype(np.float64)
    return measure_risk_coverage(confidence, probabilities.argmax(axis=1) != labels)
