"""The command's arguments, before anything listens."""

import sys
from pathlib import Path

import pytest

from brain_tumor.cli import main
from brain_tumor.output_lock import locked
from tests.dicom_node.test_settings import EXAMPLE


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "node.toml").write_text(EXAMPLE)
    for library in ("pynetdicom", "highdicom"):
        monkeypatch.setitem(sys.modules, library, None)
    assert main(["dicom-node", "--config", str(tmp_path / "node.toml")]) == 2
    assert "needs pynetdicom and highdicom: pip install" in capsys.readouterr().err


def test_a_folder_that_another_node_uses_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "queue"
    folder.mkdir()
    (tmp_path / "node.toml").write_text(EXAMPLE.replace("/var/lib/brain-tumor", folder.as_posix()))
    with locked([folder / "queue.sqlite"]):
        assert main(["dicom-node", "--config", str(tmp_path / "node.toml")]) == 2
    assert "is being written by process" in capsys.readouterr().err


def test_a_file_that_is_missing_is_an_error_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dicom-node", "--config", str(tmp_path / "node.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err
