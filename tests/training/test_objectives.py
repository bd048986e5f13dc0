import math
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.network import build_head, build_head_logits
from brain_tumor_training.objectives import (
    activation_maps,
    class_loss,
    class_weights,
    location_loss,
    saliency_loss,
    saliency_maps,
)
from tests.training.drawn import SMALL

PROBABILITIES = np.array([[0.5, 0.25, 0.125, 0.125]], np.float32)
SURE = 20.0  # a logit whose probability is 1 but for 0.000000002


def value(loss: Any) -> float:
    return float(keras.ops.convert_to_numpy(loss))


def floats(*rows: Any) -> FloatArray:
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("possible", "probability"),
    [([1, 0, 0, 0], 0.5), ([0, 0, 1, 0], 0.125), ([0, 1, 0, 1], 0.375), ([1, 1, 0, 1], 0.875), ([1, 1, 1, 1], 1.0)],
)
def test_the_class_loss_is_of_all_possible_classes_together(possible: list[int], probability: float) -> None:
    assert value(class_loss(floats(possible), PROBABILITIES)) == pytest.approx(-math.log(probability), abs=1e-5)


def test_the_class_loss_is_a_mean_over_images() -> None:
    possible = floats([1, 0, 0, 0], [0, 1, 0, 0])
    mean = (math.log(2) + math.log(4)) / 2
    assert value(class_loss(possible, np.repeat(PROBABILITIES, 2, axis=0))) == pytest.approx(mean, abs=1e-4)


def test_an_impossible_answer_costs_much_but_not_without_end() -> None:
    assert 10 < value(class_loss(floats([0, 1, 0, 0]), floats([1, 0, 0, 0]))) < 20


HALF = floats([[1, 0], [1, 0]])  # (1, 2, 2), a box over the left half
NOWHERE = np.zeros((1, 2, 2), np.float32)
UNKNOWN = np.full((1, 2, 2), -1, np.float32)


def test_a_perfect_map_costs_nothing() -> None:
    assert value(location_loss(HALF, SURE * (2 * HALF - 1))) == pytest.approx(0, abs=1e-5)
    assert value(location_loss(NOWHERE, NOWHERE - SURE)) == pytest.approx(0, abs=1e-5)


def test_an_undecided_map_costs_log_two_and_half_the_overlap() -> None:
    # Probability 1/2 in all four cells: overlap 2 * (2 * 1/2) / (2 + 2) = 1/2.
    assert value(location_loss(HALF, np.zeros_like(HALF))) == pytest.approx(math.log(2) + 0.5, abs=1e-5)


def test_without_a_tumor_there_is_no_overlap_to_ask_for() -> None:
    assert value(location_loss(NOWHERE, NOWHERE)) == pytest.approx(math.log(2), abs=1e-5)


def test_an_image_with_an_unknown_place_takes_no_part() -> None:
    logits = np.concatenate([np.zeros_like(HALF), np.full_like(HALF, 7.0)])
    alone = value(location_loss(HALF, logits[:1]))
    assert value(location_loss(np.concatenate([HALF, UNKNOWN]), logits)) == pytest.approx(alone, abs=1e-5)


def test_a_batch_of_unknown_places_costs_nothing() -> None:
    assert value(location_loss(UNKNOWN, np.full_like(UNKNOWN, 7.0))) == 0
    assert value(saliency_loss(UNKNOWN, np.ones_like(UNKNOWN))) == 0


def surprise(share: float) -> float:
    """What a share of saliency in the box costs: -log of it, but for a thousandth that stands for none."""
    return -math.log(0.001 + 0.999 * share)


def test_saliency_that_lies_in_the_box_costs_nothing() -> None:
    assert value(saliency_loss(HALF, 3 * HALF)) == pytest.approx(0, abs=1e-5)


def test_saliency_of_which_a_quarter_lies_in_the_box_costs_log_four() -> None:
    saliency = floats([[1, 3], [0, 0]])
    assert value(saliency_loss(HALF, saliency)) == pytest.approx(surprise(1 / 4), abs=1e-4)


def test_saliency_of_images_without_a_box_takes_no_part() -> None:
    covered = np.concatenate([HALF, NOWHERE, UNKNOWN])
    saliency = np.concatenate([floats([[1, 3], [0, 0]]), np.ones((2, 2, 2), np.float32)])
    assert value(saliency_loss(covered, saliency)) == pytest.approx(surprise(1 / 4), abs=1e-4)


def test_an_empty_map_costs_as_much_as_one_beside_the_box() -> None:
    beside = value(saliency_loss(HALF, 1 - HALF))
    assert beside > math.log(100)
    assert value(saliency_loss(HALF, np.zeros_like(HALF))) == pytest.approx(beside)


def test_a_coarse_cell_is_in_the_box_where_one_of_its_fine_cells_is() -> None:
    covered = np.zeros((1, 3, 3), np.float32)
    covered[0, 1, 1] = 1  # of the coarse cell (0, 0); three fine cells make two coarse ones
    assert value(saliency_loss(covered, floats([[1, 0], [0, 1]]))) == pytest.approx(surprise(1 / 2), abs=1e-4)


def test_a_box_that_covers_no_cell_by_a_quarter_does_not_ask_for_less_saliency() -> None:
    sliver = np.concatenate([0.2 * HALF, HALF])
    saliency = np.concatenate([np.ones_like(HALF), HALF])
    assert value(saliency_loss(sliver, saliency)) == pytest.approx(0, abs=1e-5)


@pytest.fixture(scope="module")
def head() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_head(SMALL, features=6)


def test_class_weights_are_the_derivative_that_tensorflow_finds(head: keras.Model) -> None:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    logits = build_head_logits(head)
    pooled = tf.constant(np.random.default_rng(1).random((5, 6)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(pooled)
        answer = logits(pooled)
        answer -= tf.reduce_mean(answer, axis=1, keepdims=True)
    wanted = tape.batch_jacobian(answer, pooled, experimental_use_pfor=False).numpy()
    assert wanted.shape == (5, 4, 6)
    assert keras.ops.convert_to_numpy(class_weights(head, pooled)) == pytest.approx(wanted, abs=1e-6)


def test_class_weights_leave_out_what_raises_all_logits_alike(head: keras.Model) -> None:
    weights = keras.ops.convert_to_numpy(class_weights(head, np.ones((1, 6), np.float32)))
    assert weights.sum(axis=1) == pytest.approx(np.zeros((1, 6)), abs=1e-6)
    assert np.abs(weights).max() > 0.01


def test_class_weights_are_the_same_for_the_head_without_softmax(head: keras.Model) -> None:
    pooled = np.ones((1, 6), np.float32)
    wanted = keras.ops.convert_to_numpy(class_weights(head, pooled))
    assert keras.ops.convert_to_numpy(class_weights(build_head_logits(head), pooled)) == pytest.approx(wanted)


def test_activation_maps_are_the_weighted_sum_of_maps_where_it_is_positive() -> None:
    maps = np.zeros((1, 1, 2, 2), np.float32)
    maps[0, 0, 0], maps[0, 0, 1] = (1, 2), (3, 0)
    weights = floats([[1, 1], [1, -1], [0, 0], [-1, 0]])
    found = keras.ops.convert_to_numpy(activation_maps(weights, maps))
    assert found.shape == (1, 1, 2, 4)
    assert found[0, 0].tolist() == [[3, 0, 0, 0], [3, 3, 0, 0]]


def test_a_feature_counts_for_the_saliency_only_where_it_is_highest() -> None:
    maps = np.zeros((1, 1, 2, 2), np.float32)
    maps[0, 0, 0], maps[0, 0, 1] = (1, 2), (3, 0)
    weights = floats([[1, 1], [1, -1], [0, 0], [-1, 0]])
    found = keras.ops.convert_to_numpy(saliency_maps(weights, maps, floats([3, 2])))
    # The first feature is highest in the second cell, the second in the first.
    assert found[0, 0].tolist() == [[2, 0, 0, 0], [3, 3, 0, 0]]


def test_a_feature_that_is_just_below_its_maximum_counts_for_nothing() -> None:
    maps = np.array([[[[2.0], [1.999]]]], np.float32)
    weights = floats([[1], [0], [0], [0]])
    found = keras.ops.convert_to_numpy(saliency_maps(weights, maps, floats([2])))
    assert found[0, 0, :, 0].tolist() == [2, 0]
