"""Fixtures of the training tests: drawn data, a small network, and random weights for the real one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor_training.recipes import RECIPES
from tests.training.drawn import (
    SMALL,
    Run,
    make_finetune_run,
    make_run,
    use_small_backbone,
    use_small_trunk,
    write_families,
    write_tree,
)

# TensorFlow logs much unless this is set before it is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of drawn slices: eight training and two test images per class. Not to be changed."""
    return write_tree(tmp_path_factory.mktemp("data"))


@pytest.fixture
def small_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `use_small_backbone`."""
    use_small_backbone(monkeypatch)


@pytest.fixture
def small_recipe(monkeypatch: pytest.MonkeyPatch, small_backbone: None) -> None:
    """Let the recipe ``baseline`` be a small one."""
    monkeypatch.setitem(RECIPES, "baseline", replace(SMALL, epochs=2))


@pytest.fixture
def small_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `use_small_trunk`."""
    use_small_trunk(monkeypatch)


@pytest.fixture(scope="session")
def small_finetune_run(data: Path, not_brain_mri: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished finetune run on the stand-in, with seed 0, ready for the export."""
    with pytest.MonkeyPatch.context() as patch:
        use_small_trunk(patch)
        return make_finetune_run(tmp_path_factory.mktemp("finetuned"), data, not_brain_mri)


@pytest.fixture(scope="session")
def not_brain_mri(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two families of drawn stripes. Not to be changed."""
    return write_families(tmp_path_factory.mktemp("not-brain-mri"))


@pytest.fixture(scope="session")
def small_run(data: Path, not_brain_mri: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run on the small stand-in for Xception, ready for the export."""
    with pytest.MonkeyPatch.context() as patch:
        use_small_backbone(patch)
        recipe = replace(SMALL, epochs=12, learning_rate=3e-3)
        return make_run(tmp_path_factory.mktemp("small"), data, not_brain_mri, recipe, "7")


@pytest.fixture(scope="session")
def xception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights for Xception without top, scaled so that its features are of the usual size."""
    import keras

    path = tmp_path_factory.mktemp("weights") / "random.weights.h5"
    keras.utils.set_random_seed(0)
    xception = keras.applications.Xception(weights=None, include_top=False, input_shape=(96, 96, 3))
    last = xception.get_layer("block14_sepconv2_bn")
    gamma, *others = last.get_weights()
    # Activations shrink from block to block without trained weights, here to 0.00004.
    last.set_weights([gamma * 2e4, *others])
    xception.save_weights(path)
    return path
