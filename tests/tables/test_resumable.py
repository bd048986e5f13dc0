import json
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.problems import Problem
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import COLUMNS, Row, to_error_row, to_row
from brain_tumor.tables.serialize import to_rounded
from tests.factories import make_result

OPTIONS = {"model": "test-1", "plane": "axial"}
KINDS = pytest.mark.parametrize("kind", [CsvFile, JsonLinesFile])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


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


def interrupt(table: TableFile, *rows: Row) -> None:
    """Leave a part with these rows."""
    table.begin(OPTIONS, rows)
    table.__exit__(KeyboardInterrupt, None, None)


def make_row(name: str) -> Row:
    return to_row(make_result(name=name))


def names(table: TableFile) -> list[object]:
    return [row["file"] for row in table.read_rows(OPTIONS)]


def make_odd_row() -> Row:
    result = make_result(name='a,"b"\n\rc.png', probabilities=(1 / 3, 1 / 3, 1 / 6, 1 / 6))
    return to_rounded(to_row(result, series="=1+1", position_mm=-2.5) | {"slice": 12})


@KINDS
def test_a_row_is_read_as_it_was_written(kind: type[TableFile], tmp_path: Path) -> None:
    table = kind(tmp_path / "out")
    table.begin(OPTIONS)
    with table:
        table.write(row := make_odd_row() | {"series": "T1"})
        table.write(error := to_error_row("bad.png", ScanError("bad.png", Problem.EMPTY), "test-1"))
        if kind is CsvFile:  # people open it in a terminal
            row["file"] = 'a,"b"\\n\\rc.png'
        assert list(table.read_rows(OPTIONS)) == [row, error]


@KINDS
def test_a_row_is_on_disk_as_soon_as_it_is_written(kind: type[TableFile], tmp_path: Path) -> None:
    with kind(tmp_path / "out") as table:
        table.write(to_row(make_result()))
        assert "slice.png" in (tmp_path / "out.part").read_text()


@KINDS
def test_beside_a_whole_table_lies_how_it_was_made_and_the_notice(kind: type[TableFile], tmp_path: Path) -> None:
    table = kind(tmp_path / "out")
    table.begin(OPTIONS)
    with table:
        table.write(to_row(make_result()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.run.json"]
    assert "never for diagnosis" in json.loads((tmp_path / "out.run.json").read_text())["notice"]


@KINDS
def test_wherever_a_row_is_torn_the_rows_before_it_are_kept(kind: type[TableFile], tmp_path: Path) -> None:
    table = kind(tmp_path / "out")
    interrupt(table, make_row("a"), make_odd_row())
    torn = table.part.read_bytes()
    end_of_a = len(torn) - len(table._to_bytes(make_odd_row()))
    for length in range(end_of_a, len(torn)):
        table.part.write_bytes(torn[:length])
        assert names(table) == ["a"], torn[end_of_a:length]


@KINDS
def test_what_is_gone_on_with_ends_as_if_never_interrupted(kind: type[TableFile], tmp_path: Path) -> None:
    table = kind(tmp_path / "out")
    interrupt(table, make_row("a"), make_row("b"))
    table.part.write_bytes(table.part.read_bytes() + b"half a r")
    table.resume(OPTIONS)
    with table:
        table.write(make_row("c"))
        assert names(table) == ["a", "b", "c"]
    assert b"half" not in table.path.read_bytes()


@KINDS
def test_a_part_that_is_torn_in_its_first_line_starts_again(kind: type[TableFile], tmp_path: Path) -> None:
    interrupt(kind(tmp_path / "out"), make_row("a"))
    part = tmp_path / "out.part"
    part.write_bytes(part.read_bytes()[:5])
    table = kind(tmp_path / "out")
    table.resume(OPTIONS)
    with table:
        table.write(make_row("b"))
        assert names(table) == ["b"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"model": "test-1", "plane": "coronal"}, "was started with the plane axial, not coronal"),
        ({"model": "test-2", "plane": "axial"}, "was started with the model test-1, not test-2"),
    ],
)
def test_rows_of_other_options_are_refused(options: dict[str, str], complaint: str, table: Path) -> None:
    interrupt(CsvFile(table), make_row("a"))
    with pytest.raises(BrainTumorError, match=complaint):
        CsvFile(table).read_rows(options)
    with pytest.raises(BrainTumorError, match=complaint):
        CsvFile(table).resume(options)


def test_a_part_of_unknown_options_is_refused(table: Path) -> None:
    interrupt(CsvFile(table), make_row("a"))
    (table.parent / "out.csv.part.options").unlink()
    with pytest.raises(BrainTumorError, match="nothing says how its rows were made"):
        CsvFile(table).read_rows(OPTIONS)


@KINDS
def test_damage_before_the_last_row_is_no_half_row(kind: type[TableFile], tmp_path: Path) -> None:
    table = kind(tmp_path / "out")
    interrupt(table, make_row("a"), make_row("b"))
    table.part.write_bytes(table.part.read_bytes().replace(b"classified", b"cl\n", 1))
    with pytest.raises(BrainTumorError, match=r"out\.part: is damaged"):
        names(table)


def test_a_table_of_other_columns_is_not_gone_on_with(table: Path) -> None:
    interrupt(CsvFile(table), make_row("a"))
    part = table.parent / "out.csv.part"
    part.write_bytes(part.read_bytes().replace(b",elapsed_s", b"", 1))
    with pytest.raises(BrainTumorError, match="another version"):
        names(CsvFile(table))
