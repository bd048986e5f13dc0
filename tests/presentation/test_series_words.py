from collections.abc import Mapping

import pytest

from brain_tumor.decision.series import Finding, SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.series_words import SERIES_RULE, describe_strip, headline_series

EVEN: Mapping[Label, float] = dict.fromkeys(Label, 0.25)


@pytest.mark.parametrize(
    ("label", "status", "headline"),
    [
        (Label.GLIOMA, Status.CLASSIFIED, "Series: Glioma"),
        (Label.NO_TUMOR, Status.UNCERTAIN, "Series: undecided"),
        (Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, "Series: not analysed"),
    ],
)
def test_doubt_and_what_was_not_analysed_never_read_like_a_clean_series(
    label: Label, status: Status, headline: str
) -> None:
    assert headline_series(SeriesVerdict(label, status, "", EVEN, 1, 1, ())) == headline


def test_the_rule_is_stated_with_its_numbers() -> None:
    assert "at least 3 neighbouring slices" in SERIES_RULE
    assert "at least 10 mm" in SERIES_RULE


def test_a_strip_is_told_in_words() -> None:
    def finding(label: Label, status: Status) -> Finding:
        return Finding(Verdict(label, status, None), EVEN)

    doubt, off = finding(Label.GLIOMA, Status.UNCERTAIN), finding(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI)
    text = describe_strip([doubt, doubt, off, None])
    assert text.endswith("4 slices along their position: 2 perhaps Glioma, 1 not analysed, 1 not read")
