import json

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.problems import Problem
from brain_tumor.tables.rows import COLUMNS, to_error_row, to_row
from brain_tumor.tables.serialize import from_cells, from_json_line, to_cells, to_json_line, to_rounded
from tests.factories import make_result


def test_a_json_object_has_the_columns_and_the_notice() -> None:
    assert list(json.loads(to_json_line(to_row(make_result())))) == [*COLUMNS, "notice"]


def test_the_notice_in_json_is_the_whole_notice() -> None:
    assert json.loads(to_json_line(to_row(make_result())))["notice"] == NOTICE


def test_json_probabilities_are_numbers_of_six_decimals() -> None:
    row = json.loads(to_json_line(to_row(make_result(probabilities=(2 / 3, 1 / 9, 1 / 9, 1 / 9)))))
    assert row["p_glioma"] == 0.666667


def test_what_is_absent_is_null_in_json() -> None:
    assert (
        json.loads(to_json_line(to_error_row("slice.png", ScanError("slice.png", Problem.EMPTY), "test-1")))["class"]
        is None
    )


def test_a_json_object_is_one_line_whatever_the_name() -> None:
    assert "\n" not in to_json_line(to_error_row("a\nb\x1b.png", ScanError("a\nb\x1b.png", Problem.EMPTY), "test-1"))


def test_a_row_comes_back_from_its_json() -> None:
    row = to_rounded(to_row(make_result(probabilities=(1 / 3, 1 / 3, 1 / 6, 1 / 6)), position_mm=1.25))
    assert from_json_line(to_json_line(row)) == row


@pytest.mark.parametrize("line", ["", '{"file": "a.p', "[1]", '{"file": "a.png"}'])
def test_a_line_that_is_no_row_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no row|Expecting|Unterminated"):
        from_json_line(line)


def test_a_row_comes_back_from_its_cells() -> None:
    row = to_rounded(to_row(make_result(), series="T1", position_mm=1.25)) | {"slice": 7}
    cells = {column: "" if cell is None else str(cell) for column, cell in to_cells(row).items()}
    assert from_cells(cells) == row


def test_a_series_name_is_no_formula_for_a_spreadsheet() -> None:
    assert to_cells(to_row(make_result(), series="=HYPERLINK(1)"))["series"] == "./=HYPERLINK(1)"
