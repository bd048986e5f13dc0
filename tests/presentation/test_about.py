from dataclasses import replace

from brain_tumor.presentation.about import accuracy_rows, describe_doubt, describe_gate, describe_model, gate_rows
from tests.scripted import CARD

SHARE = {"value": 0.957, "low": 0.94, "high": 0.97}


def test_the_model_and_its_classes_are_named() -> None:
    text = describe_model(CARD)
    assert text.startswith("Model `scripted-1` of 2026-01-01:")
    assert text.endswith("Glioma, Meningioma, No Tumor, Pituitary.")


def test_every_measured_accuracy_is_shown_with_its_images_and_its_interval() -> None:
    metrics = {"epochs": 10, "keras": {"test": {}}, "the official test split": {"accuracy": SHARE, "model_id": "m-1"}}
    (row,) = accuracy_rows(replace(CARD, about={"metrics": metrics}))
    assert (row["Test images"], row["Model"]) == ("the official test split", "m-1")
    assert row["Accuracy"] == "95.7 % (94.0 to 97.0)"


def test_what_was_not_measured_says_so() -> None:
    (row,) = accuracy_rows(replace(CARD, about={"metrics": {"some images": {"accuracy": {"value": 0.5}}}}))
    assert (row["Accuracy"], row["Uncertain"], row["Found: Glioma"]) == ("50.0 %", "not measured", "not measured")


def test_a_card_without_figures_has_no_rows() -> None:
    assert accuracy_rows(CARD) == []
    assert gate_rows(CARD) == []


def test_pictures_that_pass_the_gate_are_counted_by_their_source() -> None:
    rates = {"body-ct": {"brain_mri": False, "seen_in_fit": True, "test_accepted": 1, "test_images": 100}, "odd": 3}
    (row,) = gate_rows(replace(CARD, about={"gate_rates": rates}))
    assert (row["Pictures"], row["Are brain MRI"], row["Passed"]) == ("body ct", "no", "1 of 100")


def test_thresholds_are_the_card_s_own() -> None:
    rules = replace(CARD.rules, min_gate_score=1.25, min_probability=0.6, min_margin=0.3)
    card = replace(CARD, rules=rules)
    assert "under 1.25" in describe_gate(card)
    assert "under 60.0 %" in describe_doubt(card)
    assert "30.0 %" in describe_doubt(card)
