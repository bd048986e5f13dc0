import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the light backbone is converted by TensorFlow, which is not installed")

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.light_backbone import LightBackbone
from tests.training.drawn import SMALL, build_small_backbone

SIDE = SMALL.input.side_px
IMAGES = np.random.default_rng(0).random((6, SIDE, SIDE, 3), np.float32)


@pytest.fixture(scope="module")
def features() -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Of the stand-in for Xception: what Keras computes, and what its light copy does."""
    backbone = build_small_backbone(SMALL, "7")
    light = LightBackbone(backbone, [image[np.newaxis] for image in IMAGES])
    exact = backbone.predict_on_batch(IMAGES)
    return {name: np.asarray(value) for name, value in exact.items()}, light.predict_on_batch(IMAGES)


@pytest.mark.parametrize("name", ["maximum", "average"])
def test_its_features_are_nearly_those_of_keras(
    features: tuple[dict[str, FloatArray], dict[str, FloatArray]], name: str
) -> None:
    exact, light = (found[name] for found in features)
    assert light.shape == exact.shape == (6, 2048)
    assert np.abs(light - exact).mean() < 0.02 * np.abs(exact).mean()


def test_it_computes_the_pooled_features_alone(
    features: tuple[dict[str, FloatArray], dict[str, FloatArray]],
) -> None:
    assert set(features[1]) == {"maximum", "average"}


def test_each_image_has_features_of_its_own(features: tuple[dict[str, FloatArray], dict[str, FloatArray]]) -> None:
    # The interpreter hands out the same memory for every image.
    assert len({row.tobytes() for row in features[1]["average"]}) == 6
