"""Answers and labels -> temperature, and the thresholds below which an answer is uncertain. Pure functions."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.examples import Example

# Each threshold may send this share of validation answers to a human, and no more.
MAX_UNCERTAIN_SHARE = 0.05
# ... and stops rising once the answers that are left are right this often.
ENOUGH_ACCURACY = 0.995
# On sources that trained nothing, in the mean of the sources: tumors that may be No Tumor without doubt, and images
# without a tumor that may be one without doubt: 2 % of both together. Thresholds rise until this holds.
MAX_SURE_NO_TUMOR = 0.03
MAX_SURE_TUMOR = 0.01
HIGHEST_THRESHOLD = 0.995  # above it nothing would be left


def to_probabilities(logits: FloatArray, temperature: float) -> FloatArray:
    """Softmax of logits / temperature, (images, classes)."""
    probabilities: FloatArray = softmax(logits / np.float32(temperature), axis=1)
    return probabilities


def fit_temperature(logits: FloatArray, targets: NDArray[np.int64]) -> float:
    """The temperature that minimises the negative log-likelihood.

    Source: Guo et al. 2017, arXiv:1706.04599, 4.2.

    Args:
        logits: (images, classes).
        targets: (images,), class indices.

    Returns:
        0.05 to 20.
    """

    def loss(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(log_probabilities[np.arange(len(targets)), targets].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def fit_uncertainty_threshold(trust: FloatArray, correct: NDArray[np.bool_]) -> float:
    """The lowest threshold on trust above which ENOUGH_ACCURACY holds, but for at most MAX_UNCERTAIN_SHARE.

    Args:
        trust: (images,), higher is surer. Answers below the threshold are uncertain.
        correct: (images,).
    """
    order = np.argsort(trust)
    left_right = correct[order][::-1].cumsum()[::-1] / np.arange(len(trust), 0, -1)  # accuracy from here on
    limit = int(len(trust) * MAX_UNCERTAIN_SHARE)
    enough = np.flatnonzero(left_right[: limit + 1] >= ENOUGH_ACCURACY)
    return float(trust[order][enough[0] if len(enough) else limit])


def fit_sure_threshold(confidence: FloatArray, wrong: NDArray[np.bool_], weights: FloatArray, target: float) -> float:
    """The lowest threshold at which at most the target's share of all images is sure and wrong.

    Args:
        confidence: (images,), 0 to 1, of the answer. Answers below the threshold are uncertain, and so neither sure
            nor wrong.
        wrong: (images,), whether the answer would be a mistake.
        weights: (images,), sum 1.
        target: 0 to 1.

    Returns:
        0 to HIGHEST_THRESHOLD.
    """
    order = np.argsort(-confidence[wrong])
    mistakes = weights[wrong][order].cumsum()
    allowed = int(np.searchsorted(mistakes, target, side="right"))
    if allowed == len(mistakes):
        return 0.0
    # Just above the first mistake that is too much.
    return float(min(np.nextafter(confidence[wrong][order][allowed], np.float32(1)), HIGHEST_THRESHOLD))


def fit_on_unseen(probabilities: FloatArray, examples: Sequence[Example]) -> tuple[float, float, dict[str, Any]]:
    """Choose the thresholds of tumor or no tumor on images of sources that trained nothing.

    Args:
        probabilities: (images, classes), in LABELS's order, rows sum to 1.
        examples: the images.

    Returns:
        The threshold of No Tumor's probability, that of all tumors' together, and what both leave, by source and
        label: images, sure, sure and wrong.
    """
    no_tumor = LABELS.index(Label.NO_TUMOR)
    healthy = probabilities[:, no_tumor]
    says_healthy = probabilities.argmax(axis=1) == no_tumor
    confidence = np.where(says_healthy, healthy, 1 - healthy)
    is_healthy = np.array([example.label is Label.NO_TUMOR for example in examples])
    kinds = [(example.source, "no tumor" if example.label is Label.NO_TUMOR else "tumor") for example in examples]
    counts = Counter(kinds)

    def threshold(chosen: NDArray[np.bool_], wrong: NDArray[np.bool_], target: float) -> float:
        weights = np.array([1 / counts[kind] for kind in kinds], np.float32)[chosen]
        return fit_sure_threshold(confidence[chosen], wrong[chosen], weights / weights.sum(), target)

    min_no_tumor = threshold(~is_healthy, says_healthy, MAX_SURE_NO_TUMOR)
    min_tumor = threshold(is_healthy, ~says_healthy, MAX_SURE_TUMOR)
    sure = confidence >= np.where(says_healthy, min_no_tumor, min_tumor)
    coverage = {}
    for source, kind in sorted(counts):
        rows = np.array([found == (source, kind) for found in kinds])
        coverage[f"{source}, {kind}"] = {
            "images": counts[source, kind],
            "sure": int(sure[rows].sum()),
            "sure_and_wrong": int((sure & (says_healthy != is_healthy))[rows].sum()),
        }
    return min_no_tumor, min_tumor, coverage
