from dataclasses import replace

import pytest

from brain_tumor_training.hub_card import find_licence, render_hub_card
from tests.factories import make_card

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("not stated", "unknown"),
        ("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0"),
        ("CC BY 4.0", "cc-by-4.0"),
        ("MIT", "mit"),
        ("Apache License 2.0", "apache-2.0"),
        ("ask the hospital", "other"),
    ],
)
def test_a_licence_is_named_as_the_hub_does_and_never_made_up(text: str, licence: str) -> None:
    assert find_licence(text) == licence


def test_the_card_tells_what_the_file_tells() -> None:
    metrics = {"keras": {"test": {"accuracy": 0.9}}, "clinic's": {"accuracy": {"value": 0.8}}}
    parity = {"images": 36, "torn": 2, "same_class": 1.0, "same_class_interval": [0.9, 1.0]}
    about = {"licence": "MIT", "metrics": metrics, "parity": parity, "quantization": "float16"}
    text = render_hub_card(replace(make_card(), about=about), "mine.tfliteA")
    assert text.startswith("---\nlicense: mit\nlibrary_name: tflite\n")
    assert "dataset: {type: image-folder, name: 'clinic''s'}" in text
    assert "stored as float16: on 36 images 100.0% (90.0% to 100.0%)" in text
    assert "brain-tumor predict scans/ --model mine.tfliteA" in text


def test_what_nobody_measured_is_said() -> None:
    text = render_hub_card(replace(make_card(), about={}), "mine.tfliteA")
    assert "license: unknown" in text and "none measured" in text and "model-index" not in text


def test_a_model_of_another_organ_says_so() -> None:
    card = make_card()
    text = render_hub_card(replace(card, rules=replace(card.rules, subject="knee MRI"), about={}), "knee.tfliteA")
    assert "for a slice of a knee MRI" in text and "brain-mri" not in text


def test_no_share_is_told_of_no_clear_answers() -> None:
    parity = {"images": 8, "torn": 8, "same_class": 1.0, "same_class_interval": [0.0, 1.0]}
    text = render_hub_card(replace(make_card(), about={"parity": parity, "quantization": "float16"}), "mine.tfliteA")
    assert "on 8 images the Keras network gives no clear answer" in text and "100" not in text.partition("Figures")[2]
