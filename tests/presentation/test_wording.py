from dataclasses import replace

import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesReason, SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.no_images import LINKED_FOLDERS, LeftOut
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.wording import (
    MAP_EXPLANATIONS,
    MAP_TITLES,
    describe_limits,
    describe_reason,
    explain,
    format_fraction,
    format_percent,
    headline,
    render_count,
    render_error_line,
    render_left_out,
    render_line,
    render_map_state,
    title_status,
    to_printable,
    to_valid_text,
)
from tests.factories import make_location, make_mapped_result, make_result, make_saliency


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "< 0.1 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (0.9996, "> 99.9 %"), (1.0, "> 99.9 %")],
)
def test_a_percentage_never_rounds_to_certainty(probability: float, text: str) -> None:
    assert format_percent(probability) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0 %"), (0.0004, "< 0.1 %"), (0.9996, "> 99.9 %"), (1.0, "100.0 %")]
)
def test_a_share_of_what_was_counted_may_be_none_or_all(share: float, text: str) -> None:
    assert format_fraction(share) == text


@pytest.mark.parametrize(
    ("status", "text", "of_series"),
    [
        (Status.CLASSIFIED, "Glioma", "Series: Glioma"),
        (Status.UNCERTAIN, "Perhaps Glioma", "Series: undecided"),
        (Status.NOT_A_BRAIN_MRI, "Not analysed", "Series: not analysed"),
    ],
)
def test_doubt_and_what_was_not_analysed_never_read_like_a_clean_answer(
    status: Status, text: str, of_series: str
) -> None:
    shares = dict.fromkeys(LABELS, 0.25)
    series = SeriesVerdict(Label.GLIOMA, status, SeriesReason.TUMOR_RUN, 3, shares, 3, 3, ())
    assert headline(Verdict(Label.GLIOMA, status, None)) == text
    assert headline(series) == of_series


def test_a_slice_that_could_not_be_read_has_a_headline() -> None:
    assert headline(None) == "Not read"


def test_a_classified_image_is_a_class_and_a_per_cent() -> None:
    assert render_line(make_result()) == "slice.png: Glioma 70.0 %"


def test_no_answer_claims_certainty() -> None:
    result = make_result(probabilities=(0.9997, 0.0001, 0.0001, 0.0001))
    assert render_line(result) == "slice.png: Glioma > 99.9 %"


def test_an_uncertain_image_says_why() -> None:
    result = make_result(Verdict(Label.GLIOMA, Status.UNCERTAIN, Reason.UNLIKELY))
    assert render_line(result) == "slice.png: Perhaps Glioma 70.0 % (needs a human look: no class is likely enough)"


def test_an_image_that_was_not_analysed_shows_no_per_cent() -> None:
    result = make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK))
    assert render_line(result) == "slice.png: Not analysed (the image is blank)"


def test_a_failed_file_says_error() -> None:
    assert render_error_line("slice.png", "the file is empty") == "slice.png: error: the file is empty"


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_title_and_an_explanation(status: Status) -> None:
    assert title_status(Verdict(Label.GLIOMA, status, None))
    assert explain(Verdict(Label.GLIOMA, status, None))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.TOO_SMALL, "too small"),
        (Reason.COLOUR, "a colour picture"),
        (Reason.NOT_A_BRAIN, "not a brain MRI"),
        (Reason.OTHER_MODALITY, "not a brain MRI"),
    ],
)
def test_a_status_says_what_kept_an_image_from_being_analysed(reason: Reason, said: str) -> None:
    assert title_status(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, reason)) == f"Not analysed - {said}"


def test_limits_and_explanations_name_the_classes_of_the_model() -> None:
    four = (Label("w", True), Label("x", True), Label("y", True), Label("z", False))
    assert "abscess" in describe_limits(LABELS)[0]
    assert "4 classes only" in describe_limits(four)[0]
    assert "final class is z by rule" in explain(Verdict(four[-1], Status.NOT_A_BRAIN_MRI, Reason.BLANK))


HEALTHY = Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None)
REJECTED = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)


@pytest.mark.parametrize("kind", MapKind)
def test_every_map_has_a_title_with_its_name_and_says_what_it_is_not(kind: MapKind) -> None:
    assert kind in MAP_TITLES[kind]
    assert MAP_EXPLANATIONS[kind].lower().startswith(f"{kind} shows ")
    assert " not " in MAP_EXPLANATIONS[kind]
    assert MAP_EXPLANATIONS[kind].count(".") == 1


@pytest.mark.parametrize(
    ("verdict", "peak", "said"),
    [
        (None, 0.75, "Location found: the map reaches 75.0 % at its strongest place."),
        (None, 0.25, "No location found."),
        (HEALTHY, 0.75, "No location: the class shown is No Tumor."),
        (REJECTED, 0.75, "No heat map: the image was not analysed."),
    ],
)
def test_whether_a_tumor_was_located_is_said_in_words(verdict: Verdict | None, peak: float, said: str) -> None:
    assert render_map_state(make_mapped_result(verdict, peak=peak)) == said


@pytest.mark.parametrize("verdict", [None, HEALTHY, REJECTED])
def test_a_model_without_maps_is_said_plainly(verdict: Verdict | None) -> None:
    assert render_map_state(make_result(verdict)) == "This model file has no heat maps."


def test_a_model_without_a_location_map_does_not_say_that_none_was_found() -> None:
    assert render_map_state(make_result(saliency=make_saliency())) == "This model file has no location map."


def test_a_model_without_a_saliency_map_still_says_whether_a_tumor_was_located() -> None:
    said = render_map_state(make_result(location=make_location(0.25)))
    assert said == "This model file has no saliency map. No location found."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\udc80", "\\udc80"),
        ("Schädel 脳.png", "Schädel 脳.png"),
    ],
)
def test_only_characters_that_a_terminal_might_obey_are_escaped(text: str, shown: str) -> None:
    assert to_printable(text) == shown


def test_a_line_names_the_slice_of_a_file_with_several() -> None:
    result = replace(make_result(name="scan.nii"), slice_number=12)
    assert render_line(result) == "scan.nii slice 12: Glioma 70.0 %"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 slices"), (1, "1 slice"), (2, "2 slices"), (1200, "1,200 slices")]
)
def test_a_count_has_its_plural_and_separates_thousands(number: int, words: str) -> None:
    assert render_count(number, "slice") == words


def test_what_a_search_left_out_stands_in_one_line_with_its_kinds() -> None:
    left_out = LeftOut()
    for name in ("a.json", "b.json", "c.tsv"):
        left_out.add(name)
    left_out.kinds[LINKED_FOLDERS] = 1
    assert render_left_out(left_out) == (
        "left out: 3 files, no images (2 .json, 1 .tsv); 1 linked folder, as a pattern's ** follows none"
    )


@pytest.mark.parametrize(("name", "shown"), [("Größe 1.png", "Größe 1.png"), ("a\udce9.png", r"a\udce9.png")])
def test_a_name_that_is_no_text_can_be_written_in_a_report(name: str, shown: str) -> None:
    assert to_valid_text(name) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("subject", "said"),
    [("brain MRI", "a brain MRI"), ("abdominal CT", "an abdominal CT"), ("MRI of the knee", "an MRI of the knee")],
)
def test_what_a_model_looks_at_is_named_in_every_sentence_that_speaks_of_it(subject: str, said: str) -> None:
    verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.NOT_A_BRAIN, subject=subject)
    assert title_status(verdict) == f"Not analysed - not {said}"
    assert describe_reason(verdict) == f"not analysed: the image does not look like {said}"
    assert f"did not pass the check for {subject}, so" in explain(verdict)
