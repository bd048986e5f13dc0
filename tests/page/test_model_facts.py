from dataclasses import replace
from typing import Any, Literal

import pytest

from page.model_facts import (
    accuracy_rows,
    describe_doubt,
    describe_gate,
    describe_model,
    describe_terms,
    gate_rows,
    source_rows,
    terms_rows,
)
from tests.scripted import CARD

PARTS: tuple[Literal["sources"], Literal["gate_sources"]] = ("sources", "gate_sources")
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


def test_images_that_a_card_names_beside_others_are_named_in_words_that_stand_alone() -> None:
    metrics = {"those of its images without a copy in training": {"accuracy": SHARE}}
    (row,) = accuracy_rows(replace(CARD, about={"metrics": metrics}))
    assert row["Test images"] == "official test images without a copy in training"


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
    strict = replace(card, rules=replace(rules, min_probability=0.9995))
    assert "under 99.950 %" in describe_doubt(strict)  # "under > 99.9 %" is no threshold


def test_figures_of_other_sources_are_shown_by_the_name_of_the_images() -> None:
    figures = {"model_id": "m-2", "tumors_called_a_tumor": SHARE, "others_surely_a_tumor": None}
    (row,) = source_rows(replace(CARD, about={"other_sources": {"never seen": figures}}))
    assert (row["Images"], row["Model"]) == ("never seen", "m-2")
    assert row["Tumors called a tumor"] == "95.7 % (94.0 to 97.0)"
    assert row["Slices without a tumor called one without doubt"] == "not measured"


@pytest.mark.parametrize("odd", [None, 5, "text", [1, 2], {"a": None, "b": [1], "c": {}}])
def test_what_a_card_of_one_s_own_holds_in_their_place_makes_no_rows(odd: Any) -> None:
    card = replace(
        CARD, about=dict.fromkeys(("metrics", "other_sources", "sources", "gate_sources", "gate_rates"), odd)
    )
    assert accuracy_rows(card) == gate_rows(card) == []
    assert {row["Images"] for row in source_rows(card)} <= {"c"}
    assert {row["Source"] for part in PARTS for row in terms_rows(card, part)} <= {"c"}


@pytest.mark.parametrize("part", PARTS)
def test_the_terms_of_the_file_and_of_each_source_are_the_card_s_own(part: Literal["sources", "gate_sources"]) -> None:
    sources = {"brats18-t1": {"shows": "glioma", "origin": "BraTS 2018", "terms": "research"}}
    card = replace(CARD, about={"licence": "CC-BY-NC-SA-4.0", part: sources})
    assert describe_terms(card) == "Terms of this model file: CC-BY-NC-SA-4.0."
    assert terms_rows(card, part) == [
        {"Source": "brats18-t1", "Shows": "glioma", "Origin": "BraTS 2018", "Terms": "research"}
    ]
