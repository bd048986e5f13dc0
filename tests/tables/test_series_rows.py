import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Plane, Series, Slice
from brain_tumor.labels import LABELS, Label
from brain_tumor.problems import Problem
from brain_tumor.tables.rows import Row, to_error_row, to_row
from brain_tumor.tables.serialize import to_rounded
from brain_tumor.tables.series_rows import (
    MOST_SUSPICIOUS,
    SERIES_COLUMNS,
    render_series_line,
    to_finding,
    to_series_row,
)
from tests.factories import make_result, make_scan

TUMOR, HEALTHY = (0.9, 0.05, 0.03, 0.02), (0.02, 0.03, 0.93, 0.02)
NO_TUMOR = Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None)
REJECTED = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)


def make_series(slices: int, numbered: bool = True) -> Series:
    pieces = (
        Slice("scan.nii", n, make_scan) if numbered else Slice(f"in/IM{n}.dcm", None, make_scan)
        for n in range(1, slices + 1)
    )
    return Series("T1 axial", tuple(pieces), Plane.AXIAL)


def decide_rows(rows: list[Row]) -> SeriesVerdict:
    return decide_series([to_finding(row, LABELS, has_location=False) for row in rows])


def tumor_row(position_mm: float | None = None) -> Row:
    return to_rounded(to_row(make_result(probabilities=TUMOR), position_mm=position_mm))


def healthy_row() -> Row:
    return to_rounded(to_row(make_result(NO_TUMOR, probabilities=HEALTHY)))


def rejected_row() -> Row:
    return to_rounded(to_row(make_result(REJECTED, probabilities=TUMOR)))


def test_a_finding_says_what_the_row_says() -> None:
    finding = to_finding(tumor_row(position_mm=-3.5), LABELS, has_location=False)
    assert finding
    assert finding.verdict == Verdict(Label.GLIOMA, Status.CLASSIFIED, None)
    assert finding.probabilities == dict(zip(LABELS, TUMOR, strict=True))
    assert finding.position_mm == -3.5


def test_a_slice_that_was_not_read_has_no_finding() -> None:
    assert to_finding(to_error_row("a", ScanError("a", Problem.EMPTY), "test-1"), LABELS, has_location=True) is None


def test_a_series_row_states_the_answer_and_the_shares() -> None:
    rows = [healthy_row(), tumor_row(), tumor_row(), tumor_row(), rejected_row()]
    row = to_series_row(make_series(5), decide_rows(rows), "test-1")
    assert tuple(row) == SERIES_COLUMNS
    assert [row[column] for column in ("series", "status", "class", "share_glioma", "share_no_tumor")] == [
        "T1 axial",
        "classified",
        "Glioma",
        0.75,
        0.25,
    ]
    assert (row["analysed"], row["slices"], row["plane"], row["model_id"]) == (4, 5, "axial", "test-1")


def test_an_undecided_series_has_no_class() -> None:
    verdict = decide_rows([healthy_row()] * 8 + [tumor_row()])
    row = to_series_row(make_series(9), verdict, "test-1")
    assert (row["status"], row["class"], row["answer"]) == ("uncertain", None, "Series: undecided")


def test_a_series_that_was_not_analysed_is_no_tumor_by_rule() -> None:
    row = to_series_row(make_series(2), decide_rows([rejected_row()] * 2), "test-1")
    assert (row["status"], row["class"], row["answer"]) == ("not_a_brain_mri", "No Tumor", "Series: not analysed")


def test_slices_are_named_most_suspicious_first_without_those_not_analysed() -> None:
    rows = [healthy_row(), tumor_row(), rejected_row()]
    assert to_series_row(make_series(3), decide_rows(rows), "test-1")["most_suspicious"] == [2, 1]


def test_slices_that_are_files_are_counted_in_the_order_of_the_series() -> None:
    rows = [healthy_row(), tumor_row()]
    row = to_series_row(make_series(2, numbered=False), decide_rows(rows), "test-1")
    assert row["most_suspicious"] == [2, 1]


def test_only_a_few_slices_are_named() -> None:
    row = to_series_row(make_series(20), decide_rows([tumor_row()] * 20), "test-1")
    assert len(row["most_suspicious"]) == MOST_SUSPICIOUS


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (
            [healthy_row(), tumor_row(), tumor_row(), tumor_row()],
            "T1 axial: Series: Glioma (3 neighbouring slices are called a tumor without doubt); analysed 4 of 4; "
            "Glioma 75.0 %, No Tumor 25.0 %; most suspicious: 2, 3, 4, 1",
        ),
        (
            [rejected_row()] * 2,
            "T1 axial: Series: not analysed (no slice passed the check for brain MRI); analysed 0 of 2",
        ),
    ],
)
def test_a_line_says_what_a_person_asks_first(rows: list[Row], line: str) -> None:
    series = make_series(len(rows))
    assert render_series_line(to_series_row(series, decide_rows(rows), "test-1")) == line


@pytest.mark.parametrize(("score", "located"), [(0.8, True), (None, False)])
def test_a_slice_is_located_where_its_row_has_a_score(score: float | None, located: bool) -> None:
    finding = to_finding({**tumor_row(), "location_score": score}, LABELS, has_location=True)
    assert finding is not None
    assert finding.located is located
