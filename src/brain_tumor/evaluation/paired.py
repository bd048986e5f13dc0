"""Two models on the same images: which is right more often, beyond chance? Pure functions on arrays.

Classes are indices from 0; arrays are (images,), at least one.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import binomtest, norm, rankdata

from brain_tumor.evaluation.metrics import BoolArray, Estimate, IntArray, Values

_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class PairedAccuracy:
    """How often each of two models is right, and whether the difference is chance."""

    both_right: int
    only_first: int
    only_second: int
    neither: int
    difference: Estimate  # of second - first, as a share of the images
    p_value: float  # McNemar, exact


@dataclass(frozen=True, slots=True)
class PairedArea:
    """The area under the ROC curve of two models, and whether the difference is chance."""

    first: Estimate
    second: Estimate
    difference: Estimate  # of second - first
    p_value: float  # DeLong; 1 where nothing varies


def compare_accuracy(truth: IntArray, first: IntArray, second: IntArray) -> PairedAccuracy:
    """Compare final classes.

    Sources: McNemar 1947, Psychometrika 12:153, as an exact binomial test; the interval of the difference is that of
    Agresti and Min 2005, Statistics in Medicine 24:729, with half an image more in each of the four cells.
    """
    first_right, second_right = first == truth, second == truth
    both, only_first, only_second = (
        int((first_right & second_right).sum()),
        int((first_right & ~second_right).sum()),
        int((second_right & ~first_right).sum()),
    )
    images = len(truth)
    torn = only_first + only_second
    more, less, total = only_second + 0.5, only_first + 0.5, images + 2
    centre = (more - less) / total
    half = _NORMAL_95 * sqrt(more + less - (more - less) ** 2 / total) / total
    return PairedAccuracy(
        both_right=both,
        only_first=only_first,
        only_second=only_second,
        neither=images - both - torn,
        difference=Estimate((only_second - only_first) / images, max(centre - half, -1.0), min(centre + half, 1.0)),
        p_value=float(binomtest(only_first, torn).pvalue) if torn else 1.0,
    )


def compare_areas(positive: BoolArray, first: Values, second: Values) -> PairedArea | None:
    """Compare areas under ROC curves; None where positive or negative images are missing.

    Source: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, by the ranks of Sun and Xu 2014, IEEE Signal
    Processing Letters 21:1389.

    Args:
        positive: which images are of the class.
        first: scores of the first model, higher for the class.
        second: those of the second.
    """
    found, others = int(positive.sum()), int((~positive).sum())
    if not found or not others:
        return None
    parts = [_placements(positive, scores) for scores in (first, second)]
    areas = [float(of_found.mean()) for of_found, _ in parts]
    covariance = (
        _covariance([of_found for of_found, _ in parts]) / found
        + _covariance([of_others for _, of_others in parts]) / others
    )
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference = areas[1] - areas[0]
    spread = sqrt(max(variance, 0.0))
    p_value = float(2 * norm.sf(abs(difference) / spread)) if spread > 0 else 1.0
    return PairedArea(
        first=_with_interval(areas[0], sqrt(max(float(covariance[0, 0]), 0.0)), 0.0),
        second=_with_interval(areas[1], sqrt(max(float(covariance[1, 1]), 0.0)), 0.0),
        difference=_with_interval(difference, spread, -1.0),
        p_value=p_value,
    )


def _placements(positive: BoolArray, scores: Values) -> tuple[Values, Values]:
    """Of each positive image the share of negatives below it, of each negative the share of positives above it."""
    found, others = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(scores)
    of_found = (ranks[positive] - rankdata(scores[positive])) / others
    of_others = 1 - (ranks[~positive] - rankdata(scores[~positive])) / found
    return np.asarray(of_found), np.asarray(of_others)


def _covariance(rows: list[Values]) -> Values:
    if len(rows[0]) < 2:  # one image says nothing of how images differ
        return np.zeros((2, 2))
    return np.asarray(np.cov(np.stack(rows)))


def _with_interval(value: float, spread: float, lowest: float) -> Estimate:
    half = _NORMAL_95 * spread
    return Estimate(value, max(value - half, lowest), min(value + half, 1.0))
