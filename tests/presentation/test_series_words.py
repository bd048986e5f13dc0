from collections.abc import Mapping
from dataclasses import replace

import pytest

from brain_tumor.decision.series import Finding, SeriesReason, SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.series_words import describe_series_reason, describe_series_rule, describe_strip

EVEN: Mapping[Label, float] = dict.fromkeys(LABELS, 0.25)


@pytest.mark.parametrize("reason", SeriesReason)
def test_every_reason_has_words_without_a_gap(reason: SeriesReason) -> None:
    words = describe_series_reason(SeriesVerdict(Label.NO_TUMOR, Status.UNCERTAIN, reason, 3, EVEN, 6, 5, ()))
    assert words and "{" not in words


def test_a_reason_states_how_many_slices_it_speaks_of() -> None:
    verdict = SeriesVerdict(Label.NO_TUMOR, Status.UNCERTAIN, SeriesReason.FEW_TOGETHER, 3, EVEN, 6, 5, ())
    assert describe_series_reason(verdict) == (
        "needs a human look: 3 of 5 slices are called a tumor, too few side by side"
    )


def test_the_rule_is_stated_with_its_numbers() -> None:
    rule = describe_series_rule(LABELS)
    assert "at least 3 neighbouring slices" in rule
    assert "at least 10 mm" in rule
    assert "too few that are No Tumor" in rule


def test_a_series_of_other_classes_is_described_in_its_own_words() -> None:
    healthy = Label("healthy", False)
    verdict = SeriesVerdict(healthy, Status.UNCERTAIN, SeriesReason.FEW_SURE, 1, {healthy: 1.0}, 6, 5, ())
    assert describe_series_reason(verdict) == "needs a human look: 1 of 5 slices is healthy without doubt, too few"
    assert not any("tumor" in describe_series_reason(replace(verdict, reason=reason)) for reason in SeriesReason)
    rule = describe_series_rule((healthy, Label("stroke", True)))
    assert "too few that are healthy" in rule
    assert "each name a finding without doubt" in rule


def test_a_strip_is_described_in_words() -> None:
    def finding(label: Label, status: Status) -> Finding:
        return Finding(Verdict(label, status, None), EVEN)

    doubt, off = finding(Label.GLIOMA, Status.UNCERTAIN), finding(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI)
    text = describe_strip([doubt, doubt, off, None])
    assert text.endswith("4 slices along their position: 2 Perhaps Glioma, 1 Not analysed, 1 Not read")
