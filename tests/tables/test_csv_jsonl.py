import csv
import json
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.problems import Problem
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile, SeriesCsvFile
from brain_tumor.tables.rows import COLUMNS, Row, to_error_row, to_row
from brain_tumor.tables.series_rows import SERIES_COLUMNS
from tests.factories import make_result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_a_csv_row_has_six_decimals_and_empty_cells_for_nothing(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_row(make_result(probabilities=(0.7, 0.1, 0.15, 0.05))))
    assert (
        table.read_text()
        .splitlines()[1]
        .startswith(
            "slice.png,classified,Glioma,0.700000,0.700000,0.100000,0.150000,0.050000,,test-1,,,,,,,,,1.000000,"
        )
    )


def test_a_csv_without_rows_is_its_header(table: Path) -> None:
    with CsvFile(table):
        pass
    assert table.read_text() == ",".join(COLUMNS) + "\n"


def test_a_name_with_commas_quotes_and_line_breaks_is_one_cell(table: Path) -> None:
    name = 'a,b"c\nd.png'
    with CsvFile(table) as file:
        file.write(to_error_row(name, ScanError(name, Problem.EMPTY), "test-1"))
    with table.open(newline="") as lines:
        assert [row["file"] for row in csv.DictReader(lines)] == ['a,b"c\\nd.png']


def test_a_name_that_is_no_text_is_written_with_escapes(table: Path) -> None:
    with CsvFile(table) as file:
        file.write(to_error_row("\udcff.png", ScanError("\udcff.png", Problem.EMPTY), "test-1"))
    assert "\\udcff.png" in table.read_text(encoding="utf-8")


def make_row(name: str) -> Row:
    return to_row(make_result(name=name))


def test_json_lines_are_objects_of_the_columns_and_the_notice(tmp_path: Path) -> None:
    with JsonLinesFile(tmp_path / "out.jsonl") as file:
        file.write(make_row("a"))
        file.write(make_row("b"))
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == ["a", "b"]
    assert list(lines[0]) == [*COLUMNS, "notice"]


def test_a_csv_is_no_json_lines_file(table: Path) -> None:
    table.write_text("file,status\n")
    with pytest.raises(BrainTumorError, match="holds something else"):
        JsonLinesFile(table)


def test_slices_to_look_at_first_are_one_cell_of_the_series_table(table: Path) -> None:
    row = dict.fromkeys(SERIES_COLUMNS) | {"series": "T1", "most_suspicious": [12, 11]}
    with SeriesCsvFile(table) as file:
        file.write(row)
    with table.open(newline="") as lines:
        assert next(csv.DictReader(lines))["most_suspicious"] == "12; 11"
