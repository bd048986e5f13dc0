import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import MIN_RUN, Finding, SeriesReason, decide_series
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import LABELS, Label


def make_finding(
    label: Label = Label.NO_TUMOR,
    status: Status = Status.CLASSIFIED,
    position_mm: float | None = None,
    located: bool | None = None,
) -> Finding:
    probabilities = {item: 0.91 if item is label else 0.03 for item in LABELS}
    return Finding(Verdict(label, status, None), probabilities, position_mm, located)


HEALTHY = make_finding()
GLIOMA = make_finding(Label.GLIOMA)
PITUITARY = make_finding(Label.PITUITARY)
DOUBTED = make_finding(Label.GLIOMA, Status.UNCERTAIN)
REJECTED = make_finding(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI)


def test_healthy_slices_make_a_healthy_series() -> None:
    verdict = decide_series([HEALTHY] * 5)
    assert (verdict.label, verdict.status) == (Label.NO_TUMOR, Status.CLASSIFIED)
    assert (verdict.reason, verdict.counted) == (SeriesReason.NO_TUMOR_CALLED, 5)


def test_a_run_of_tumor_slices_names_the_series() -> None:
    verdict = decide_series([HEALTHY, *[GLIOMA] * MIN_RUN, HEALTHY])
    assert (verdict.label, verdict.status) == (Label.GLIOMA, Status.CLASSIFIED)
    assert (verdict.reason, verdict.counted) == (SeriesReason.TUMOR_RUN, MIN_RUN)


def test_scattered_tumor_slices_leave_no_tumor_with_doubt() -> None:
    verdict = decide_series([GLIOMA, HEALTHY, GLIOMA, HEALTHY, GLIOMA])
    assert (verdict.label, verdict.status) == (Label.NO_TUMOR, Status.UNCERTAIN)
    assert (verdict.reason, verdict.counted) == (SeriesReason.FEW_TOGETHER, 3)


@pytest.mark.parametrize("between", [None, DOUBTED, REJECTED])
def test_a_slice_without_a_sure_tumor_breaks_a_run(between: Finding | None) -> None:
    verdict = decide_series([GLIOMA, GLIOMA, between, GLIOMA])
    assert verdict.status is Status.UNCERTAIN


def test_the_class_of_a_run_is_the_one_with_the_highest_mean_probability() -> None:
    assert decide_series([GLIOMA, PITUITARY, PITUITARY]).label is Label.PITUITARY


@pytest.mark.parametrize(("spacing_mm", "status"), [(1.0, Status.UNCERTAIN), (4.0, Status.CLASSIFIED)])
def test_three_thin_slices_are_not_long_enough(spacing_mm: float, status: Status) -> None:
    findings = [make_finding(Label.GLIOMA, position_mm=index * spacing_mm) for index in range(3)]
    assert decide_series(findings).status is status


def test_mostly_doubted_slices_make_a_doubted_series() -> None:
    verdict = decide_series([DOUBTED, DOUBTED, HEALTHY])
    assert (verdict.status, verdict.reason, verdict.counted) == (Status.UNCERTAIN, SeriesReason.MANY_DOUBTFUL, 2)


def test_without_an_analysed_slice_the_series_is_not_analysed() -> None:
    verdict = decide_series([REJECTED, None])
    assert (verdict.label, verdict.status, verdict.analysed) == (Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, 0)
    assert verdict.reason is SeriesReason.NONE_ANALYSED


def test_shares_are_of_the_analysed_slices() -> None:
    verdict = decide_series([GLIOMA, HEALTHY, HEALTHY, HEALTHY, REJECTED, None])
    assert (verdict.shares[Label.GLIOMA], verdict.shares[Label.NO_TUMOR]) == (0.25, 0.75)
    assert (verdict.slices, verdict.analysed) == (6, 4)


def test_the_most_suspicious_slices_come_first_and_those_not_analysed_last() -> None:
    assert decide_series([REJECTED, HEALTHY, None, GLIOMA]).order == (3, 1, 0)


def test_a_series_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one slice"):
        decide_series([])


@pytest.mark.parametrize(("located", "status"), [(True, Status.CLASSIFIED), (False, Status.UNCERTAIN)])
def test_a_run_counts_only_where_the_tumor_is_located(located: bool, status: Status) -> None:
    assert decide_series([make_finding(Label.GLIOMA, located=located)] * MIN_RUN).status is status


def test_a_run_without_a_location_has_a_reason_of_its_own() -> None:
    verdict = decide_series([make_finding(Label.GLIOMA, located=False)] * 5)
    assert (verdict.reason, verdict.counted) == (SeriesReason.FEW_LOCATED, 5)


@pytest.mark.parametrize("rounded", [True, False])
def test_a_run_of_exactly_the_least_length_is_long_enough_however_it_is_rounded(rounded: bool) -> None:
    # An oblique stack: three slices, ten thirds of a millimetre apart along a slanted normal.
    positions = [0.1 + index * 10 / 3 for index in range(MIN_RUN)]
    findings = [
        make_finding(Label.GLIOMA, position_mm=round(position, 6) if rounded else position) for position in positions
    ]
    assert decide_series(findings).status is Status.CLASSIFIED


UNSURE = make_finding(Label.NO_TUMOR, Status.UNCERTAIN)


@pytest.mark.parametrize("others", [[REJECTED] * 24, [None] * 24])
def test_a_series_of_which_hardly_a_slice_was_analysed_is_uncertain(others: list[Finding | None]) -> None:
    verdict = decide_series([HEALTHY, *others])
    assert (verdict.label, verdict.status) == (Label.NO_TUMOR, Status.UNCERTAIN)
    assert (verdict.reason, verdict.counted) == (SeriesReason.FEW_ANALYSED, 1)


def test_a_third_of_the_slices_is_enough_to_be_analysed() -> None:
    assert decide_series([HEALTHY] * 5 + [REJECTED] * 10).status is Status.CLASSIFIED
    assert decide_series([HEALTHY] * 5 + [REJECTED] * 11).status is Status.UNCERTAIN


@pytest.mark.parametrize(("sure", "unsure"), [(0, 5), (2, 3), (3, 28)])
def test_too_few_sure_slices_leave_no_tumor_with_doubt(sure: int, unsure: int) -> None:
    verdict = decide_series([HEALTHY] * sure + [UNSURE] * unsure)
    assert (verdict.label, verdict.status) == (Label.NO_TUMOR, Status.UNCERTAIN)
    assert (verdict.reason, verdict.counted) == (SeriesReason.FEW_SURE, sure)


def test_a_tenth_of_sure_slices_is_enough() -> None:
    assert decide_series([HEALTHY] * 3 + [UNSURE] * 27).reason is SeriesReason.NO_TUMOR_CALLED


def test_equal_positions_say_nothing_and_do_not_make_a_tumor_impossible() -> None:
    findings = [make_finding(Label.GLIOMA, position_mm=7.0)] * 5
    assert decide_series(findings).label is Label.GLIOMA


@pytest.mark.parametrize(("spacing_mm", "status"), [(5.0, Status.UNCERTAIN), (6.0, Status.CLASSIFIED)])
def test_a_slab_is_no_head(spacing_mm: float, status: Status) -> None:
    verdict = decide_series([make_finding(position_mm=index * spacing_mm) for index in range(10)])
    assert verdict.status is status
    assert (verdict.reason is SeriesReason.LITTLE_COVERED) == (status is Status.UNCERTAIN)


def test_only_analysed_slices_cover_the_head() -> None:
    air = [make_finding(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, position_mm=100.0 + index) for index in range(5)]
    verdict = decide_series([*(make_finding(position_mm=5.0 * index) for index in range(10)), *air])
    assert (verdict.reason, verdict.counted) == (SeriesReason.LITTLE_COVERED, 50)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([Reason.FEW_GREYS] * 3, SeriesReason.MASKS),
        ([Reason.BLANK, Reason.BLANK, Reason.BLANK, Reason.LABEL_MAP, Reason.FEW_GREYS], SeriesReason.MASKS),
        ([Reason.FEW_GREYS, Reason.NOT_A_BRAIN, Reason.NOT_A_BRAIN], SeriesReason.NONE_ANALYSED),
        ([Reason.BLANK] * 3, SeriesReason.NONE_ANALYSED),
    ],
)
def test_a_series_of_masks_is_called_one(reasons: list[Reason], expected: SeriesReason) -> None:
    findings = [
        Finding(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, reason), HEALTHY.probabilities) for reason in reasons
    ]
    verdict = decide_series(findings)
    assert (verdict.status, verdict.reason) == (Status.NOT_A_BRAIN_MRI, expected)
