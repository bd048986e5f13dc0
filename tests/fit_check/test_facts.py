from dataclasses import replace

import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.fit_check.facts import Drawn, Score, find_rank, to_facts, to_quantiles, to_score, to_share
from brain_tumor.labels import Label
from tests.factories import make_output, make_result, make_rules
from tests.fit_check.archive import make_facts, make_scores


# As scipy.stats.binomtest(...).proportion_ci(0.95, "wilson").
@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (30, 200, 0.1071, 0.2061)],
)
def test_shares_have_wilsons_interval(hits: int, total: int, low: float, high: float) -> None:
    share = to_share(hits, total)
    assert (share.value, share.low, share.high) == pytest.approx((hits / total, low, high), abs=1e-4)


def test_of_no_images_a_share_may_be_anything() -> None:
    assert (to_share(0, 0).low, to_share(0, 0).high) == (0.0, 1.0)


def test_an_image_keeps_both_scores_and_its_status() -> None:
    verdict = Verdict(Label.GLIOMA, Status.UNCERTAIN, Reason.HARDLY_A_BRAIN)
    result = replace(make_result(verdict), output=make_output(gate_score=0.5, familiarity=-3.0))
    assert to_score(result) == Score(0.5, -3.0, Status.UNCERTAIN, Reason.HARDLY_A_BRAIN)


def test_each_image_is_answered_uncertain_or_rejected() -> None:
    facts = make_facts(make_scores(classified=5, rejected=2, unfamiliar=1, uncertain=2))
    assert (facts.answered.hits, facts.uncertain.hits, facts.rejected.hits) == (5, 3, 2)
    assert facts.images == 10


def test_unfamiliar_images_count_whatever_reason_comes_first() -> None:
    hardly = Score(0.5, -3.0, Status.UNCERTAIN, Reason.HARDLY_A_BRAIN)
    assert make_facts([hardly]).unfamiliar.hits == 1


def test_unfamiliar_images_that_are_rejected_count_as_rejected_only() -> None:
    facts = make_facts(make_scores(rejected=4))
    assert (facts.rejected.hits, facts.unfamiliar.hits, facts.uncertain.hits) == (4, 0, 0)


def test_blank_slices_are_left_out_of_every_figure() -> None:
    facts = make_facts(make_scores(classified=3, blank=7))
    assert (facts.empty, facts.images, facts.answered.value, facts.gate_score[0]) == (7, 3, 1.0, 5.0)
    assert facts.reasons == {}


def test_reasons_come_with_the_most_frequent_first() -> None:
    facts = make_facts(make_scores(rejected=2, unfamiliar=1, uncertain=4))
    assert list(facts.reasons.items()) == [
        (Reason.CLOSE_CALL, 4),
        (Reason.NOT_A_BRAIN, 2),
        (Reason.UNFAMILIAR, 1),
    ]


def test_quantiles_go_from_the_lowest_to_the_highest_value() -> None:
    assert to_quantiles([3.0, 1.0, 2.0])[::10] == (1.0, 2.0, 3.0)
    assert to_quantiles([]) == ()


@pytest.mark.parametrize(("value", "rank"), [(-1.0, 0.0), (0.0, 0.0), (2.5, 0.25), (5.0, 0.5), (11.0, 1.0)])
def test_a_rank_is_the_share_below(value: float, rank: float) -> None:
    assert find_rank(value, [step / 2 for step in range(21)]) == pytest.approx(rank)


def test_rules_without_familiarity_are_refused() -> None:
    with pytest.raises(ValueError, match="min_familiarity"):
        to_facts([], Drawn(0, 0, 0), make_rules())
