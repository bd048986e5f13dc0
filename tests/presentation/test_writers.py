import csv
import json
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.presentation.rows import COLUMNS, to_error_row, to_row
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.presentation.writers import CsvFile, to_json_line
from tests.factories import make_result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_a_csv_row_has_six_decimals_and_empty_cells_for_nothing(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_row(make_result(probabilities=(0.7, 0.1, 0.15, 0.05))))
    assert table.read_text().splitlines()[1] == (
        "slice.png,classified,Glioma,0.700000,0.700000,0.100000,0.150000,0.050000,,test-1,,,,,"
    )


def test_a_csv_without_rows_is_its_header(table: Path) -> None:
    with CsvFile(table):
        pass
    assert table.read_text() == ",".join(COLUMNS) + "\n"


def test_a_name_with_commas_quotes_and_line_breaks_is_one_cell(table: Path) -> None:
    name = 'a,b"c\nd.png'
    with CsvFile(table) as file:
        file.write(to_error_row(name, "empty", "test-1"))
    with table.open(newline="") as lines:
        assert [row["file"] for row in csv.DictReader(lines)] == [name]


def test_a_name_that_is_no_text_is_written_with_escapes(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_error_row("\udcff.png", "empty", "test-1"))
    assert "\\udcff.png" in table.read_text(encoding="utf-8")


def test_an_unfinished_csv_does_not_have_its_final_name(table: Path) -> None:
    with CsvFile(table):
        assert [path.name for path in table.parent.iterdir()] == ["out.csv.part"]


def test_a_csv_that_was_interrupted_keeps_its_part(table: Path) -> None:
    with pytest.raises(KeyboardInterrupt), CsvFile(table):
        raise KeyboardInterrupt
    assert [path.name for path in table.parent.iterdir()] == ["out.csv.part"]


def test_an_interruption_leaves_the_older_csv_as_it_was(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_row(make_result()))
    before = table.read_text()
    with pytest.raises(KeyboardInterrupt), CsvFile(table):
        raise KeyboardInterrupt
    assert table.read_text() == before


def test_an_older_csv_is_replaced(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_row(make_result()))
    with CsvFile(table):
        pass
    assert table.read_text() == ",".join(COLUMNS) + "\n"


def test_a_file_that_holds_something_else_is_never_replaced(table: Path) -> None:
    table.write_bytes(b"\x89PNG")
    with pytest.raises(BrainTumorError, match="holds something else"):
        CsvFile(table)
    assert table.read_bytes() == b"\x89PNG"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrainTumorError, match="not a file that can be written"):
        CsvFile(tmp_path)


def test_a_missing_folder_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(BrainTumorError, match=r"out\.csv: cannot be written \(No such file"):
        CsvFile(tmp_path / "none" / "out.csv").__enter__()


def test_a_json_object_has_the_columns_and_the_notice() -> None:
    assert list(json.loads(to_json_line(to_row(make_result())))) == [*COLUMNS, "notice"]


def test_the_notice_in_json_is_the_whole_notice() -> None:
    assert json.loads(to_json_line(to_row(make_result())))["notice"] == NOTICE


def test_json_probabilities_are_numbers_of_six_decimals() -> None:
    row = json.loads(to_json_line(to_row(make_result(probabilities=(2 / 3, 1 / 9, 1 / 9, 1 / 9)))))
    assert row["p_glioma"] == 0.666667


def test_what_is_absent_is_null_in_json() -> None:
    assert json.loads(to_json_line(to_error_row("slice.png", "empty", "test-1")))["class"] is None


def test_a_json_object_is_one_line_whatever_the_name() -> None:
    assert "\n" not in to_json_line(to_error_row("a\nb\x1b.png", "empty", "test-1"))
