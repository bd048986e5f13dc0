import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from brain_tumor.evaluation.metrics import (
    Estimate,
    area_under_roc,
    bootstrap,
    bootstrap_mean,
    class_measures,
    count_confusions,
    macro_f1,
    proportion_ci,
    rank_correlation,
    render_classification_report,
    trace_roc,
)

# Class 0: 3 of 4 found. Class 1: 1 of 2 found. One image goes each way.
TRUTH = np.array([0, 0, 0, 0, 1, 1])
PREDICTED = np.array([0, 0, 0, 1, 1, 0])


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_the_published_ones(hits: int, total: int, low: float, high: float) -> None:
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
    estimate = proportion_ci(hits, total)
    assert estimate is not None
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)
    assert (estimate.value, estimate.hits, estimate.total) == (hits / total, hits, total)


def test_a_share_of_nothing_is_undefined() -> None:
    assert proportion_ci(0, 0) is None


def test_rows_of_the_confusion_matrix_are_true_classes() -> None:
    assert count_confusions(TRUTH, PREDICTED, 3).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_class_measures_can_be_counted_by_hand() -> None:
    first, second = class_measures(count_confusions(TRUTH, PREDICTED, 2), [None, None])
    assert (first.support, value(first.precision), value(first.recall)) == (4, 3 / 4, 3 / 4)
    assert value(first.specificity) == 1 / 2  # of the two others, one was named 0
    assert value(first.f1) == 3 / 4
    assert value(second.specificity) == 3 / 4


def test_a_class_without_images_has_no_recall_and_no_f1() -> None:
    third = class_measures(count_confusions(TRUTH, PREDICTED, 3), [None] * 3)[2]
    assert (third.support, third.recall, third.precision, third.f1) == (0, None, None, None)
    assert value(third.specificity) == 1.0


def test_macro_f1_is_the_mean_over_classes_that_have_images() -> None:
    estimate = macro_f1(count_confusions(TRUTH, PREDICTED, 3))
    assert estimate.value == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert estimate.value == pytest.approx(f1_score(TRUTH, PREDICTED, average="macro"))
    assert estimate.low <= estimate.value <= estimate.high


def test_all_right_leaves_the_bootstrap_no_room() -> None:
    estimate = macro_f1(count_confusions(TRUTH, TRUTH, 2))
    assert (estimate.low, estimate.value, estimate.high) == (1.0, 1.0, 1.0)


def test_the_bootstrap_is_the_same_for_the_same_seed_only() -> None:
    values = np.arange(20.0)

    def draw(seed: int) -> tuple[float, float]:
        estimate = bootstrap(lambda chosen: float(values[chosen].mean()), len(values), seed)
        return estimate.low, estimate.high

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_the_bootstrap_interval_of_a_mean_is_close_to_the_known_one() -> None:
    # 50 zeros and 50 ones: the standard error of the mean is 0.05, so 1.96 of them are 0.098.
    values = np.repeat([0.0, 1.0], 50)
    estimate = bootstrap(lambda chosen: float(values[chosen].mean()), len(values))
    assert estimate.value == 0.5
    assert (estimate.low, estimate.high) == pytest.approx((0.402, 0.598), abs=0.015)


def test_the_area_under_the_roc_is_the_share_of_ordered_pairs() -> None:
    # Pairs of a positive and a negative: 0.9 beats both, 0.4 beats one of two: 3 of 4.
    positive, score = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.6, 0.1])
    estimate = area_under_roc(positive, score)
    assert value(estimate) == 0.75


def test_the_area_under_the_roc_counts_ties_as_scikit_learn_does() -> None:
    rng = np.random.default_rng(3)
    positive, score = rng.random(200) < 0.3, rng.integers(0, 5, 200).astype(float)
    estimate = area_under_roc(positive, score)
    assert value(estimate) == pytest.approx(roc_auc_score(positive, score))


def test_a_roc_needs_both_kinds_of_images() -> None:
    assert area_under_roc(np.array([True, True]), np.array([0.1, 0.9])) is None
    assert trace_roc(np.array([False, False]), np.array([0.1, 0.9])) is None


def test_a_roc_runs_from_no_alarm_to_all_alarms() -> None:
    curve = trace_roc(np.array([True, False]), np.array([0.9, 0.1]))
    assert curve is not None
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0.0, 0.0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1.0, 1.0)


def test_the_classification_report_says_nan_where_a_class_has_no_images() -> None:
    report = render_classification_report(TRUTH, PREDICTED, ["left", "right", "absent"])
    assert report.split("absent")[1].split()[:2] == ["nan", "nan"]


def test_a_mean_of_equal_values_is_certain_and_one_of_two_is_not() -> None:
    assert bootstrap_mean([0.5] * 9) == Estimate(0.5, 0.5, 0.5)
    assert bootstrap_mean([0.0, 1.0]) == Estimate(0.5, 0.0, 1.0)
    assert bootstrap_mean([]) is None


def test_rank_correlation_looks_at_the_order_alone() -> None:
    rising = np.array([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(rising, rising**3) == pytest.approx(1)
    assert rank_correlation(rising, -np.exp(rising)) == pytest.approx(-1)
    # 1 - 6 * (1 + 1) / (4 * 15)
    assert rank_correlation(rising, np.array([2.0, 1.0, 3.0, 4.0])) == pytest.approx(0.8)
    assert rank_correlation(rising, np.ones(4)) is None
