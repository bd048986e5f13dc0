from pathlib import Path

import pytest

from brain_tumor.evaluation.report import render_report, write_report
from tests.evaluation.fakes import make_evaluation

FILES = {
    "evaluation.json",
    "predictions.csv",
    "gate_predictions.csv",
    "classification_report.txt",
    "report.html",
    "errors.png",
    *(
        f"{name}.{ending}"
        for name in ("confusion_matrix", "roc", "calibration", "risk_coverage")
        for ending in ("png", "svg")
    ),
}


def test_a_report_has_every_file_and_the_page_comes_last(tmp_path: Path) -> None:
    contents = render_report(make_evaluation(tmp_path))
    assert set(contents) == FILES
    assert list(contents)[-1] == "report.html"


def test_writing_replaces_old_files_leaves_others_and_nothing_unfinished(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"old")
    (folder / "mine.txt").write_bytes(b"mine")
    write_report({"a.txt": b"new", "b.txt": b"second"}, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.txt": b"new",
        "b.txt": b"second",
        "mine.txt": b"mine",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_program_that_is_killed_while_files_move_leaves_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "report"
    write_report({"a.txt": b"old", "b.txt": b"old"}, folder)
    move = Path.replace

    def end_before_the_second(path: Path, target: Path) -> Path:
        if path.name == "b.txt":
            raise KeyboardInterrupt
        return move(path, target)

    monkeypatch.setattr(Path, "replace", end_before_the_second)
    with pytest.raises(KeyboardInterrupt):
        write_report({"a.txt": b"new", "b.txt": b"new"}, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.txt": b"new"}


def test_a_write_that_fails_leaves_the_old_report_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "report"
    write_report({"a.txt": b"old", "b.txt": b"old"}, folder)
    write = Path.write_bytes

    def fail_on_the_second(path: Path, content: bytes) -> int:
        if path.name.startswith("b.txt"):
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fail_on_the_second)
    with pytest.raises(OSError, match="No space"):
        write_report({"a.txt": b"new", "b.txt": b"new"}, folder)
    assert (folder / "a.txt").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
