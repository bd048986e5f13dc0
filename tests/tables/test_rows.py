from dataclasses import replace
from importlib.metadata import version

import pytest

from brain_tumor.classifier import SliceOutcome
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Slice
from brain_tumor.labels import LABELS, Label
from brain_tumor.problems import Problem
from brain_tumor.tables.rows import (
    COLUMNS,
    LOCATION_COLUMNS,
    to_answered_row,
    to_error_row,
    to_row,
    to_rows,
)
from tests.factories import make_location, make_output, make_result, make_scan


def test_the_columns_and_their_order_are_kept_for_other_programs() -> None:
    assert ",".join(COLUMNS) == (
        "file,status,class,confidence,p_glioma,p_meningioma,p_no_tumor,p_pituitary,reason,model_id,"
        "location_x0,location_y0,location_x1,location_y1,location_score,"
        "slice,series,position_mm,gate_score,version,elapsed_s,reason_code,familiarity,answer,"
        "series_slice,file_bytes,file_modified,report,heatmaps,"
        "series_kind,series_description,series_number,protocol,sequence,series_volume,window,volume"
    )


def test_a_row_has_the_columns_in_their_order() -> None:
    assert tuple(to_row(make_result())) == COLUMNS


def test_an_error_row_has_the_columns_in_their_order() -> None:
    assert tuple(to_error_row("slice.png", ScanError("slice.png", Problem.EMPTY), "test-1")) == COLUMNS


def test_a_row_states_the_answer() -> None:
    row = to_row(make_result(name="a/slice.png"))
    assert (row["file"], row["status"], row["class"], row["reason"], row["model_id"]) == (
        "a/slice.png",
        "classified",
        "Glioma",
        None,
        "test-1",
    )


def test_each_probability_stands_in_its_column() -> None:
    row = to_row(make_result(probabilities=(0.1, 0.2, 0.3, 0.4)))
    assert [row[f"p_{label.slug}"] for label in LABELS] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_an_image_that_was_not_analysed_has_no_confidence_but_a_reason() -> None:
    row = to_row(make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)))
    assert (row["status"], row["confidence"], row["reason"]) == (
        "not_a_brain_mri",
        None,
        "not analysed: the image is blank",
    )


def test_an_error_row_has_a_reason_and_no_class() -> None:
    row = to_error_row("slice.png", ScanError("slice.png", Problem.EMPTY), "test-1")
    assert (row["status"], row["class"], row["reason_code"]) == ("error", None, "empty")


def test_the_reason_of_an_error_does_not_repeat_the_file() -> None:
    row = to_error_row("slice.png", ScanError("/data/slice.png", Problem.EMPTY), "test-1")
    assert row["reason"] == "the file is empty; export the image again"


def test_a_location_is_a_box_in_fractions_of_the_image_and_a_score() -> None:
    # The third and fourth of four columns, the second of four rows.
    row = to_row(make_result(location=make_location(0.75)))
    assert [row[column] for column in LOCATION_COLUMNS] == [0.5, 0.25, 1.0, 0.5, 0.75]


def test_a_row_has_the_reason_in_words_and_as_a_code() -> None:
    row = to_row(make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.TOO_SMALL, "9 x 5")))
    assert row["reason_code"] == "too_small"
    assert row["reason"] == "not analysed: the image is only 9 x 5 pixels, 64 a side are needed"
    assert to_row(make_result())["reason_code"] is None


def test_familiarity_is_the_second_gate_score_where_the_network_has_one() -> None:
    assert to_row(replace(make_result(), output=make_output(familiarity=-1.5)))["familiarity"] == -1.5
    assert to_row(make_result())["familiarity"] is None


def test_without_a_location_its_cells_are_empty() -> None:
    row = to_row(make_result(location=make_location(0.25)))
    assert [row[column] for column in LOCATION_COLUMNS] == [None] * 5


def make_answered(number: int | None = 3, error: ScanError | None = None) -> SliceOutcome:
    slice_ = Slice("scan.nii", number, make_scan, position_mm=-4.5)
    if error:
        return SliceOutcome(slice_, None, error, 0.25)
    result = replace(make_result(name="scan.nii"), slice_number=number, elapsed_s=0.25)
    return SliceOutcome(slice_, result, None, 0.25)


def test_a_slice_has_its_number_its_series_its_position_and_its_time() -> None:
    row = to_answered_row(make_answered(), "test-1", "T1 axial")
    assert [row[column] for column in ("file", "slice", "series", "position_mm", "elapsed_s")] == [
        "scan.nii",
        3,
        "T1 axial",
        -4.5,
        0.25,
    ]


def test_a_slice_that_was_not_read_has_them_too_and_a_reason_without_its_name() -> None:
    row = to_answered_row(make_answered(error=ScanError("scan.nii slice 3", Problem.EMPTY)), "test-1", "T1")
    assert [row[column] for column in ("slice", "series", "position_mm", "elapsed_s", "model_id")] == [
        3,
        "T1",
        -4.5,
        0.25,
        "test-1",
    ]
    assert (row["status"], row["reason"]) == ("error", "the file is empty; export the image again")


def test_the_gate_score_is_the_first_one() -> None:
    assert to_row(make_result())["gate_score"] == 1.0


def test_every_row_names_the_version_of_the_package() -> None:
    rows = (to_row(make_result()), to_error_row("a.png", ScanError("a.png", Problem.EMPTY), None))
    assert {row["version"] for row in rows} == {version("brain-tumor-mri")}


def test_rows_take_results_and_answered_slices() -> None:
    rows = list(
        to_rows(
            [make_result(name="a.png"), make_answered(), make_answered(error=ScanError("scan.nii", Problem.EMPTY))],
            "test-1",
        )
    )
    assert [(row["file"], row["status"]) for row in rows] == [
        ("a.png", "classified"),
        ("scan.nii", "classified"),
        ("scan.nii", "error"),
    ]
    assert all(tuple(row) == COLUMNS for row in rows)
