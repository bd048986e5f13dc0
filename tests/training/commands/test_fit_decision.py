import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brain_tumor_training.cli import main
from tests.training.command_line import Capture, error_line, needs_keras

pytestmark = needs_keras


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command has asked for; nothing is fitted."""
    calls: list[tuple[Any, ...]] = []

    def fit_decision(*arguments: Any) -> SimpleNamespace:
        calls.append(arguments)
        rate = {"brain_mri": False, "test_accepted": 1, "test_images": 12}
        rates = {"cloth": {**rate, "seen_in_fit": True}, "few": {**rate, "seen_in_fit": False}}
        rates["fence"] = {**rate, "seen_in_fit": False}
        return SimpleNamespace(temperature=1.25, min_probability=0.6, gate_rates=rates)

    monkeypatch.setitem(sys.modules, "brain_tumor_training.fit_decision", SimpleNamespace(fit_decision=fit_decision))
    monkeypatch.setattr(
        "brain_tumor_training.fit_decision", sys.modules["brain_tumor_training.fit_decision"], raising=False
    )
    return calls


def test_families_are_passed_on_and_what_the_gate_accepts_is_told(
    asked: list[tuple[Any, ...]], tmp_path: Path, capsys: Capture
) -> None:
    notes = tmp_path / "notes.csv"
    notes.write_text("path,seen\ncloth/a.png,a brain by MRI\n", encoding="utf-8")
    options = ["--not-brain-mri", "n", "--unseen", "fence", "--leave-out", str(notes), "--brain-mri", "b"]
    assert main(["fit-decision", "run", "--data", "d", *options]) == 0
    run, data, brains, negatives, unseen, cache, left_out, further, doubt = asked[0]
    assert (run, data, brains, negatives) == (Path("run"), Path("d"), [Path("b")], [Path("n")])
    assert (unseen, cache, further, doubt) == ({"fence"}, Path("run/features"), [], None)
    assert left_out is not None
    shown = capsys.readouterr().out
    assert "temperature 1.250, uncertain below 0.600" in shown
    assert "cloth (not brain MRI): 1 of 12 held-back images accepted" in shown
    assert "few (not brain MRI, too small to be fitted): 1 of 12" in shown
    assert "fence (not brain MRI, never fitted): 1 of 12" in shown
    assert "next: brain-tumor-train export run --data d --out mine.tfliteA" in shown


def test_without_other_pictures_the_gate_learns_from_drawn_ones_and_that_is_told(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("brain_tumor_training.run_folder.read_run", lambda run: None)
    monkeypatch.setattr("brain_tumor_training.drawn_negatives.write_drawn_negatives", lambda run: run / "not-brain-mri")
    assert main(["fit-decision", str(tmp_path), "--data", "d"]) == 0
    assert asked[0][3] == [tmp_path / "not-brain-mri"]
    assert "drawn pictures alone" in capsys.readouterr().out
    assert main(["fit-decision", str(tmp_path), "--data", "d", "--further", "index.csv"]) == 0
    assert (asked[1][3], asked[1][7]) == ([], [Path("index.csv")])
    assert "drawn pictures" not in capsys.readouterr().out


def test_where_no_training_has_been_nothing_is_drawn(tmp_path: Path, capsys: Capture) -> None:
    assert main(["fit-decision", str(tmp_path / "none"), "--data", str(tmp_path)]) == 2
    assert "holds no run; give the --out folder of brain-tumor-train fit" in error_line(capsys)
    assert not (tmp_path / "none").exists()
