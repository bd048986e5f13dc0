"""The model file that this checkout ships: its card, and real images of every class through it."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from brain_tumor.classifier import Classifier, Result
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS, Label, label_from_name
from brain_tumor.model.model_file import ModelFile
from brain_tumor.presentation.wording import NOTICE

ROOT = Path(__file__).parents[1]
IMAGES_PER_CLASS = 10
MAX_FILE_BYTES = 25 * 10**6


@pytest.fixture(scope="module", params=list(LABELS))
def answered(request: pytest.FixtureRequest, classifier: Classifier) -> tuple[Label, list[Result]]:
    """A class, and the answers to images of it from the official test split, evenly spaced."""
    label: Label = request.param
    testing = Path(os.environ.get("BRAIN_TUMOR_DATA", "not set"), "brain-tumor-mri", "Testing")
    if not testing.is_dir():
        pytest.skip("set BRAIN_TUMOR_DATA to a folder that holds brain-tumor-mri/Testing to run this")
    folder = next(path for path in testing.iterdir() if label_from_name(path.name) is label)
    images = sorted(path for path in folder.iterdir() if path.is_file())
    chosen = [images[int(index)] for index in np.linspace(0, len(images) - 1, IMAGES_PER_CLASS)]
    return label, [classifier.classify(path.read_bytes(), path.name) for path in chosen]


@pytest.mark.slow
def test_real_images_of_a_class_are_called_by_its_name(answered: tuple[Label, list[Result]]) -> None:
    # The network's likeliest class, whatever the gate says: a class order that is wrong shows here.
    label, results = answered
    named = Counter(max(result.probabilities, key=result.probabilities.__getitem__) for result in results)
    assert named[label] > IMAGES_PER_CLASS / 2, named


@pytest.mark.slow
def test_real_images_of_a_class_end_in_it(answered: tuple[Label, list[Result]]) -> None:
    label, results = answered
    final = Counter(result.verdict.label for result in results)
    assert final[label] > IMAGES_PER_CLASS / 2, final


def test_classes_stand_in_alphabetical_order(model: ModelFile) -> None:
    assert list(model.card.rules.order) == ["Glioma", "Meningioma", "No Tumor", "Pituitary"]


def test_the_file_is_small_enough_to_pass_around(model_path: Path) -> None:
    assert model_path.stat().st_size < MAX_FILE_BYTES


def test_the_card_names_the_outputs_that_the_network_has(model: ModelFile) -> None:
    interpreter = Interpreter(model_content=model.flatbuffer)
    (signature,) = interpreter.get_signature_list().values()
    assert sorted(signature["outputs"]) == sorted(model.card.outputs)
    assert signature["inputs"] == ["image"]


def test_the_network_takes_the_input_that_the_card_states(model: ModelFile) -> None:
    (detail,) = Interpreter(model_content=model.flatbuffer).get_input_details()
    side = model.card.input.side_px
    assert (detail["shape"].tolist(), detail["dtype"]) == ([1, side, side, 3], np.float32)


def test_the_golden_input_gives_the_stored_answer(model: ModelFile, classifier: Classifier) -> None:
    golden = model.card.golden
    output = classifier._engine.run(to_tensor(read_scan(model.golden_image, golden.member), model.card.input))
    assert np.abs(output.probabilities - golden.probabilities).max() <= golden.tolerance


def test_the_card_tells_licence_notice_and_training_data(model: ModelFile) -> None:
    about = model.card.about
    assert (about["licence"], about["notice"]) == ("CC-BY-NC-SA-4.0", NOTICE)
    assert all(source["terms"] for source in about["sources"].values())
    assert len(about["training_data"]["sha256"]) == 64
    assert {f"train/{label.slug}" for label in LABELS} <= set(about["training_data"]["images"])


def test_the_notice_names_all_that_trained_the_file_with_its_terms(model: ModelFile) -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    trained = model.card.about["sources"]
    assert [source for source in trained.values() if f"- {source['origin']}: {source['terms']}\n" not in notice] == []
    gate = model.card.about["gate_sources"]
    lines = {name: f"- {name}; {source['origin']}: {source['terms']}\n" for name, source in gate.items()}
    assert [name for name, line in lines.items() if line not in notice] == []
    rates = model.card.about["gate_rates"]
    fitted = {family.removesuffix(", other lesions") for family, rate in rates.items() if rate["seen_in_fit"]}
    assert gate.keys() == fitted - trained.keys()


def test_the_file_was_compared_with_keras_on_enough_images(model: ModelFile) -> None:
    parity = model.card.about["parity"]
    assert parity["images"] >= 200
    assert parity["float_max_difference"] <= 0.001
    assert parity["same_class"] >= 0.99
    assert parity["mean_difference"] <= 0.01
