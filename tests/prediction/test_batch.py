import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from brain_tumor.classifier import Classifier
from brain_tumor.errors import ScanError
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Plane, Series, Slice
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from brain_tumor.problems import Problem
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile, SeriesCsvFile
from brain_tumor.tables.rows import Row
from tests.factories import make_scan
from tests.scripted import ScriptedClassifier

Capture = pytest.CaptureFixture[str]


def unreadable() -> Scan:
    raise ScanError("bad", Problem.EMPTY)


def make_series(name: str, slices: int, read: Callable[[], Scan] = make_scan) -> Series:
    if slices == 1:
        return Series(name, (Slice(name, None, read),))
    pieces = tuple(Slice(name, n + 1, read, float(5 * n)) for n in range(slices))
    return Series(f"{name} (T1)", pieces, Plane.AXIAL)


@dataclass
class Run:
    """A batch into files of a folder, with a classifier that needs no network."""

    folder: Path
    classifier: ScriptedClassifier = field(default_factory=ScriptedClassifier)

    def __call__(self, opened: Sequence[Series], done: Sequence[Row] = (), as_json: bool = False) -> Batch:
        tables = [CsvFile(self.folder / "out.csv"), JsonLinesFile(self.folder / "out.jsonl")]
        series_table = SeriesCsvFile(self.folder / "series.csv")
        progress = Progress(lambda: iter(()))
        batch = Batch(tables, series_table, None, None, DoneRows(done), progress, as_json)
        with tables[0], tables[1], series_table:
            batch.answer(self.classifier, opened)  # type: ignore[arg-type]
        return batch

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))

    def json_rows(self) -> list[Row]:
        return [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_every_slice_has_a_row_with_its_series(run: Run) -> None:
    run([make_series("a.png", 1), make_series("b.nii", 3), make_series("c.png", 1)])
    assert [(row["file"], row["slice"], row["series"], row["position_mm"]) for row in run.rows("out.csv")] == [
        ("a.png", "", "", ""),
        ("b.nii", "1", "b.nii (T1)", "0.000000"),
        ("b.nii", "2", "b.nii (T1)", "5.000000"),
        ("b.nii", "3", "b.nii (T1)", "10.000000"),
        ("c.png", "", "", ""),
    ]


def test_every_table_has_the_same_rows(run: Run) -> None:
    run([make_series("a.png", 1), make_series("b.nii", 3)])
    assert [row["file"] for row in run.json_rows()] == [row["file"] for row in run.rows("out.csv")]


def test_a_series_has_a_row_and_a_line_after_its_slices(run: Run, capsys: Capture) -> None:
    run([make_series("a.nii", 3), make_series("b.png", 1)])
    lines = [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["a.nii slice 1", "a.nii slice 2", "a.nii slice 3", "a.nii (T1)", "b.png"]
    assert [(row["series"], row["class"], row["share_glioma"]) for row in run.rows("series.csv")] == [
        ("a.nii (T1)", "Glioma", "1.000000")
    ]


def test_a_series_is_an_object_of_its_own_kind_in_json(run: Run, capsys: Capture) -> None:
    run([make_series("a.nii", 3)], as_json=True)
    *slices, series = map(json.loads, capsys.readouterr().out.splitlines())
    assert ["kind" in slice_ for slice_ in slices] == [False] * 3
    assert (series["kind"], series["class"], series["most_suspicious"]) == ("series", "Glioma", [1, 2, 3])
    assert "never for diagnosis" in series["notice"]


def test_a_series_that_cannot_be_read_is_answered_too(run: Run) -> None:
    batch = run([make_series("a.nii", 2, unreadable)])
    assert batch.failed == 2
    assert [(row["status"], row["analysed"], row["slices"]) for row in run.rows("series.csv")] == [
        ("not_a_brain_mri", "0", "2")
    ]


@pytest.mark.parametrize("answered", range(9))
def test_wherever_a_run_was_interrupted_the_tables_end_the_same(answered: int, tmp_path: Path) -> None:
    opened = [
        make_series("a.nii", 3),
        make_series("healthy.nii", 2),
        make_series("c.png", 1, unreadable),
        make_series("doubt.nii", 2),
    ]
    (tmp_path / "whole").mkdir()
    (tmp_path / "again").mkdir()
    whole, again = Run(tmp_path / "whole"), Run(tmp_path / "again")
    all_failed = whole(opened).failed
    done = whole.json_rows()[:answered]
    batch = again(opened, done)
    assert [*done, *again.json_rows()] == whole.json_rows()
    assert again.rows("series.csv") == whole.rows("series.csv")
    assert batch.failed == all_failed
    assert len(again.classifier.calls) == 8 - len(done)


def test_nothing_is_shown_twice(run: Run, capsys: Capture) -> None:
    opened = [make_series("a.nii", 3), make_series("b.nii", 3)]
    run(opened)
    done = run.json_rows()[:4]
    capsys.readouterr()
    run(opened, done)
    lines = [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["b.nii slice 2", "b.nii slice 3", "b.nii (T1)"]


def test_what_is_in_memory_does_not_grow_with_the_run(run: Run) -> None:
    batch = run([make_series(f"{n}.png", 1) for n in range(50)])
    assert (len(batch._open), len(batch._in_flight)) == (0, 0)


def test_the_network_and_reading_ahead_keep_the_order(tmp_path: Path, classifier: Classifier) -> None:
    run = Run(tmp_path, classifier)  # type: ignore[arg-type]
    run([make_series(f"{n}.png", 1 + n % 3) for n in range(6)])
    assert [row["file"] for row in run.rows("out.csv")] == [f"{n}.png" for n in range(6) for _ in range(1 + n % 3)]
