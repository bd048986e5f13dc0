import numpy as np
import pytest

from brain_tumor.evaluation.paired import compare_accuracy, compare_areas


def test_images_on_which_one_model_is_right_decide() -> None:
    truth = np.zeros(20, np.int64)
    first = np.array([1] * 6 + [0] * 14)
    second = np.array([0] * 6 + [1] + [0] * 13)
    found = compare_accuracy(truth, first, second)
    assert (found.both_right, found.only_first, found.only_second, found.neither) == (13, 1, 6, 0)
    assert found.difference.value == pytest.approx(5 / 20)
    # Of seven coins at most one shows heads, or at least six: 2 (1 + 7) / 128.
    assert found.p_value == pytest.approx(16 / 128)
    assert found.difference.low < 0.25 < found.difference.high


def test_models_that_answer_alike_do_not_differ() -> None:
    answers = np.array([0, 1, 1, 0])
    found = compare_accuracy(np.array([0, 1, 0, 0]), answers, answers)
    assert (found.difference.value, found.p_value, found.neither) == (0.0, 1.0, 1)
    assert found.difference.low == pytest.approx(-found.difference.high)


def test_areas_are_those_of_ranks() -> None:
    positive = np.array([True, True, False, False])
    found = compare_areas(positive, np.array([0.9, 0.4, 0.5, 0.1]), np.array([0.9, 0.8, 0.2, 0.1]))
    assert found is not None
    assert (found.first.value, found.second.value) == (0.75, 1.0)
    assert found.difference.value == pytest.approx(0.25)
    # DeLong by hand: placements of the first (1, 0.5) and (0.5, 1), the second constant: 0.125 / 2 + 0.125 / 2.
    assert (found.difference.high - found.difference.low) / 2 == pytest.approx(1.96 * 0.125**0.5)


def test_delong_has_the_variance_that_a_bootstrap_has() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(400) < 150
    common = rng.normal(size=400) + positive
    first, second = common + rng.normal(size=400), common + 0.5 * rng.normal(size=400)
    found = compare_areas(positive, first, second)
    assert found is not None
    draws = []
    for _ in range(600):
        chosen = rng.integers(400, size=400)
        again = compare_areas(positive[chosen], first[chosen], second[chosen])
        assert again is not None
        draws.append(again.difference.value)
    spread = (found.difference.high - found.difference.low) / 2 / 1.96
    assert spread == pytest.approx(np.std(draws), rel=0.15)
    assert (found.p_value < 0.05) is (found.difference.low > 0)


def test_without_both_kinds_of_images_there_is_no_area() -> None:
    assert compare_areas(np.array([True, True]), np.array([0.1, 0.2]), np.array([0.1, 0.2])) is None
