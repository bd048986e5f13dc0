from datetime import datetime
from typing import Any

import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.model.card import Card
from brain_tumor.presentation.report.content import MAX_CHARS, describe_slice, describe_strip, to_content
from brain_tumor.presentation.report.subject import ReportSeries, to_report_image
from brain_tumor.version import package_version
from tests.factories import make_card, make_mapped_result, make_metrics, make_report_series, make_result

REJECTED = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
DOUBT = Verdict(Label.GLIOMA, Status.UNCERTAIN, Reason.UNLIKELY)


def measured(metrics: Any) -> Card:
    return make_card(about={"metrics": metrics})


def test_the_default_title_is_a_number() -> None:
    content = to_content(to_report_image(make_result(), 7), make_card())
    assert content.title == "Image 7"
    assert [term for term, _ in content.identity] == ["SHA-256 of the pixels, first digits"]


def test_a_name_that_was_asked_for_is_short_and_printable() -> None:
    name = "\u202e\x1b[31m" + "long/" * 100 + "end.png"
    identity = dict(to_content(to_report_image(make_result(name=name), 1, True), make_card()).identity)
    assert len(identity["File"]) <= MAX_CHARS
    assert identity["File"].startswith("\\u202e\\x1b[31mlong/") and identity["File"].endswith("end.png")


def test_a_classified_image_states_its_confidence() -> None:
    content = to_content(to_report_image(make_result(), 1), make_card())
    assert (content.answer, content.confidence, content.table_note) == (
        "Glioma",
        "Final class Glioma, confidence 70.0 %",
        "",
    )


def test_doubt_is_stated_with_its_reason() -> None:
    content = to_content(to_report_image(make_result(DOUBT), 1), make_card())
    assert content.status_title == "Uncertain - needs a human look"
    assert content.paragraphs[0].startswith("Needs a human look: no class is likely enough.")


def test_an_image_that_was_not_analysed_states_no_confidence() -> None:
    content = to_content(to_report_image(make_result(REJECTED), 1), make_card())
    assert content.confidence == "Final class No Tumor by rule, no confidence"
    assert content.table_note == "Not analysed: these numbers mean nothing here."
    assert not content.is_analysed


@pytest.mark.parametrize(
    ("verdict", "answer", "chosen"), [(DOUBT, "Perhaps Glioma", Label.GLIOMA), (REJECTED, "Not analysed", None)]
)
def test_doubt_and_what_was_not_analysed_never_read_like_a_clear_answer(
    verdict: Verdict, answer: str, chosen: Label | None
) -> None:
    content = to_content(to_report_image(make_result(verdict), 1), make_card())
    assert (content.answer, content.chosen) == (answer, chosen)


def test_an_undecided_series_names_no_class() -> None:
    content = to_content(make_report_series(9, tumors=[4]), make_card())
    assert (content.answer, content.chosen) == ("Series: undecided", None)


def test_every_map_that_is_shown_is_explained() -> None:
    notes = to_content(to_report_image(make_mapped_result(), 1), make_card()).map_notes
    assert [note.split()[0] for note in notes] == ["Saliency", "Location", "Location"]


def test_the_model_is_named_with_the_digest_of_its_network() -> None:
    card = make_card()
    assert dict(to_content(to_report_image(make_result(), 1), card).model)["SHA-256 of its network"] == (
        card.flatbuffer_sha256
    )


def test_an_evaluation_has_its_interval() -> None:
    (evaluation,) = to_content(to_report_image(make_result(), 1), measured(make_metrics())).evaluations
    assert (evaluation.images, evaluation.accuracy, evaluation.right) == (
        "set 1",
        "90.0 % (85.0 to 94.0)",
        "180 of 200",
    )


def test_an_evaluation_without_an_interval_is_shown_all_the_same() -> None:
    (evaluation,) = to_content(
        to_report_image(make_result(), 1), measured({"a": {"accuracy": {"value": 0.5}}})
    ).evaluations
    assert (evaluation.accuracy, evaluation.right, evaluation.uncertain) == ("50.0 %", "", "")


@pytest.mark.parametrize("metrics", [None, "good", {}, {"a": None}, {"a": {"accuracy": 0.5}}, {"a": {"accuracy": {}}}])
def test_a_card_without_figures_gives_no_evaluation(metrics: Any) -> None:
    assert to_content(to_report_image(make_result(), 1), measured(metrics)).evaluations == ()


def test_a_page_holds_four_evaluations() -> None:
    assert len(to_content(to_report_image(make_result(), 1), measured(make_metrics(9))).evaluations) == 4


def series() -> ReportSeries:
    return make_report_series(20, tumors=(10, 11, 12, 13, 14), unreadable=[1], number=3)


def test_a_series_says_how_its_answer_was_derived() -> None:
    content = to_content(series(), make_card())
    assert (content.title, content.answer, content.confidence) == (
        "Series 3",
        "Series: Glioma",
        "18 of 20 slices analysed",
    )
    assert content.paragraphs[0].startswith("5 neighbouring slices are called a tumor without doubt.")
    assert "at least 3 neighbouring slices" in content.paragraphs[1]


def test_a_series_table_has_shares_and_counts() -> None:
    table = dict(to_content(series(), make_card()).table)
    assert (table[Label.GLIOMA], table[Label.NO_TUMOR]) == ("27.8 % (5)", "72.2 % (13)")


def test_a_shown_slice_states_place_answer_and_gate_score() -> None:
    assert to_content(series(), make_card()).groups[0].caption == (
        "Slice 11 at 20.0 mm: Glioma, tumor 97.0 %, gate score 1.00"
    )


def test_the_strip_is_described_in_words() -> None:
    assert describe_strip(series(), make_card()) == (
        "The gate took 18 of 20 slices for brain MRI (a score of 0.00 is needed, "
        "found are 1.00 at slice 1 to 1.00 at slice 20; 1 could not be read)."
    )


def test_a_slice_is_described_whatever_became_of_it() -> None:
    rejected, unreadable, healthy = series().slices[:3]
    assert describe_slice(rejected) == ("1", "0.0 mm", "not analysed: the image is blank", "1.00")
    assert describe_slice(unreadable) == ("2", "2.0 mm", "Not read", "")
    assert describe_slice(healthy) == ("3", "4.0 mm", "No Tumor", "1.00")


def test_a_report_says_when_and_by_which_version_it_was_made() -> None:
    made = dict(to_content(to_report_image(make_result(), 1), make_card()).model)["Report made"]
    today = datetime.now().astimezone().date().isoformat()
    assert made.startswith(today) and made.endswith(f"brain-tumor-mri {package_version()}")
