from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict, decide
from brain_tumor.labels import Label
from tests.factories import make_output, make_rules, make_scan


def test_a_clear_answer_is_classified_without_a_reason() -> None:
    verdict = decide(make_scan(), make_output((0.1, 0.7, 0.1, 0.1)), make_rules())
    assert (verdict.label, verdict.status, verdict.reason) == (Label.MENINGIOMA, Status.CLASSIFIED, None)


def test_four_equal_probabilities_are_uncertain() -> None:
    verdict = decide(make_scan(), make_output((0.25, 0.25, 0.25, 0.25)), make_rules(min_probability=0.5))
    assert verdict.status is Status.UNCERTAIN


def test_two_close_probabilities_are_uncertain() -> None:
    rules = make_rules(min_probability=0.4, min_margin=0.1)
    verdict = decide(make_scan(), make_output((0.5, 0.45, 0.05, 0.0001)), rules)
    assert (verdict.status, verdict.reason) == (Status.UNCERTAIN, Reason.CLOSE_CALL)


def test_doubt_keeps_the_most_likely_class() -> None:
    verdict = decide(make_scan(), make_output((0.2, 0.2, 0.2, 0.4)), make_rules(min_probability=0.5))
    assert verdict.label is Label.PITUITARY


def test_a_probability_at_the_limit_is_enough() -> None:
    rules = make_rules(min_probability=0.5, min_margin=0.25)
    assert decide(make_scan(), make_output((0.5, 0.25, 0.125, 0.125)), rules).status is Status.CLASSIFIED


def test_the_class_follows_the_order_of_the_card() -> None:
    rules = make_rules(order=(Label.PITUITARY, Label.NO_TUMOR, Label.MENINGIOMA, Label.GLIOMA))
    assert decide(make_scan(), make_output((0.7, 0.1, 0.1, 0.1)), rules).label is Label.PITUITARY


def test_what_is_no_brain_mri_is_no_tumor_and_not_analysed() -> None:
    verdict = decide(make_scan(), make_output((0.97, 0.01, 0.01, 0.01), gate_score=-1.0), make_rules())
    assert (verdict.label, verdict.status) == (Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI)


@pytest.mark.parametrize(
    ("probabilities", "gate_scores", "reason"),
    [
        ((0.9, 0.1, 0.0, 0.0), (1.0, 0.0), None),
        ((0.9, 0.1, 0.0, 0.0), (0.4, 0.0), Reason.HARDLY_A_BRAIN),
        ((0.9, 0.1, 0.0, 0.0), (1.0, -3.5), Reason.UNFAMILIAR),
        ((0.5, 0.3, 0.1, 0.1), (1.0, 0.0), Reason.UNLIKELY),
        ((0.62, 0.38, 0.0, 0.0), (1.0, 0.0), Reason.CLOSE_CALL),
        ((0.1, 0.1, 0.8, 0.0), (1.0, 0.0), Reason.TUMOR_POSSIBLE),
        ((0.05, 0.05, 0.9, 0.0), (1.0, 0.0), None),
        # All tumors together are 0.85, then 0.95; which one it is may be open.
        ((0.75, 0.1, 0.15, 0.0), (1.0, 0.0), Reason.NO_TUMOR_POSSIBLE),
        ((0.65, 0.3, 0.05, 0.0), (1.0, 0.0), None),
        ((0.5, 0.3, 0.1, 0.1), (0.4, -3.5), Reason.HARDLY_A_BRAIN),
    ],
)
def test_the_first_reason_to_doubt_counts(
    probabilities: tuple[float, ...], gate_scores: tuple[float, ...], reason: Reason | None
) -> None:
    rules = make_rules(
        min_probability=0.6,
        min_margin=0.25,
        min_sure_gate_score=0.5,
        min_familiarity=-3.0,
        min_no_tumor=0.85,
        min_tumor=0.9,
    )
    scores, values = np.array(gate_scores, np.float32), np.array(probabilities, np.float32)
    output = replace(make_output(), probabilities=values, gate_scores=scores)
    verdict = decide(make_scan(), output, rules)
    assert verdict.reason is reason
    assert verdict.status is (Status.UNCERTAIN if reason else Status.CLASSIFIED)


def test_thresholds_that_the_card_lacks_doubt_nothing() -> None:
    output = make_output((0.1, 0.1, 0.7, 0.1), gate_score=0.0, familiarity=-99.0)
    assert decide(make_scan(), output, make_rules()).status is Status.CLASSIFIED


def test_a_network_of_one_gate_score_needs_no_familiarity() -> None:
    output = make_output((0.7, 0.1, 0.1, 0.1), gate_score=1.0)
    assert decide(make_scan(), output, make_rules(min_sure_gate_score=0.5)).status is Status.CLASSIFIED


def test_what_is_too_small_says_how_large_it_is() -> None:
    verdict = decide(make_scan(np.zeros((5, 9), np.float32)), make_output(), make_rules())
    assert (verdict.reason, verdict.found) == (Reason.TOO_SMALL, "9 x 5")


def test_what_is_no_brain_says_so() -> None:
    verdict = decide(make_scan(), make_output(gate_score=-1.0), make_rules())
    assert (verdict.reason, verdict.found) == (Reason.NOT_A_BRAIN, None)


@pytest.mark.parametrize("gate_score", [-1.0, 1.0])
def test_probabilities_stay_as_computed(gate_score: float) -> None:
    output = make_output((0.3, 0.3, 0.2, 0.2), gate_score=gate_score)
    before = output.probabilities.tolist()
    decide(make_scan(), output, make_rules())
    assert output.probabilities.tolist() == before


@pytest.mark.parametrize(
    ("label", "status", "names_tumor"),
    [
        (Label.PITUITARY, Status.CLASSIFIED, True),
        (Label.GLIOMA, Status.UNCERTAIN, True),
        (Label.NO_TUMOR, Status.CLASSIFIED, False),
        (Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, False),
    ],
)
def test_a_verdict_names_a_tumor_unless_it_is_no_tumor(label: Label, status: Status, names_tumor: bool) -> None:
    assert Verdict(label, status, None).names_tumor is names_tumor
