from dataclasses import replace

from brain_tumor.presentation.about import render_about
from tests.scripted import CARD


def test_the_model_and_its_classes_are_named() -> None:
    first = render_about(CARD).splitlines()[0]
    assert first.startswith("- Model `scripted-1` of 2026-01-01:")
    assert first.endswith("Glioma, Meningioma, No Tumor, Pituitary.")


def test_every_measured_accuracy_is_shown_with_its_images() -> None:
    metrics = {"epochs": 10, "keras": {"test": {}}, "the official test split": {"accuracy": {"value": 0.957}}}
    text = render_about(replace(CARD, about={"metrics": metrics}))
    assert "- Accuracy on the official test split: 95.7%." in text
    assert text.count("Accuracy") == 1
