"""The numbers of an evaluation: pure functions on arrays, and the adapter of scikit-learn and of SciPy's statistics.

Classes are indices from 0; `truth` and `predicted` are (images,), at least one. A figure that cannot be
computed, such as the recall of a class without images, is None.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata, spearmanr
from sklearn.metrics import classification_report, confusion_matrix, roc_curve

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Values = NDArray[np.float64]

# The two ends of an interval then rest on 25 resamples each, enough for the two digits that are shown.
RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float
    hits: int | None = None  # for a share: hits of total
    total: int | None = None


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """One class against the rest."""

    support: int  # images labelled as this class
    precision: Estimate | None  # of the images named this class, the share that are
    recall: Estimate | None  # sensitivity: of the images of this class, the share named so
    specificity: Estimate | None  # of the images of other classes, the share not named this class
    f1: Estimate | None  # harmonic mean of precision and recall
    auc: Estimate | None  # area under the ROC curve of this class's probability


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Sensitivity against false alarms over every threshold."""

    false_positive_rate: Values  # (points,), 0 to 1, rising
    true_positive_rate: Values  # (points,), 0 to 1, rising


def proportion_ci(hits: int, total: int) -> Estimate | None:
    """The share hits / total with its 95 % interval; None when total is 0. Source: Wilson 1927, via SciPy."""
    if total == 0:
        return None
    interval = binomtest(hits, total).proportion_ci(0.95, method="wilson")
    return Estimate(hits / total, float(interval.low), float(interval.high), hits, total)


def bootstrap_mean(values: Sequence[float], seed: int = SEED) -> Estimate | None:
    """The mean of one value an image, with a bootstrap interval over images; None without values."""
    if not values:
        return None
    array = np.array(values, dtype=np.float64)
    return bootstrap(lambda chosen: float(array[chosen].mean()), len(array), seed)


def rank_correlation(first: Values, second: Values) -> float | None:
    """Spearman's rank correlation, -1 to 1, ties by mean rank; None where either is the same everywhere."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)


def count_confusions(truth: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Confusion matrix, (true class, predicted class), in images."""
    return np.asarray(confusion_matrix(truth, predicted, labels=range(classes)), dtype=np.int64)


def class_measures(matrix: IntArray, scores: list[Estimate | None], seed: int = SEED) -> tuple[ClassMeasures, ...]:
    """Every class against the rest.

    Args:
        matrix: (true class, predicted class), in images.
        scores: the area under the ROC curve of each class.
        seed: of the bootstrap.
    """
    f1 = _f1(matrix[np.newaxis])[0]
    f1_draws = _f1(_resampled(matrix, seed))
    measures = []
    for index, auc in enumerate(scores):
        right, support, named = matrix[index, index], matrix[index].sum(), matrix[:, index].sum()
        others = matrix.sum() - support
        measures.append(
            ClassMeasures(
                int(support),
                proportion_ci(int(right), int(named)),
                proportion_ci(int(right), int(support)),
                proportion_ci(int(others - (named - right)), int(others)),
                _estimate(float(f1[index]), f1_draws[:, index]) if support else None,
                auc,
            )
        )
    return tuple(measures)


def macro_f1(matrix: IntArray, seed: int = SEED) -> Estimate:
    """Mean F1 of the classes that have images, 0 to 1; the interval is from a bootstrap over images.

    Args:
        matrix: of `count_confusions`, with at least one image.
        seed: of the draws.
    """
    present = matrix.sum(axis=1) > 0
    # Every resampled image belongs to a present class, so each row holds at least one number.
    draws = np.nanmean(_f1(_resampled(matrix, seed))[:, present], axis=1)
    return _estimate(float(_f1(matrix[np.newaxis])[0, present].mean()), draws)


def area_under_roc(positive: BoolArray, score: Values, seed: int = SEED) -> Estimate | None:
    """Chance that a positive image scores above a negative one, ties half; None when either kind is missing.

    Computed from ranks (Mann-Whitney), with a bootstrap interval over images.
    """
    if positive.all() or not positive.any():
        return None
    return bootstrap(lambda chosen: _rank_area(positive[chosen], score[chosen]), len(positive), seed)


def trace_roc(positive: BoolArray, score: Values) -> RocCurve | None:
    """The ROC curve; None when positive or negative images are missing.

    Args:
        positive: (images,).
        score: (images,), the higher the more likely positive.
    """
    if positive.all() or not positive.any():
        return None
    false_alarms, found, _ = roc_curve(positive, score)
    return RocCurve(np.asarray(false_alarms), np.asarray(found))


def render_classification_report(truth: IntArray, predicted: IntArray, names: list[str]) -> str:
    """scikit-learn's own table; a figure that it cannot compute reads nan."""
    # Said on purpose: by default it warns and prints 0, which reads like a measured failure.
    return str(
        classification_report(
            truth, predicted, labels=range(len(names)), target_names=names, digits=3, zero_division=np.nan
        )
    )


def bootstrap(statistic: Callable[[IntArray], float], size: int, seed: int = SEED) -> Estimate:
    """A statistic of all images, with the 2.5 to 97.5 percentiles of it over resampled images.

    Source: Efron and Tibshirani 1993, chapter 13.

    Args:
        statistic: takes indices below size; may return nan for a resample on which it is undefined.
        size: the number of images, at least one.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    draws = [statistic(rng.integers(size, size=size)) for _ in range(RESAMPLES)]
    return _estimate(statistic(np.arange(size)), np.array(draws))


def _estimate(value: float, draws: Values) -> Estimate:
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def _resampled(matrix: IntArray, seed: int) -> IntArray:
    # Drawing images with replacement is drawing cells of the confusion matrix: the same, without the images.
    draws = np.random.default_rng(seed).multinomial(matrix.sum(), matrix.ravel() / matrix.sum(), size=RESAMPLES)
    return draws.reshape(RESAMPLES, *matrix.shape)


def _f1(matrices: IntArray) -> Values:
    right = np.diagonal(matrices, axis1=1, axis2=2)
    seen = matrices.sum(axis=1) + matrices.sum(axis=2)
    scores = np.full(right.shape, np.nan)
    np.divide(2 * right, seen, out=scores, where=seen > 0)
    return scores


def _rank_area(positive: BoolArray, score: Values) -> float:
    found, others = int(positive.sum()), int((~positive).sum())
    if not found or not others:
        return float("nan")
    return float((rankdata(score)[positive].sum() - found * (found + 1) / 2) / (found * others))
