import json
from dataclasses import replace

import pytest

from brain_tumor.fit_check.facts import Score
from brain_tumor.fit_check.judgement import Departure, Fit, judge
from brain_tumor.fit_check.words import EXPLANATIONS, SHARES, TITLES, describe_next_step, render_json, render_text
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.presentation.wording import NOTICE
from tests.fit_check.archive import make_facts, make_reference, make_scores

REFERENCE = make_reference()


def text_of(scores: list[Score], unreadable: int = 0) -> str:
    facts = make_facts(scores, unreadable)
    return render_text(judge(facts, REFERENCE), facts, REFERENCE)


@pytest.mark.parametrize("fit", list(Fit))
def test_every_verdict_has_its_words(fit: Fit) -> None:
    assert TITLES[fit] and EXPLANATIONS[fit] and describe_next_step(fit, BRAIN_MRI)


def test_the_words_are_of_what_the_model_looks_at() -> None:
    knee = replace(REFERENCE, subject="knee MRI")
    facts = make_facts(make_scores(classified=100, rejected=60, gate_score=0.5))
    text = render_text(judge(facts, knee), facts, knee)
    assert "look less like a knee MRI than 95 %" in text
    assert "the image does not look like a knee MRI (60)" in text
    assert "brain" not in text.replace("brain-tumor ", "")
    assert "images of the kind knee MRI" in describe_next_step(Fit.DOES_NOT_FIT, "knee MRI")


@pytest.mark.parametrize("departure", list(Departure))
def test_every_departure_is_said(departure: Departure) -> None:
    scores = {
        Departure.REJECTED: make_scores(classified=140, rejected=60),
        Departure.UNFAMILIAR: make_scores(classified=140, unfamiliar=60),
        Departure.UNCERTAIN: make_scores(classified=100, uncertain=100),
        Departure.GATE_SCORE: make_scores(classified=200, gate_score=0.5),
        Departure.FAMILIARITY: make_scores(classified=200, familiarity=-1.9),
    }[departure]
    facts = make_facts(scores)
    assert departure in judge(facts, REFERENCE).departures
    words = {
        Departure.REJECTED: "More images than usual are not analysed.",
        Departure.UNFAMILIAR: "More images than usual are unlike the training images.",
        Departure.UNCERTAIN: "More answers than usual are uncertain.",
        Departure.GATE_SCORE: "Half of the images look less like a brain MRI than 95 % of the reference.",
        Departure.FAMILIARITY: "Half of the images are less familiar than 95 % of the reference.",
    }[departure]
    assert f"- {words}" in text_of(scores).splitlines()


def test_each_figure_stands_with_its_interval_beside_the_references() -> None:
    lines = text_of(make_scores(classified=170, rejected=30)).splitlines()
    assert any(
        line.startswith("The reference is made of validation images from every training source") for line in lines
    )
    (line,) = [line for line in lines if line.startswith("not analysed")]
    assert line.split("  ") and line.removeprefix("not analysed").split("   ")[-1].strip() == "2 %"
    assert "15 % [11 % to 21 %]" in line


def test_what_the_figures_rest_on_is_said() -> None:
    text = text_of(make_scores(classified=195, blank=2), unreadable=3)
    assert "195 images, from 200 of 2,000 files; 2 blank left out; 3 could not be read." in text


def test_reasons_are_counted_in_words() -> None:
    text = text_of(make_scores(classified=190, rejected=4, uncertain=6))
    expected = "two classes are too close to call (6); the image does not look like a brain MRI (4)."
    assert f"Not analysed or uncertain: {expected}" in text


def test_without_any_image_there_are_no_figures() -> None:
    text = text_of([], unreadable=2)
    assert text.startswith("Too few images to tell. At least 30 images")
    assert all(f"{name:33}-" in text for name in SHARES.values())


def test_json_holds_all_facts_in_the_same_shape_whatever_was_found() -> None:
    objects = []
    for scores in ([], make_scores(classified=140, rejected=30, unfamiliar=30)):
        facts = make_facts(scores, unreadable=1)
        objects.append(json.loads(render_json(judge(facts, REFERENCE), facts, REFERENCE, "test-1")))
    empty, full = objects
    assert empty.keys() == full.keys()
    assert (full["fit"], full["departures"]) == ("fits_in_part", ["rejected", "unfamiliar"])
    assert full["rejected"] == {"hits": 30, "total": 200, "value": 0.15, "low": 0.107136, "high": 0.206056}
    assert (full["images"], full["unreadable"], full["model_id"], full["notice"]) == (200, 1, "test-1", NOTICE)
    assert full["reasons"] == {"not_a_brain": 30, "unfamiliar": 30}
    assert len(full["gate_score"]) == len(full["reference"]["gate_score"]) == len(full["quantiles_at"]) == 21
    assert (empty["gate_score"], empty["rejected"]) == ([], {"hits": 0, "total": 0})
