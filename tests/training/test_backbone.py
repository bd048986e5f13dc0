from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.input.preprocess import InputContract
from brain_tumor_training.backbone import BACKBONES, XCEPTION
from brain_tumor_training.recipes import RECIPES, BackboneName
from tests.training.drawn import SMALL, draw_slice, make_run, spare_compiler

SIDE_PX = 72  # Xception takes 71 or more


@pytest.mark.parametrize(("side", "cells"), [(96, 6), (224, 14), (299, 19)])
def test_detail_cells_are_those_of_xception(side: int, cells: int) -> None:
    assert XCEPTION.detail_cells(side) == cells


def test_recipes_name_the_backbones_that_there_are() -> None:
    assert set(get_args(BackboneName)) == set(BACKBONES)


@pytest.mark.slow
@pytest.mark.parametrize("side", [96, 224, 299])
def test_xception_has_as_many_cells(side: int) -> None:
    pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)
    from brain_tumor_training.network import build_trunk

    _, _, maps, detail = build_trunk(None, side).output
    cells = XCEPTION.detail_cells(side)
    assert detail.shape == (None, cells, cells, XCEPTION.detail_features)
    assert maps.shape == (None, (cells + 1) // 2, (cells + 1) // 2, XCEPTION.features)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("Xception", "block13"),
        ("EfficientNetV2B0", "block6a"),
        ("EfficientNetV2B3", "block6"),
        ("EfficientNetV2S", "block6b"),
        ("ConvNeXtTiny", "stage_3"),
        ("ConvNeXtSmall", "stage_3_block_1"),
    ],
)
def test_a_backbone_has_the_layers_that_are_named_and_trains_from_a_block_on(name: str, block: str) -> None:
    pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)
    from brain_tumor_training.network import build_backbone

    known = BACKBONES[name]
    recipe = replace(RECIPES["baseline"], input=InputContract(SIDE_PX), backbone=known.application)  # type: ignore[arg-type]
    backbone = build_backbone(replace(recipe, unfreeze_from=block), "random")
    assert backbone.output["maximum"].shape == (None, known.features)
    assert backbone.output["detail"].shape[-1] == known.detail_features
    trunk = backbone.get_layer(known.layer)
    trained = [layer.name.removeprefix(f"{known.layer}_") for layer in trunk.layers if layer.trainable_weights]
    assert trained[0].startswith(block)
    assert not [layer for layer in trained if "bn" in layer.split("_")]  # statistics of batches stay as they are
    assert sum(weight.shape.num_elements() for weight in trunk.trainable_weights) < trunk.count_params()
    with pytest.raises(DatasetError, match=rf"no layer luck\.\.\.; layers begin with .*{block[:7]}"):
        build_backbone(replace(recipe, unfreeze_from="luck"), "random")


@pytest.mark.slow
def test_convnext_goes_from_images_to_answers(
    data: Path, not_brain_mri: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its layers, an eighth as wide. EfficientNet does so in the notebook, Xception in test_export.py."""
    pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")
    from keras.src.applications import convnext

    from brain_tumor.classifier import load_classifier
    from brain_tumor.labels import LABELS, Label
    from brain_tumor_training.export import export

    monkeypatch.setitem(convnext.MODEL_CONFIGS["tiny"], "projection_dims", [12, 24, 48, 96])
    narrow = replace(BACKBONES["ConvNeXtTiny"], features=96, detail_features=48)
    monkeypatch.setitem(BACKBONES, "ConvNeXtTiny", narrow)
    spare_compiler(monkeypatch)
    recipe = replace(SMALL, input=InputContract(SIDE_PX), backbone="ConvNeXtTiny", epochs=1)
    run = make_run(tmp_path, data, not_brain_mri, recipe, "random")
    taken, parity = export(run.folder, data, tmp_path / "convnext.tfliteA", 8)
    assert parity.holds(), taken
    result = load_classifier(tmp_path / "convnext.tfliteA").classify(draw_slice(Label.GLIOMA, 77), "slice.png")
    assert set(result.probabilities) == set(LABELS)
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert result.output.saliency is not None and result.output.saliency.shape == (2, 2, 4)
