import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the training extra is not installed")

from brain_tumor_training.fact_prediction import (
    FOLDS,
    FoldMean,
    area_alone,
    balanced_accuracy_alone,
    deal_folds,
    score_by_tree,
    score_by_value,
)
from brain_tumor_training.shortcuts import IntArray


def area(values: list[int], tumor: list[int], weights: list[float] | None = None) -> FoldMean | None:
    folds = deal_folds(
        [str(index) for index in range(len(values))],
        [(f"{value}", f"{item}") for value, item in zip(values, tumor, strict=True)],
    )
    table = np.array(values, np.float64)[:, np.newaxis]
    return area_alone(table, np.array(tumor), np.array(weights or [1.0] * len(tumor)), folds, score_by_value)


def of_folds(count: int) -> IntArray:
    return np.arange(count) % FOLDS


def test_a_value_that_follows_the_label_has_the_whole_area() -> None:
    assert area([0, 1] * 20, [0, 1] * 20) == FoldMean(1.0, 1.0, 1.0)


def test_a_value_that_both_labels_share_evenly_has_half_of_it() -> None:
    assert area([0, 0, 1, 1] * 10, [0, 1] * 20) == FoldMean(0.5, 0.5, 0.5)


def test_three_quarters_on_the_right_side_are_three_quarters_of_the_area() -> None:
    values, tumor = [0] * 40 + [1] * 40, [0] * 30 + [1] * 10 + [0] * 10 + [1] * 30
    found = area(values, tumor)
    assert found is not None and found.value == pytest.approx(0.75)
    repaired = area(values, tumor, [1.0] * 30 + [3.0] * 20 + [1.0] * 30)
    assert repaired is not None and repaired.value == pytest.approx(0.5)


def test_a_value_with_one_image_does_not_predict_itself() -> None:
    assert area(list(range(40)), [0, 1] * 20) == FoldMean(0.5, 0.5, 0.5)


def test_a_key_stays_in_one_fold_and_strata_are_spread_evenly() -> None:
    keys = [f"patient {index // 2}" for index in range(40)]
    folds = deal_folds(keys, [(str(index // 20),) for index in range(40)])
    assert (folds[::2] == folds[1::2]).all()
    assert np.bincount(folds[:20]).tolist() == np.bincount(folds[20:]).tolist() == [4] * FOLDS


def test_naming_one_class_always_is_chance_however_frequent_it_is() -> None:
    truth = np.array([0] * 60 + [1] * 20 + [2] * 20)
    found = balanced_accuracy_alone(np.zeros((100, 1)), truth, np.ones(100), of_folds(100), score_by_value)
    assert found is not None and found.value == pytest.approx(1 / 3)


def test_a_class_with_a_value_of_its_own_is_named_and_two_that_share_one_are_guessed() -> None:
    truth = np.array([0] * 60 + [1] * 20 + [2] * 20)
    value = np.minimum(truth, 1).astype(np.float64)[:, np.newaxis]
    found = balanced_accuracy_alone(value, truth, np.ones(100), of_folds(100), score_by_value)
    assert found is not None and found.value == pytest.approx(2 / 3)


def test_a_tree_follows_a_number() -> None:
    tumor = np.array([0, 1] * 50)
    grey = np.random.default_rng(0).uniform(0, 0.4, 100) + 0.5 * tumor
    folds = np.arange(100) // 2 % FOLDS
    assert area_alone(grey[:, np.newaxis], tumor, np.ones(100), folds, score_by_tree) == FoldMean(1.0, 1.0, 1.0)


def test_a_label_that_is_always_the_same_has_no_figure() -> None:
    assert area([0, 1] * 5, [1] * 10) is None
    same = np.zeros(10, np.int64)
    assert balanced_accuracy_alone(np.zeros((10, 1)), same, np.ones(10), of_folds(10), score_by_value) is None
