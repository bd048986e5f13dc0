from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.errors import ScanError
from brain_tumor.labels import Label
from brain_tumor_training import features
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.pipeline import View, load_view
from tests.training.drawn import SMALL, build_small_backbone, draw_slice


class Counting:
    """A backbone that counts the images sent through it."""

    def __init__(self, backbone: keras.Model, stop_after: int | None = None) -> None:
        self._backbone, self._stop_after = backbone, stop_after
        self.images = 0

    def get_weights(self) -> list[Any]:
        return list(self._backbone.get_weights())

    def predict_on_batch(self, batch: Any) -> Any:
        if self.images == self._stop_after:
            raise KeyboardInterrupt
        self.images += len(batch)
        return self._backbone.predict_on_batch(batch)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return build_small_backbone(SMALL, "1")


@pytest.fixture
def views(tmp_path: Path) -> list[View]:
    """Ten views of ten images."""
    for number in range(10):
        (tmp_path / f"{number}.png").write_bytes(draw_slice(Label.GLIOMA, number))
    return [View(tmp_path / f"{number}.png") for number in range(10)]


def count(folder: Path, backbone: keras.Model, views: Sequence[View]) -> int:
    """How many images a fresh start sends through the backbone."""
    counting = Counting(backbone)
    FeatureCache(folder, counting, SMALL.input).features(views, batch_size=4)
    return counting.images


def test_features_are_those_of_the_backbone_in_the_order_of_the_views(
    tmp_path: Path, backbone: keras.Model, views: list[View]
) -> None:
    mixed = [views[3], View(views[0].path, 1.2), views[1]]
    found = FeatureCache(tmp_path / "cache", backbone, SMALL.input).features(mixed)
    wanted = backbone.predict_on_batch(np.stack([load_view(view, SMALL.input) for view in mixed]))
    assert np.allclose(found[0], wanted["maximum"], atol=1e-5)
    assert np.allclose(found[1], wanted["average"], atol=1e-5)


def test_a_second_call_runs_no_forward_pass(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    assert count(tmp_path / "cache", backbone, views) == 10
    assert count(tmp_path / "cache", backbone, views) == 0


def test_the_same_features_come_from_disk(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    first = FeatureCache(tmp_path / "cache", backbone, SMALL.input).features(views)
    again = FeatureCache(tmp_path / "cache", backbone, SMALL.input).features(views[::-1])
    assert np.array_equal(first[0], again[0][::-1])
    assert np.array_equal(first[1], again[1][::-1])


def test_equal_images_are_computed_once(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    (tmp_path / "copy.png").write_bytes(views[0].path.read_bytes())
    assert count(tmp_path / "cache", backbone, [views[0], View(tmp_path / "copy.png"), views[0]]) == 1


def test_an_interrupted_extraction_goes_on_with_the_missing_views(
    tmp_path: Path, backbone: keras.Model, views: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_PART_VIEWS", 4)
    cache = FeatureCache(tmp_path / "cache", Counting(backbone, stop_after=8), SMALL.input)
    with pytest.raises(KeyboardInterrupt):
        cache.features(views, batch_size=4)
    assert count(tmp_path / "cache", backbone, views) == 2


def test_another_image_under_the_same_name_is_computed(
    tmp_path: Path, backbone: keras.Model, views: list[View]
) -> None:
    count(tmp_path / "cache", backbone, views)
    views[4].path.write_bytes(draw_slice(Label.PITUITARY, 4))
    assert count(tmp_path / "cache", backbone, views) == 1


def test_another_brightness_is_computed(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    count(tmp_path / "cache", backbone, views)
    assert count(tmp_path / "cache", backbone, [View(view.path, 1.1) for view in views]) == 10


def test_other_weights_are_computed(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    count(tmp_path / "cache", backbone, views)
    assert count(tmp_path / "cache", build_small_backbone(SMALL, "2"), views) == 10


def test_another_preprocessing_is_computed(
    tmp_path: Path, backbone: keras.Model, views: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    count(tmp_path / "cache", backbone, views)
    monkeypatch.setattr(features, "PREPROCESS_VERSION", "another")
    assert count(tmp_path / "cache", backbone, views) == 10


def test_an_unfinished_part_is_left_out(tmp_path: Path, backbone: keras.Model, views: list[View]) -> None:
    count(tmp_path / "cache", backbone, views[:5])
    part = next((tmp_path / "cache").rglob("*.npz"))
    part.with_suffix(".part").write_bytes(part.read_bytes()[:100])
    assert count(tmp_path / "cache", backbone, views) == 5


def test_an_unreadable_image_is_named(tmp_path: Path, backbone: keras.Model) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(ScanError, match=r"^bad\.png: "):
        FeatureCache(tmp_path / "cache", backbone, SMALL.input).features([View(tmp_path / "bad.png")])


def test_another_precision_has_features_of_its_own(
    tmp_path: Path, backbone: keras.Model, views: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor_training.network.build_trunk", lambda *_: coarse_trunk())
    exact = FeatureCache(tmp_path / "cache", backbone, SMALL.input).features(views)
    coarse = FeatureCache(tmp_path / "cache", backbone, SMALL.input, "mixed_bfloat16").features(views)
    for item, other in zip(exact, coarse, strict=True):
        assert other.dtype == np.float32
        # bfloat16 has eight bits, so what differs does so from the third digit on.
        assert 0 < np.abs(item - other).max() < 0.02 * np.abs(item).max()


def coarse_trunk() -> keras.Model:
    """As build_small_backbone's, without its weights, in the policy of the moment."""
    return build_small_backbone(SMALL, "2").get_layer("xception")
