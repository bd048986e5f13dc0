from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.input.series import Slice
from brain_tumor.prediction.resume import DoneRows, FileStates, resume_tables
from brain_tumor.problems import Problem
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile
from brain_tumor.tables.parquet import ParquetFile
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import Row, to_error_row, to_row
from tests.factories import make_result, make_scan

OPTIONS = {"model": "test-1"}


def make_row(name: str) -> Row:
    return to_row(make_result(name=name))


def make_slice(name: str, number: int | None = None) -> Slice:
    return Slice(name, number, make_scan)


def take(done: DoneRows, names: str) -> str:
    """The letters whose rows are done."""
    return "".join(name for name in names if done.take(make_slice(name)))


@pytest.mark.parametrize(
    ("rows", "slices", "done", "left"),
    [
        ("", "abc", "", 0),
        ("ab", "abc", "ab", 0),
        ("ab", "ab", "ab", 0),
        ("ac", "abcd", "ac", 0),  # b was added
        ("abc", "acd", "ac", 1),  # b is gone
        ("ab", "ba", "ba", 0),
        ("ab", "cd", "", 2),
        ("a", "aa", "a", 0),
        ("aa", "aaa", "aa", 0),  # one file named several times
    ],
)
def test_each_row_is_given_out_once(rows: str, slices: str, done: str, left: int) -> None:
    done_rows = DoneRows(map(make_row, rows))
    assert (take(done_rows, slices), done_rows.count_left()) == (done, left)


def test_slices_of_a_file_are_distinguished() -> None:
    done = DoneRows([make_row("scan.nii") | {"slice": 1}])
    assert done.take(make_slice("scan.nii", 2)) is None
    assert done.take(make_slice("scan.nii", 1))


def test_rows_are_read_one_by_one_while_the_order_is_the_same() -> None:
    read = []

    def rows() -> Iterator[Row]:
        for name in "abcd":
            read.append(name)
            yield make_row(name)

    done = DoneRows(rows())
    done.take(make_slice("a"))
    done.take(make_slice("b"))
    assert read == ["a", "b"]


def leave(table: TableFile, rows: list[Row]) -> None:
    """A part with these rows, as an interruption leaves it."""
    table.begin(OPTIONS, rows)
    table.__exit__(KeyboardInterrupt, None, None)


def make_whole(table: TableFile, rows: list[Row]) -> None:
    """A table with these rows, as a run leaves it."""
    table.begin(OPTIONS, rows)
    with table:
        pass


@contextmanager
def gone_on_with(*tables: TableFile, found: Sequence[str] = ()) -> Iterator[DoneRows]:
    with ExitStack() as stack:
        for table in tables:
            stack.push(table)
        yield resume_tables(tables, OPTIONS, lambda: found)


def test_a_name_that_is_no_text_is_found_again(tmp_path: Path) -> None:
    leave(CsvFile(tmp_path / "out"), [to_error_row("\udcff.png", ScanError("\udcff.png", Problem.EMPTY), "test-1")])
    with gone_on_with(CsvFile(tmp_path / "out")) as done:
        assert done.take(make_slice("\udcff.png"))


@pytest.mark.parametrize(("csv", "jsonl", "parquet"), [("ab", "abc", "a"), ("abc", "ab", "ab"), ("a", "a", "abc")])
def test_the_table_with_the_most_rows_fills_the_others(csv: str, jsonl: str, parquet: str, tmp_path: Path) -> None:
    kinds: tuple[type[TableFile], ...] = (CsvFile, JsonLinesFile, ParquetFile)
    for kind, names in zip(kinds, (csv, jsonl, parquet), strict=True):
        leave(kind(tmp_path / kind.__name__), [*map(make_row, names)])
    tables = [kind(tmp_path / kind.__name__) for kind in kinds]
    with gone_on_with(*tables) as done:
        assert take(done, "abcd") == "abc"
        for table in tables:
            table.write(make_row("d"))
            assert [row["file"] for row in table.read_rows(OPTIONS)] == ["a", "b", "c", "d"]


def test_a_table_that_became_whole_before_the_other_is_written_again(tmp_path: Path) -> None:
    make_whole(CsvFile(tmp_path / "out.csv"), [make_row("a")])
    leave(JsonLinesFile(tmp_path / "out.jsonl"), [make_row("a")])
    tables = CsvFile(tmp_path / "out.csv"), JsonLinesFile(tmp_path / "out.jsonl")
    with gone_on_with(*tables) as done:
        assert take(done, "a") == "a"
        assert [row["file"] for row in tables[0].read_rows(OPTIONS)] == ["a"]


def test_without_a_part_everything_is_to_be_done(tmp_path: Path) -> None:
    with gone_on_with(CsvFile(tmp_path / "out.csv")) as done:
        assert take(done, "ab") == ""
    assert (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("kind", [CsvFile, JsonLinesFile, ParquetFile])
def test_a_whole_table_is_gone_on_with(kind: type[TableFile], tmp_path: Path) -> None:
    make_whole(kind(tmp_path / "out"), [make_row("a"), make_row("b")])
    table = kind(tmp_path / "out")
    with gone_on_with(table) as done:
        assert take(done, "abc") == "ab"
        table.write(make_row("c"))
    assert [row["file"] for row in kind(tmp_path / "out").read_rows(OPTIONS)] == ["a", "b", "c"]


def test_a_whole_table_that_says_nothing_of_its_making_is_refused(tmp_path: Path) -> None:
    make_whole(CsvFile(tmp_path / "out"), [make_row("a")])
    (tmp_path / "out.run.json").unlink()
    with pytest.raises(BrainTumorError, match="nothing says how its rows were made"):
        resume_tables([CsvFile(tmp_path / "out")], OPTIONS)


def test_a_file_that_has_changed_is_answered_again(tmp_path: Path) -> None:
    changed, kept, gone = (str(tmp_path / name) for name in ("changed.png", "kept.png", "gone.png"))
    for name in (changed, kept, gone):
        Path(name).write_bytes(b"old")
    states = FileStates()
    rows = [make_row(name) | states.to_cells(name) for name in (changed, kept, gone)]
    make_whole(CsvFile(tmp_path / "out"), rows)
    Path(changed).write_bytes(b"newer")
    Path(gone).unlink()
    with gone_on_with(CsvFile(tmp_path / "out"), found=[changed, kept]) as done:
        assert [bool(done.take(make_slice(name))) for name in (changed, kept)] == [False, True]
        assert done.count_left() == 1


def test_a_changed_file_that_is_not_asked_for_now_keeps_its_row(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"old")
    make_whole(CsvFile(tmp_path / "out"), [make_row(str(file)) | FileStates().to_cells(str(file))])
    file.write_bytes(b"newer")
    with gone_on_with(CsvFile(tmp_path / "out")) as done:
        assert done.count_left() == 1


def test_a_file_in_an_archive_has_the_state_of_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"four")
    assert FileStates().to_cells(f"{archive}/inner/x.png")["file_bytes"] == 4


def test_what_is_not_on_the_disk_has_no_state() -> None:
    assert FileStates().to_cells("nowhere.png") == {"file_bytes": None, "file_modified": None}


def test_rows_of_another_model_are_refused(tmp_path: Path) -> None:
    leave(CsvFile(tmp_path / "out.csv"), [make_row("a")])
    with pytest.raises(BrainTumorError, match="was started with the model test-1, not test-2"):
        resume_tables([CsvFile(tmp_path / "out.csv")], {"model": "test-2"})
