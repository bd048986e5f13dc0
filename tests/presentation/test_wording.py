import pytest

from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.wording import (
    EXPLANATIONS,
    TITLES,
    render_error_line,
    render_line,
    to_printable,
)
from tests.factories import make_result


def test_a_classified_image_is_a_class_and_a_per_cent() -> None:
    assert render_line(make_result()) == "slice.png: Glioma 70.0%"


def test_an_uncertain_image_says_why() -> None:
    result = make_result(Verdict(Label.GLIOMA, Status.UNCERTAIN, "needs a human look"))
    assert render_line(result) == "slice.png: Glioma 70.0% (needs a human look)"


def test_an_image_that_was_not_analysed_shows_no_per_cent() -> None:
    result = make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, "not analysed: the image is blank"))
    assert render_line(result) == "slice.png: No Tumor (not analysed: the image is blank)"


def test_a_failed_file_says_error() -> None:
    assert render_error_line("slice.png", "the file is empty") == "slice.png: error: the file is empty"


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_title_and_an_explanation(status: Status) -> None:
    assert TITLES[status]
    assert EXPLANATIONS[status]


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
