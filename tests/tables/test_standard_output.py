"""Tables on the standard output: the same bytes as in a file, each row at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile
from brain_tumor.tables.rows import to_row
from brain_tumor.tables.standard_output import CsvOutput, JsonLinesOutput, SeriesCsvOutput, StudyCsvOutput
from tests.factories import make_result

Capture = pytest.CaptureFixture[bytes]
ROW = to_row(make_result())


@pytest.mark.parametrize(
    ("output", "file"),
    [
        (CsvOutput, CsvFile),
        (lambda: CsvOutput(for_excel=True), lambda path: CsvFile(path, for_excel=True)),
        (JsonLinesOutput, JsonLinesFile),
    ],
)
def test_the_bytes_are_those_of_a_file(
    output: Callable[[], Any], file: Callable[[Path], Any], tmp_path: Path, capfdbinary: Capture
) -> None:
    for table in (output(), file(tmp_path / "table")):
        with table:
            table.write(ROW)
    assert capfdbinary.readouterr().out == (tmp_path / "table").read_bytes()


def test_a_row_is_shown_before_the_next_one_is_there(capfdbinary: Capture) -> None:
    with JsonLinesOutput() as table:
        for _ in range(2):
            table.write(ROW)
            assert json.loads(capfdbinary.readouterr().out)["class"] == "Glioma"


@pytest.mark.parametrize("output", [CsvOutput, JsonLinesOutput, SeriesCsvOutput, StudyCsvOutput])
def test_nothing_lies_on_a_disk_and_the_output_stays_open(output: Callable[[], Any], capfdbinary: Capture) -> None:
    with output() as table:
        assert table.paths == ()
    print("more", flush=True)
    assert capfdbinary.readouterr().out.endswith(b"more\n")


@pytest.mark.parametrize("output", [SeriesCsvOutput, StudyCsvOutput])
def test_tables_of_series_and_studies_have_columns_of_their_own(
    output: Callable[[], Any], capfdbinary: Capture
) -> None:
    with output():
        header = capfdbinary.readouterr().out.decode().splitlines()
    assert len(header) == 1 and "slices" in header[0].split(",") and "position_mm" not in header[0].split(",")
