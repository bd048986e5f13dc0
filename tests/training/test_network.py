from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.errors import ModelFileError
from brain_tumor.input.preprocess import InputContract
from brain_tumor.labels import LABELS
from brain_tumor_training.network import (
    build_backbone,
    build_head,
    build_head_logits,
    build_trunk,
    compile_for,
    fold_normalization,
    join,
    take_apart,
    usable_precision,
    weights_digest,
)
from brain_tumor_training.recipes import RECIPES
from tests.training.drawn import SMALL, build_small_backbone, build_small_trunk

BASELINE = RECIPES["baseline"]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Two random images, 0 to 1."""
    return np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)


def test_the_head_of_the_baseline_is_the_published_one() -> None:
    head = build_head(BASELINE)
    kinds = [type(layer).__name__ for layer in head.layers]
    assert kinds == ["Flatten", "Dropout", "Dense", "Dropout", "Dense"]
    _, first, hidden, second, classes = head.layers
    assert (first.rate, second.rate) == (0.3, 0.25)
    assert (hidden.units, hidden.activation.__name__) == (128, "relu")
    assert (classes.units, classes.activation.__name__) == (4, "softmax")


def test_the_baseline_trains_as_published() -> None:
    assert (BASELINE.input.side_px, BASELINE.batch_size, BASELINE.epochs) == (299, 32, 10)
    head = build_head(BASELINE)
    compile_for(BASELINE, head)
    assert type(head.optimizer).__name__ == "Adamax"
    assert float(head.optimizer.learning_rate) == pytest.approx(1e-3)
    assert head.loss == "categorical_crossentropy"
    head.evaluate(np.zeros((1, 2048), np.float32), np.eye(4, dtype=np.float32)[:1], verbose=0)
    of_each = {f"{name}_{label.slug}" for name in ("precision", "recall") for label in LABELS}
    assert set(head.get_metrics_result()) == {"loss", "accuracy", "precision", "recall"} | of_each


def test_only_the_head_is_trained() -> None:
    backbone, head = build_small_backbone(SMALL, "1"), build_head(SMALL)
    model = join(backbone, head)
    assert backbone.trainable_weights == []
    assert [weight.shape for weight in model.trainable_weights] == [(2048, 128), (128,), (128, 4), (4,)]


def test_the_logits_are_what_the_softmax_reads(images: np.ndarray) -> None:
    head = build_head(SMALL)
    pooled = build_small_backbone(SMALL, "1").predict(images, verbose=0)["maximum"]
    logits = build_head_logits(head).predict(pooled, verbose=0)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.allclose(powers / powers.sum(axis=1, keepdims=True), head.predict(pooled, verbose=0), atol=1e-6)


def test_a_saved_network_comes_apart_into_the_same_halves(tmp_path: Path, images: np.ndarray) -> None:
    backbone, head = build_small_backbone(SMALL, "1"), build_head(SMALL)
    join(backbone, head).save(tmp_path / "model.keras")
    backbone_again, head_again = take_apart(keras.saving.load_model(tmp_path / "model.keras"))
    wanted, found = backbone.predict(images, verbose=0), backbone_again.predict(images, verbose=0)
    assert set(found) == {"maximum", "average", "maps", "detail"}
    assert np.allclose(found["maximum"], wanted["maximum"], atol=1e-6)
    assert np.allclose(found["average"], wanted["average"], atol=1e-6)
    assert np.allclose(head_again.predict(found["maximum"]), head.predict(found["maximum"]), atol=1e-6)


def test_a_saved_backbone_keeps_its_digest_so_that_its_features_are_found_again(tmp_path: Path) -> None:
    backbone = build_small_backbone(SMALL, "1")
    join(backbone, build_head(SMALL)).save(tmp_path / "model.keras")
    again, _ = take_apart(keras.saving.load_model(tmp_path / "model.keras"))
    assert weights_digest(again) == weights_digest(backbone) != weights_digest(build_small_backbone(SMALL, "2"))


@pytest.mark.parametrize(("name", "content"), [("none.weights.h5", None), ("notes.weights.h5", b"no weights")])
def test_weights_that_cannot_be_used_are_one_line(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=rf"{name}: cannot be used as weights .* or 'imagenet'") as raised:
        build_backbone(BASELINE, str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_file_of_weights_that_is_missing_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"\(there is no such file\)"):
        build_backbone(BASELINE, str(tmp_path / "none.weights.h5"))


def test_a_failed_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")

    monkeypatch.setattr(keras.applications, "Xception", download)
    with pytest.raises(ModelFileError, match=r"imagenet: cannot be used as weights \(URL fetch failure"):
        build_backbone(BASELINE, "imagenet")


@pytest.mark.slow
def test_the_backbone_is_xception_on_shifted_images(xception_weights: Path) -> None:
    side = 96
    recipe = replace(BASELINE, input=InputContract(side_px=side))
    image = np.random.default_rng(0).random((2, side, side, 3)).astype(np.float32)
    xception = keras.applications.Xception(
        include_top=False, pooling="max", weights=str(xception_weights), input_shape=(side, side, 3)
    )
    maps = keras.applications.Xception(
        include_top=False, weights=str(xception_weights), input_shape=(side, side, 3)
    ).predict(image * 2 - 1, verbose=0)
    backbone = build_backbone(recipe, str(xception_weights))
    found = backbone.predict(image, verbose=0)
    assert np.allclose(found["maximum"], xception.predict(image * 2 - 1, verbose=0), rtol=1e-4, atol=1e-5)
    last = maps.mean(axis=(1, 2))
    # The gate reads four depths, each of length 1; the last is Xception's own average pooling.
    assert found["average"].shape == (2, 728 + 728 + 1024 + 2048)
    assert np.allclose(found["average"][:, -2048:], last / np.linalg.norm(last, axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(np.linalg.norm(found["average"], axis=1), 2, atol=1e-4)
    assert backbone.trainable_weights == []
    assert len(backbone.weights) == len(xception.weights)


def test_a_folded_network_gives_the_same_outputs_without_normalizations(images: np.ndarray) -> None:
    trunk = build_small_trunk("1", 32)
    rng = np.random.default_rng(1)
    norm = trunk.get_layer("norm")
    norm.set_weights([rng.uniform(0.2, 2, weight.shape) for weight in norm.get_weights()])
    folded = fold_normalization(trunk)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    for found, wanted in zip(folded.predict(images, verbose=0), trunk.predict(images, verbose=0), strict=True):
        assert np.ptp(wanted) > 0
        assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


def test_xceptions_convolutions_have_no_bias_and_get_one_that_is_their_normalizations(images: np.ndarray) -> None:
    trunk = build_trunk(None, 71)
    folded = fold_normalization(trunk)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    assert folded.count_params() < trunk.count_params()
    larger = np.repeat(np.repeat(images, 3, axis=1), 3, axis=2)[:, :71, :71]
    for found, wanted in zip(folded.predict(larger, verbose=0), trunk.predict(larger, verbose=0), strict=True):
        assert np.ptp(wanted) > 0
        assert np.allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


def test_float32_stays_float32() -> None:
    assert usable_precision("float32") == "float32"
