import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the training extra is not installed")

import keras

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import Label
from brain_tumor.model.model_file import ModelFile, pack_model_file, read_model_file
from brain_tumor_training.decision_file import Decision
from brain_tumor_training.examples import Example, read_examples, write_examples
from brain_tumor_training.exported import load_exported
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.finetuned_network import (
    FinetunedNetwork,
    build_finetuned,
    copy_weights,
    to_serving_network,
)
from brain_tumor_training.quantize import quantize_static
from brain_tumor_training.recipes import DYNAMIC_RANGE, FLOAT32, RECIPES, FinetuneRecipe, Stage
from brain_tumor_training.run_folder import describe_run, load_network, read_run, save_whole
from brain_tumor_training.serving import Serving, convert
from tests.factories import make_model_bytes, png_bytes
from tools.average_networks import average
from tools.reopen_model import reopen

pytestmark = pytest.mark.slow

SMALL_SIDE = FinetuneRecipe("finetuned", input=replace(FinetuneRecipe("finetuned").input, side_px=96))
GATE = Decision(
    temperature=1.0,
    min_probability=0.5,
    min_margin=0.1,
    max_chroma=0.1,
    gate_weights=(0.1,) * 4528,
    gate_bias=0.0,
    min_gate_score=0.0,
    min_location=None,
    min_sure_gate_score=0.0,
    min_familiarity=-9.0,
    min_no_tumor=None,
    min_tumor=None,
    coverage={},
    gate_rates={},
    reference={},
)
KNOWN = Familiarity(np.zeros(4528, np.float32), np.eye(4528, 2, dtype=np.float32), np.zeros((3, 2), np.float32))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Xception with random kernels and a batch normalisation that does something."""
    xception = keras.applications.Xception(include_top=False, pooling="max", weights=None, input_shape=(96, 96, 3))
    rng = np.random.default_rng(0)
    for layer in xception.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    path = tmp_path_factory.mktemp("xception") / "random.weights.h5"
    xception.save_weights(path)
    return str(path)


@pytest.fixture(scope="module")
def network(weights: str) -> FinetunedNetwork:
    return build_finetuned(SMALL_SIDE, weights, "float32")


@pytest.fixture(scope="module", params=["static int8"])
def model(request: pytest.FixtureRequest, network: FinetunedNetwork) -> ModelFile:
    serving = Serving(to_serving_network(SMALL_SIDE, network), GATE, KNOWN, SMALL_SIDE.input)
    static = request.param == "static int8"
    made = convert(serving, FLOAT32 if static else DYNAMIC_RANGE)
    if static:
        made = quantize_static(made, [np.random.default_rng(0).random((1, 96, 96, 3), np.float32)])
    return read_model_file(make_model_bytes(made), "small.tfliteA")


@pytest.mark.parametrize("model", ["static int8", "dynamic range"], indirect=True)
def test_every_kernel_comes_back_but_for_eight_bit_rounding(
    network: FinetunedNetwork, model: ModelFile, weights: str
) -> None:
    back = load_exported(model, SMALL_SIDE, weights, "float32")
    for part in ("xception", "head", "location_head"):
        pairs = zip(network.get_layer(part).get_weights(), back.get_layer(part).get_weights(), strict=True)
        # A kernel's largest value is 127 steps of its channel, so rounding is off by at most 1 / 254 of it.
        furthest = [np.abs(pair - other).max() / np.abs(pair).max() for pair, other in pairs if pair.any()]
        assert max(furthest) < 1 / 200


def test_weights_of_another_network_are_refused(model: ModelFile, xception_weights: Path) -> None:
    with pytest.raises(ModelFileError, match="block1_conv1 has another batch normalisation"):
        load_exported(model, SMALL_SIDE, str(xception_weights), "float32")


def pack(model: ModelFile, training: object, path: Path) -> Path:
    metrics = {"keras": {"validation": {"accuracy": 0.9}}, "official": {"accuracy": 0.8}}
    about = {**model.card.about, "training": json.loads(json.dumps(training)), "metrics": metrics}
    path.write_bytes(pack_model_file(model.flatbuffer, replace(model.card, about=about), model.golden_image))
    return path


def test_a_model_file_becomes_a_finished_run_again(model: ModelFile, weights: str, tmp_path: Path) -> None:
    examples = [Example("a.png", Label.GLIOMA, "a", "here", "train", (0.1, 0.1, 0.2, 0.2))]
    write_examples(examples, tmp_path / "list.csv")
    file = pack(model, {"recipe": asdict(SMALL_SIDE), "seed": 3}, tmp_path / "small.tfliteA")
    reopen(file, tmp_path / "list.csv", weights, tmp_path / "run")
    assert read_run(tmp_path / "run") == (SMALL_SIDE, 3)
    assert read_examples(tmp_path / "run" / "examples.csv") == examples
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == {"validation": {"accuracy": 0.9}}
    wanted = load_exported(model, SMALL_SIDE, weights, "float32")
    found = load_network(tmp_path / "run")
    for part in ("xception", "head", "location_head"):
        pairs = zip(wanted.get_layer(part).get_weights(), found.get_layer(part).get_weights(), strict=True)
        assert all((pair == other).all() for pair, other in pairs)


def test_a_run_and_the_file_it_started_from_become_a_run_of_their_mean(
    model: ModelFile, network: FinetunedNetwork, weights: str, tmp_path: Path
) -> None:
    recipe = replace(SMALL_SIDE, stages=(Stage(96, 1),))
    file = pack(model, {"recipe": asdict(recipe), "seed": 3}, tmp_path / "small.tfliteA")
    (tmp_path / "a.png").write_bytes(png_bytes())
    examples = [Example("a.png", Label.NO_TUMOR, "a", "here", "validation", None)]
    describe_run(tmp_path / "run", examples, json.loads(json.dumps({"recipe": asdict(recipe), "seed": 3})))
    other = build_finetuned(recipe, weights, "float32")
    copy_weights(to_serving_network(recipe, network), other)
    other.set_weights([value + 1 for value in other.get_weights()])
    save_whole(to_serving_network(recipe, other), tmp_path / "run" / "model.keras")
    average(tmp_path / "run", file, tmp_path, weights, tmp_path / "mean", share=0.25)
    start, mean = load_exported(model, recipe, weights, "float32"), load_network(tmp_path / "mean")
    for part in ("xception", "head", "location_head"):
        values = (keras_model.get_layer(part).get_weights() for keras_model in (start, other, mean))
        for first, last, found in zip(*values, strict=True):
            assert np.allclose(0.25 * first + 0.75 * last, found, atol=1e-6)
    assert read_run(tmp_path / "mean") == (recipe, 3)
    settings = json.loads((tmp_path / "mean" / "run.json").read_text(encoding="utf-8"))
    assert (settings["averaged_with"], settings["share_of_it"]) == (model.card.model_id, 0.25)
    metrics = json.loads((tmp_path / "mean" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["accuracy"] in (0.0, 1.0)  # of one image


def test_a_network_of_the_frozen_recipe_cannot_be_reopened(model: ModelFile, weights: str, tmp_path: Path) -> None:
    write_examples([Example("a.png", Label.GLIOMA, "a", "here", "train", None)], tmp_path / "list.csv")
    file = pack(model, {"recipe": asdict(RECIPES["baseline"]), "seed": 3}, tmp_path / "small.tfliteA")
    with pytest.raises(SystemExit, match="made by the recipe baseline; only fine-tuned"):
        reopen(file, tmp_path / "list.csv", weights, tmp_path / "run")
