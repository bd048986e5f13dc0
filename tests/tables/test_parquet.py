import json
import sys
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from brain_tumor.errors import BrainTumorError, MissingExtraError, ScanError
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.problems import Problem
from brain_tumor.tables import parquet
from brain_tumor.tables.parquet import ParquetFile
from brain_tumor.tables.rows import COLUMNS, to_error_row, to_row
from tests.factories import make_result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.parquet"


def write(path: Path, count: int) -> None:
    with ParquetFile(path) as table:
        for number in range(count):
            table.write(to_row(make_result(name=f"{number}.png"), position_mm=1.0) | {"slice": number})


def test_a_parquet_file_has_the_columns_with_their_types_and_the_notice(path: Path) -> None:
    write(path, 2)
    schema = pq.read_schema(path)
    assert tuple(schema.names) == COLUMNS
    types = [str(schema.field(column).type) for column in ("file", "slice", "p_glioma", "reason")]
    assert types == ["string", "int64", "double", "string"]
    assert schema.metadata[b"notice"].decode() == NOTICE


def test_rows_keep_their_order_over_row_groups(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    write(path, 5)
    assert pq.ParquetFile(path).num_row_groups == 3
    assert pq.read_table(path)["slice"].to_pylist() == [0, 1, 2, 3, 4]


def test_what_is_absent_is_null(path: Path) -> None:
    with ParquetFile(path) as table:
        table.write(to_error_row("bad.png", ScanError("bad.png", Problem.EMPTY), "test-1"))
    assert pq.read_table(path).to_pylist()[0]["confidence"] is None


def test_a_name_that_is_no_text_is_written_with_escapes(path: Path) -> None:
    with ParquetFile(path) as table:
        table.write(to_error_row("\udcff.png", ScanError("\udcff.png", Problem.EMPTY), "test-1"))
    assert pq.read_table(path)["file"].to_pylist() == ["\\udcff.png"]


def test_a_whole_parquet_file_leaves_nothing_beside_it(path: Path) -> None:
    write(path, 1)
    assert [item.name for item in path.parent.iterdir()] == ["out.parquet"]


def test_an_interruption_leaves_the_rows_as_json_lines(path: Path) -> None:
    table = ParquetFile(path)
    table.begin(rows=[to_row(make_result())])
    table.__exit__(KeyboardInterrupt, None, None)
    assert [item.name for item in path.parent.iterdir()] == ["out.parquet.part.jsonl"]
    assert json.loads((path.parent / "out.parquet.part.jsonl").read_text())["file"] == "slice.png"


def test_an_older_parquet_file_is_replaced(path: Path) -> None:
    write(path, 2)
    write(path, 1)
    assert pq.read_metadata(path).num_rows == 1


def test_a_scan_is_never_overwritten(path: Path) -> None:
    path.write_bytes(b"\x89PNG")
    with pytest.raises(BrainTumorError, match="holds something else"):
        ParquetFile(path)


def test_without_pyarrow_the_message_names_the_extra(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"\[pandas\]"):
        ParquetFile(path)
