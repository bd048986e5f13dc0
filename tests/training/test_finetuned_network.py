from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor_training.finetuned_network import (
    FinetunedNetwork,
    build_finetuned,
    build_location_head,
    compile_finetuned,
    copy_weights,
    to_serving_network,
)
from brain_tumor_training.network import find_location_head, take_apart
from brain_tumor_training.objectives import class_loss, location_loss
from tests.training.drawn import SMALL_FINETUNE, distances

pytestmark = pytest.mark.usefixtures("small_trunk")

PARTS = ("xception", "head", "location_head")


@pytest.fixture
def images() -> np.ndarray:
    """Two random images of the recipe's size."""
    return np.random.default_rng(0).random((2, 48, 48, 3)).astype(np.float32)


@pytest.fixture
def network() -> FinetunedNetwork:
    keras.utils.set_random_seed(0)
    return build_finetuned(SMALL_FINETUNE, "3", "float32")


def answer(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    return {name: keras.ops.convert_to_numpy(value) for name, value in model(images).items()}


@pytest.mark.parametrize(("side", "cells"), [(32, 2), (48, 3), (64, 4)])
def test_the_network_takes_images_of_any_size(network: FinetunedNetwork, side: int, cells: int) -> None:
    found = answer(network, np.zeros((1, side, side, 3), np.float32))
    assert found["classes"].shape == (1, 4)
    assert found["location"].shape == (1, cells, cells)
    assert found["maps"].shape[1] == (cells + 1) // 2


def test_all_is_trained_but_the_batch_statistics(network: FinetunedNetwork) -> None:
    fixed = {id(weight) for weight in network.get_layer("xception").get_layer("norm").weights}
    trained = {id(weight) for weight in network.trainable_weights}
    assert len(fixed) == 4
    assert trained == {id(weight) for weight in network.weights} - fixed


def test_the_heads_compute_in_float32_whatever_the_trunk_does() -> None:
    before = keras.config.dtype_policy().name
    network = build_finetuned(SMALL_FINETUNE, "3", "mixed_bfloat16")
    assert keras.config.dtype_policy().name == before
    conv = next(layer for layer in network.get_layer("xception").layers if isinstance(layer, keras.layers.Conv2D))
    assert (conv.compute_dtype, conv.variable_dtype) == ("bfloat16", "float32")
    assert {network.get_layer(head).compute_dtype for head in PARTS[1:]} == {"float32"}


def test_few_cells_hold_a_tumor_before_training() -> None:
    head = build_location_head(SMALL_FINETUNE)
    logits = keras.ops.convert_to_numpy(head(np.zeros((1, 3, 3, 1024), np.float32)))
    assert logits == pytest.approx(np.full((1, 3, 3, 1), -3.0))


def test_the_serving_network_answers_as_the_trained_one(network: FinetunedNetwork, images: np.ndarray) -> None:
    serving = to_serving_network(SMALL_FINETUNE, network)
    wanted, found = answer(network, images), answer(serving, images)
    assert serving.input_shape == (None, 48, 48, 3)
    assert found["classes"] == pytest.approx(wanted["classes"], abs=1e-6)
    assert found["location"][..., 0] == pytest.approx(wanted["location"], abs=1e-5)


def test_a_serving_network_comes_apart_after_loading(
    network: FinetunedNetwork, images: np.ndarray, tmp_path: Path
) -> None:
    to_serving_network(SMALL_FINETUNE, network).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    (backbone, head), location_head = take_apart(loaded), find_location_head(loaded)
    features = answer(backbone, images)
    assert set(features) == {"maximum", "average", "maps", "detail"}
    wanted = answer(network, images)
    assert keras.ops.convert_to_numpy(head(features["maximum"])) == pytest.approx(wanted["classes"], abs=1e-6)
    assert location_head is not None
    located = keras.ops.convert_to_numpy(location_head(np.maximum(features["detail"], 0)))[..., 0]
    assert located == pytest.approx(wanted["location"], abs=1e-5)


def test_copied_weights_are_equal_in_every_part(network: FinetunedNetwork) -> None:
    keras.utils.set_random_seed(1)
    other = to_serving_network(SMALL_FINETUNE, build_finetuned(SMALL_FINETUNE, "4", "float32"))
    assert all(max(distances(other.get_layer(part), network.get_layer(part))) > 0 for part in PARTS)
    copy_weights(network, other)
    assert [max(distances(other.get_layer(part), network.get_layer(part))) for part in PARTS] == [0, 0, 0]


def made_targets() -> dict[str, np.ndarray]:
    covered = np.zeros((2, 3, 3), np.float32)
    covered[0, :2, :2] = 1
    return {"possible": np.eye(4, dtype=np.float32)[[0, 2]], "covered": covered}


def losses(network: FinetunedNetwork, answers: dict[str, np.ndarray], *weights: float) -> float:
    network.map_weights = (weights[0], weights[1])
    return float(keras.ops.convert_to_numpy(network.compute_loss(None, made_targets(), answers)))


def test_the_loss_is_the_weighted_sum_of_three(network: FinetunedNetwork, images: np.ndarray) -> None:
    answers, targets = answer(network, images), made_targets()
    alone = float(class_loss(targets["possible"], answers["classes"]))
    location = float(location_loss(targets["covered"], answers["location"]))
    assert losses(network, answers, 0, 0) == pytest.approx(alone, rel=1e-5)
    assert losses(network, answers, 2, 0) == pytest.approx(alone + 2 * location, rel=1e-5)
    once = losses(network, answers, 0, 1) - alone
    assert once > 0
    assert losses(network, answers, 0, 3) == pytest.approx(alone + 3 * once, rel=1e-4)


def test_any_class_that_the_label_leaves_open_is_right(network: FinetunedNetwork) -> None:
    classes = np.eye(4, dtype=np.float32)  # glioma, meningioma, no tumor, pituitary are said
    some_tumor = np.repeat(np.array([[1, 1, 0, 1]], np.float32), 4, axis=0)
    assert network.compute_metrics(None, {"possible": some_tumor}, {"classes": classes})["accuracy"] == 0.75


def test_the_learning_rate_rises_and_then_falls_to_zero(network: FinetunedNetwork) -> None:
    compile_finetuned(SMALL_FINETUNE, network, 100)
    schedule: Any = network.optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 5, 50, 100)]
    assert rates[0] == pytest.approx(3e-5)
    assert rates[1] == pytest.approx(3e-3)
    assert 1e-3 < rates[2] < 2.5e-3
    assert rates[3] == pytest.approx(0, abs=1e-8)


def test_a_state_loads_with_its_optimizer_and_running_average(
    network: FinetunedNetwork, images: np.ndarray, tmp_path: Path
) -> None:
    compile_finetuned(SMALL_FINETUNE, network, 10)
    network.train_on_batch(images, made_targets())
    network.save(tmp_path / "state.keras")
    loaded = keras.saving.load_model(tmp_path / "state.keras")
    assert isinstance(loaded, FinetunedNetwork)
    assert int(loaded.optimizer.iterations) == 1
    assert [item.shape for item in loaded.trainable_variables] == [item.shape for item in network.trainable_variables]
    saved, found = network.optimizer.variables, loaded.optimizer.variables
    assert len(found) == len(saved)
    for item, other in zip(saved, found, strict=True):
        assert np.array_equal(keras.ops.convert_to_numpy(item), keras.ops.convert_to_numpy(other))
