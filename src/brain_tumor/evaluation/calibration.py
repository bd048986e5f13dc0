"""How far a confidence can be believed: pure functions on arrays.

In all of them `probabilities` is (images, classes) with rows that sum to 1, `labels` is (images,) class
indices, and the confidence of an image is its top probability. Without images they raise ValueError.
"""

from dataclasses import dataclass

import numpy as np

from brain_tumor.evaluation.metrics import (
    RESAMPLES,
    SEED,
    BoolArray,
    Estimate,
    IntArray,
    Values,
    bootstrap,
    proportion_ci,
)
from brain_tumor.input.scan import FloatArray

# Guo et al. 2017 use 15, so figures compare with the literature.
CALIBRATION_BINS = 15
# A softmax in float32 can round to exactly 0 or 1, whose logarithm would outweigh every other image.
_LOG_FLOOR = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, slots=True)
class Bin:
    """The images whose top probability lies in (low, high]."""

    low: float
    high: float
    images: int
    confidence: float | None  # mean top probability; None for an empty bin
    accuracy: Estimate | None


def expected_calibration_error(probabilities: FloatArray, labels: IntArray, bins: int = CALIBRATION_BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width confidence bins.

    Source: Guo et al. 2017, arXiv:1706.04599, eq. 3.

    Args:
        probabilities: (images, classes), rows sum to 1.
        labels: (images,), class indices.
        bins: how many.

    Returns:
        0 to 1.

    Raises:
        ValueError: there are no images.
    """
    return _calibration_error(*_top(probabilities, labels), bins)


def estimate_calibration_error(probabilities: FloatArray, labels: IntArray, seed: int = SEED) -> Estimate:
    """The expected calibration error with a bootstrap interval over images; raises ValueError without images.

    Noise only ever adds to this figure, so the interval leans upwards: read it beside calibration_noise.
    """
    confidence, right = _top(probabilities, labels)
    return bootstrap(
        lambda chosen: _calibration_error(confidence[chosen], right[chosen], CALIBRATION_BINS),
        len(labels),
        seed,
    )


def calibration_noise(probabilities: FloatArray, seed: int = SEED) -> float:
    """Mean calibration error that perfectly calibrated confidences would show on so many images.

    Each draw lets every answer be right with exactly its stated confidence. Source: consistency resampling,
    Broecker and Smith 2007, doi:10.1175/WAF993.1.

    Args:
        probabilities: (images, classes), rows sum to 1.
        seed: of the draws.

    Returns:
        0 to 1.

    Raises:
        ValueError: there are no images.
    """
    confidence, _ = _top(probabilities, np.zeros(len(probabilities), dtype=np.int64))
    rng = np.random.default_rng(seed)
    draws = (rng.random(len(confidence)) < confidence for _ in range(RESAMPLES))
    return float(np.mean([_calibration_error(confidence, right, CALIBRATION_BINS) for right in draws]))


def reliability(probabilities: FloatArray, labels: IntArray, bins: int = CALIBRATION_BINS) -> tuple[Bin, ...]:
    """Confidence against accuracy, bin by bin; raises ValueError without images."""
    confidence, right = _top(probabilities, labels)
    bin_index = _bin_of(confidence, bins)
    table = []
    for index in range(bins):
        inside = bin_index == index
        images = int(inside.sum())
        mean = float(confidence[inside].mean()) if images else None
        accuracy = proportion_ci(int(right[inside].sum()), images)
        table.append(Bin(index / bins, (index + 1) / bins, images, mean, accuracy))
    return tuple(table)


def top_label_log_loss(probabilities: FloatArray, labels: IntArray, seed: int = SEED) -> Estimate:
    """Mean surprise at whether the named class is right, in nats; raises ValueError without images.

    -log(confidence) where it is right, -log(1 - confidence) where it is wrong, with a bootstrap interval.
    """
    confidence, right = _top(probabilities, labels)
    surprise = -np.log(np.clip(np.where(right, confidence, 1 - confidence), _LOG_FLOOR, 1))
    return bootstrap(lambda chosen: float(surprise[chosen].mean()), len(labels), seed)


def _top(probabilities: FloatArray, labels: IntArray) -> tuple[Values, BoolArray]:
    if not len(labels):
        raise ValueError("calibration needs at least one image")
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels


def _bin_of(confidence: Values, bins: int) -> IntArray:
    return np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)


def _calibration_error(confidence: Values, right: BoolArray, bins: int) -> float:
    gaps = np.bincount(_bin_of(confidence, bins), weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
