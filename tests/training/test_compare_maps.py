from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

if not find_spec("tensorflow"):
    pytest.skip("gradients are taken with TensorFlow, which is not installed", allow_module_level=True)

import keras

from brain_tumor.errors import DatasetError
from brain_tumor.input.preprocess import InputContract
from brain_tumor_training.compare_maps import compare_maps, gradient_maps, to_saliency
from brain_tumor_training.network import build_backbone, build_head, join
from brain_tumor_training.recipes import RECIPES
from brain_tumor_training.splits import TEST, read_split
from tests.training.drawn import SMALL, Run, build_small_backbone

HEADER = "path,box_x0,box_y0,box_x1,box_y1\n"


def small_network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return join(build_small_backbone(SMALL, "1"), build_head(SMALL))


def images(count: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(0).random((count, side, side, 3)).astype(np.float32)


def test_the_formula_is_what_automatic_differentiation_finds() -> None:
    model = small_network()
    formula, (_, gradient) = to_saliency(model, images(6)), gradient_maps(model, images(6))
    assert formula.shape == (6, 4, 4)
    assert formula.max() > 0.01
    assert np.allclose(formula, gradient, rtol=1e-4, atol=1e-5)


def test_grad_cam_spreads_over_the_whole_map_and_the_saliency_does_not() -> None:
    model = small_network()
    formula, (coarse, _) = to_saliency(model, images(6)), gradient_maps(model, images(6))
    assert coarse.shape == (6, 4, 4)
    assert not np.allclose(formula / formula.max(), coarse / coarse.max(), atol=0.1)


def test_a_wrong_formula_would_be_noticed() -> None:
    model = small_network()
    _, before = gradient_maps(model, images(6))
    kernel, shift = model.get_layer("head").get_layer("classes").get_weights()
    model.get_layer("head").get_layer("classes").set_weights([-kernel, shift])
    assert not np.allclose(to_saliency(model, images(6)), before, rtol=0.1)


@pytest.mark.slow
def test_the_formula_holds_for_xception(xception_weights: Path) -> None:
    recipe = replace(RECIPES["baseline"], input=InputContract(side_px=96))
    keras.utils.set_random_seed(0)
    model = join(build_backbone(recipe, str(xception_weights)), build_head(recipe))
    formula, (_, gradient) = to_saliency(model, images(2, 96)), gradient_maps(model, images(2, 96))
    assert formula.shape == (2, 3, 3)
    assert formula.max() > 0
    assert np.allclose(formula, gradient, rtol=1e-3, atol=1e-3 * formula.max())


@pytest.mark.slow
def test_boxes_of_other_images_are_an_error(small_run: Run, tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    trained = next(row.path for row in read_split(small_run.folder / "split.csv") if row.split != TEST)
    table.write_text(f"{HEADER}{trained},0,0,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"boxes\.csv: has no box for a test image"):
        compare_maps(small_run.folder, small_run.data, table, 5)
