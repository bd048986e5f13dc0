from dataclasses import replace

import pytest

from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, NOTICE
from page.model_facts import HOW_EVALUATED, OWN_MODEL, SHORTCUT, describe_figures
from tests.page.driver import all_markdown, open_page
from tests.scripted import ScriptedClassifier


def test_the_model_s_page_states_limits_and_the_notice(scripted: ScriptedClassifier) -> None:
    page = open_page("about")
    assert page.warning[0].value == NOTICE
    assert SHORTCUT in all_markdown(page)
    assert "holds no measured figures" in all_markdown(page)


def test_measured_figures_stand_in_tables_of_two_columns(scripted: ScriptedClassifier) -> None:
    accuracy = {"value": 0.9, "low": 0.85, "high": 0.95}
    gate_rates = {"faces": {"brain_mri": False, "test_accepted": 1, "test_images": 9, "seen_in_fit": True}}
    about = {"metrics": {"own test images": {"accuracy": accuracy}}, "gate_rates": gate_rates}
    scripted.card = replace(scripted.card, about=about)
    figures, gate = open_page("about").table
    assert list(figures.value.columns) == ["Measure", "own test images"]
    assert figures.value["own test images"].iloc[1] == "90.0 % (85.0 to 95.0)"
    assert list(gate.value["Passed"]) == ["1 of 9"]


def test_the_least_flattering_figures_stand_first(scripted: ScriptedClassifier) -> None:
    sets = {"easy": {"accuracy": {"value": 0.9}}, "hard": {"accuracy": {"value": 0.7}}, "unknown": "no figures"}
    scripted.card = replace(scripted.card, about={"metrics": sets})
    (figures,) = open_page("about").table
    assert list(figures.value.columns) == ["Measure", "hard", "easy"]


def test_a_model_of_one_s_own_is_not_spoken_of_as_the_one_that_comes_along(
    scripted: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.card = replace(scripted.card, about={"metrics": {"mine": {"accuracy": {"value": 0.9}}}})
    assert HOW_EVALUATED in all_markdown(open_page("about"))
    monkeypatch.setenv("BRAIN_TUMOR_MODEL", "mine.tfliteA")
    page = open_page("about")
    assert [info.value for info in page.info] == [OWN_MODEL]
    assert HOW_EVALUATED not in all_markdown(page)
    assert describe_figures(scripted.card) in all_markdown(page)


def test_markdown_in_a_card_is_shown_as_it_is(scripted: ScriptedClassifier) -> None:
    """A picture of another computer would tell that one who looks at the page."""
    trap = "![](http://example.org/a.png)"
    share = {"value": 0.9}
    scripted.card = replace(
        scripted.card,
        about={
            "licence": trap,
            "sources": {trap: {"shows": trap, "origin": trap, "terms": trap}},
            "metrics": {trap: {"accuracy": share, "model_id": trap}},
            "other_sources": {trap: {"tumors_called_a_tumor": share, "model_id": trap}},
            "gate_rates": {trap: {"brain_mri": 1, "test_accepted": 1, "test_images": 2, "seen_in_fit": 0}},
        },
    )
    page = open_page("about")
    shown = [all_markdown(page), *(table.value.to_csv() for table in page.table)]
    assert len(shown) == 4
    assert all("example" in text and trap not in text for text in shown)


def test_only_the_maps_that_a_model_computes_are_explained(scripted: ScriptedClassifier) -> None:
    assert "This model file has no heat maps." in all_markdown(open_page("about"))
    scripted.card = replace(scripted.card, outputs={"saliency": "why"})
    shown = all_markdown(open_page("about"))
    assert "This model file has no location map." in shown
    assert MAP_EXPLANATIONS[MapKind.SALIENCY] in shown and MAP_EXPLANATIONS[MapKind.LOCATION] not in shown


@pytest.mark.parametrize("name", ["about", "classify"])
def test_a_model_of_other_classes_is_described_without_those_of_this_project(
    scripted: ScriptedClassifier, name: str
) -> None:
    """Four of them, so that their number alone tells nothing."""
    others = tuple(Label(name, name != "healthy") for name in ("stroke", "abscess", "healthy", "cyst"))
    share = {"value": 0.9}
    about = {"metrics": {"mine": {"accuracy": share}}, "other_sources": {"theirs": {"tumors_called_a_tumor": share}}}
    scripted.card = replace(scripted.card, rules=replace(scripted.card.rules, order=others), about=about)
    page = open_page(name)
    shown = "\n".join([all_markdown(page), *(table.value.to_csv() for table in page.table)])
    assert "stroke" in shown
    assert [label for label in LABELS if label in shown] == []
    assert "many tumors are found" not in shown
    assert name == "classify" or "Findings that are healthy without doubt" in shown
