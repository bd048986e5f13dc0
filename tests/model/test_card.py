import json
from dataclasses import replace

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import Label
from brain_tumor.model.card import CARD_VERSION, Card
from tests.factories import make_card, make_rules


def test_a_card_survives_json() -> None:
    card = make_card()
    assert Card.from_json(card.to_json(), "card") == card


def test_equal_cards_are_equal_text() -> None:
    assert make_card(outputs={"a": "1", "b": "2"}).to_json() == make_card(outputs={"b": "2", "a": "1"}).to_json()


def test_the_card_states_the_class_order_by_name() -> None:
    order = (Label.PITUITARY, Label.GLIOMA, Label.NO_TUMOR, Label.MENINGIOMA)
    stored = json.loads(make_card(rules=make_rules(order=order)).to_json())
    assert stored["rules"]["order"] == ["Pituitary", "Glioma", "No Tumor", "Meningioma"]


def test_another_version_is_refused_with_both_versions() -> None:
    text = make_card().to_json().replace(f'"format_version": {CARD_VERSION}', '"format_version": 99')
    with pytest.raises(ModelFileError, match=f"version 99, this program reads {CARD_VERSION}"):
        Card.from_json(text, "card")


@pytest.mark.parametrize("field", ["format_version", "rules", "golden", "input", "model_id", "about"])
def test_a_missing_field_is_an_error(field: str) -> None:
    fields = json.loads(make_card().to_json())
    del fields[field]
    with pytest.raises(ModelFileError, match="incomplete"):
        Card.from_json(json.dumps(fields), "card")


def test_an_unknown_class_is_an_error() -> None:
    with pytest.raises(ModelFileError, match="Sarcoma"):
        Card.from_json(make_card().to_json().replace("Pituitary", "Sarcoma"), "card")


def test_a_class_that_is_missing_or_named_twice_is_an_error() -> None:
    with pytest.raises(ModelFileError, match="each class is needed once"):
        Card.from_json(make_card().to_json().replace("Pituitary", "Glioma"), "card")


def test_a_threshold_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ModelFileError, match="high"):
        Card.from_json(make_card().to_json().replace('"min_margin": 0.1', '"min_margin": "high"'), "card")


def test_an_unknown_way_to_resize_is_an_error() -> None:
    with pytest.raises(ModelFileError, match="letterbox"):
        Card.from_json(make_card().to_json().replace("stretch-bilinear", "letterbox"), "card")


@pytest.mark.parametrize("text", ["", "[]", "null", '"card"', "{", "{}"])
def test_what_is_no_card_is_an_error(text: str) -> None:
    with pytest.raises(ModelFileError, match="incomplete"):
        Card.from_json(text, "card")


def test_a_card_without_a_location_limit_has_none() -> None:
    fields = json.loads(make_card().to_json())
    del fields["rules"]["min_location"]
    assert Card.from_json(json.dumps(fields), "card").rules.min_location is None


def test_a_location_limit_survives_json() -> None:
    card = make_card(rules=make_rules(min_location=0.25))
    assert Card.from_json(card.to_json(), "card").rules.min_location == 0.25


def test_another_threshold_cannot_be_left_open() -> None:
    with pytest.raises(ModelFileError, match="incomplete"):
        Card.from_json(make_card().to_json().replace('"min_margin": 0.1', '"min_margin": null'), "card")


def test_what_a_model_looks_at_is_stated_where_it_is_no_brain_mri() -> None:
    card = make_card()
    assert "subject" not in json.loads(card.to_json())["rules"]  # older releases would refuse it
    knee = replace(card, rules=replace(card.rules, subject="knee MRI"))
    assert Card.from_json(knee.to_json(), "knee.tfliteA").rules.subject == "knee MRI"


@pytest.mark.parametrize("subject", ["", "<b>knee</b>", 3])
def test_a_subject_that_is_no_plain_name_is_an_error(subject: object) -> None:
    fields = json.loads(make_card().to_json())
    fields["rules"]["subject"] = subject
    with pytest.raises(ModelFileError, match="no plain name"):
        Card.from_json(json.dumps(fields), "m.tfliteA")
