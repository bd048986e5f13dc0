import pytest

from brain_tumor.fit_check.facts import Score
from brain_tumor.fit_check.judgement import MIN_IMAGES, Departure, Fit, Judgement, judge, median_rank
from tests.fit_check.archive import make_facts, make_reference, make_scores

REFERENCE = make_reference()  # 2 % rejected, 2 % unfamiliar, 18 % uncertain, 80 % answered


def judged(scores: list[Score]) -> Judgement:
    return judge(make_facts(scores), REFERENCE)


def test_an_archive_like_the_reference_fits() -> None:
    assert judged(make_scores(classified=160, rejected=4, unfamiliar=4, uncertain=32)) == Judgement(Fit.FITS, ())


@pytest.mark.parametrize("count", [0, MIN_IMAGES - 1])
def test_few_images_tell_nothing_whatever_they_are(count: int) -> None:
    assert judged(make_scores(rejected=count)) == Judgement(Fit.TOO_FEW_IMAGES, ())


def test_blank_images_do_not_count_as_images() -> None:
    assert judged(make_scores(classified=MIN_IMAGES - 1, blank=200)).fit is Fit.TOO_FEW_IMAGES
    assert judged(make_scores(classified=MIN_IMAGES, blank=200)).fit is Fit.FITS


def test_images_that_are_no_brain_mri_do_not_fit() -> None:
    judgement = judged(make_scores(rejected=200))
    assert judgement.fit is Fit.DOES_NOT_FIT
    assert judgement.departures == (Departure.REJECTED, Departure.GATE_SCORE, Departure.FAMILIARITY)


def test_an_archive_that_is_answered_less_than_half_as_often_does_not_fit() -> None:
    # 40 % is half of the reference's 80 %; the interval of 66 of 200 ends at 39.8 %, of 67 at 40.3 %.
    assert judged(make_scores(classified=66, uncertain=134)).fit is Fit.DOES_NOT_FIT
    assert judged(make_scores(classified=67, uncertain=133)).fit is Fit.FITS_IN_PART


@pytest.mark.parametrize(
    ("kind", "departure", "enough"),
    # Of 200, 21 may be 7.0 %, 22 are 7.4 % or more; 68 may be 27.8 %, 69 are 28.3 % or more.
    [
        ("rejected", Departure.REJECTED, 22),
        ("unfamiliar", Departure.UNFAMILIAR, 22),
        ("uncertain", Departure.UNCERTAIN, 69),
    ],
)
def test_a_share_is_higher_once_its_whole_interval_is(kind: str, departure: Departure, enough: int) -> None:
    below, above = (judged(make_scores(classified=200 - count, **{kind: count})) for count in (enough - 1, enough))
    assert below == Judgement(Fit.FITS, ())
    assert above == Judgement(Fit.FITS_IN_PART, (departure,))


def test_images_that_hardly_look_like_a_brain_fit_in_part_though_all_are_answered() -> None:
    assert judged(make_scores(classified=200, gate_score=1.1)).fit is Fit.FITS
    judgement = judged(make_scores(classified=200, gate_score=0.9))
    assert judgement == Judgement(Fit.FITS_IN_PART, (Departure.GATE_SCORE,))


def test_images_that_are_hardly_familiar_fit_in_part_though_all_are_answered() -> None:
    assert judged(make_scores(classified=200, familiarity=-1.7)).fit is Fit.FITS
    judgement = judged(make_scores(classified=200, familiarity=-1.9))
    assert judgement == Judgement(Fit.FITS_IN_PART, (Departure.FAMILIARITY,))


def test_more_familiar_images_than_the_references_fit() -> None:
    assert judged(make_scores(classified=200, gate_score=20.0, familiarity=0.0)).fit is Fit.FITS


def test_the_median_of_the_reference_has_half_of_it_below() -> None:
    assert median_rank(REFERENCE.gate_score, REFERENCE.gate_score) == 0.5
