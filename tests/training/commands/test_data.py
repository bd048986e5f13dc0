import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from brain_tumor_training.cli import main
from tests.training.command_line import Capture


def test_data_fetch_shows_source_and_licence_before_it_fails(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def download(handle: str) -> str:
        raise ConnectionError("unreachable")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    assert main(["data", "fetch"]) == 2
    shown = capsys.readouterr()
    assert "CC0" in shown.out
    assert shown.err.startswith("brain-tumor-train: kaggle.com: the download failed (ConnectionError: unreachable)")
    assert len(shown.err.splitlines()) == 1


def test_data_fetch_tells_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=lambda _: str(tmp_path)))
    assert main(["data", "fetch"]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith(f"downloaded to {tmp_path}\nnext: brain-tumor-train audit {tmp_path} --out audit\n")
