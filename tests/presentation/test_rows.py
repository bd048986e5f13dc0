import pytest

from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.rows import COLUMNS, LOCATION_COLUMNS, to_error_row, to_row
from tests.factories import make_location, make_result


def test_the_columns_and_their_order_are_kept_for_other_programs() -> None:
    assert ",".join(COLUMNS) == (
        "file,status,class,confidence,p_glioma,p_meningioma,p_no_tumor,p_pituitary,reason,model_id,"
        "location_x0,location_y0,location_x1,location_y1,location_score"
    )


def test_a_row_has_the_columns_in_their_order() -> None:
    assert tuple(to_row(make_result())) == COLUMNS


def test_an_error_row_has_the_columns_in_their_order() -> None:
    assert tuple(to_error_row("slice.png", "empty", "test-1")) == COLUMNS


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
    assert [row[f"p_{label.slug}"] for label in Label] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_an_image_that_was_not_analysed_has_no_confidence_but_a_reason() -> None:
    row = to_row(make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, "not analysed: blank")))
    assert (row["status"], row["confidence"], row["reason"]) == (
        "not_a_brain_mri",
        None,
        "not analysed: blank",
    )


def test_an_error_row_has_a_reason_and_no_class() -> None:
    row = to_error_row("slice.png", "the file is empty", "test-1")
    assert (row["status"], row["class"], row["reason"]) == ("error", None, "the file is empty")


def test_the_reason_of_an_error_does_not_repeat_the_file() -> None:
    assert to_error_row("slice.png", "slice.png: the file is empty", "test-1")["reason"] == "the file is empty"


def test_a_location_is_a_box_in_fractions_of_the_image_and_a_score() -> None:
    # The third and fourth of four columns, the second of four rows.
    row = to_row(make_result(location=make_location(0.75)))
    assert [row[column] for column in LOCATION_COLUMNS] == [0.5, 0.25, 1.0, 0.5, 0.75]


def test_without_a_location_its_cells_are_empty() -> None:
    row = to_row(make_result(location=make_location(0.25)))
    assert [row[column] for column in LOCATION_COLUMNS] == [None] * 5
