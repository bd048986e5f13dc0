import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brain_tumor.labels import LABELS
from brain_tumor_training.cli import main
from brain_tumor_training.examples import read_examples
from brain_tumor_training.recipes import FINETUNE_RECIPES, Stage
from tests.training.command_line import Capture, build_list, error_line


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command finetune has asked for; nothing is trained."""
    calls: list[tuple[Any, ...]] = []

    def finetune(*arguments: Any) -> dict[str, dict[str, float]]:
        calls.append(arguments)
        return {"validation": {"accuracy": 0.5}}

    monkeypatch.setitem(sys.modules, "brain_tumor_training.finetune", SimpleNamespace(finetune=finetune))
    monkeypatch.setattr("brain_tumor_training.finetune", sys.modules["brain_tumor_training.finetune"], raising=False)
    return calls


def tune(tmp_path: Path, *options: str) -> int:
    common = ["--list", str(tmp_path / "list.csv"), "--data", str(tmp_path), "--out", str(tmp_path / "run")]
    return main(["finetune", *common, *options])


def test_finetune_passes_on_its_arguments(tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--stages", "96x2,128x1", "--seed", "3", "--weights", "w.h5", "--start", "before") == 0
    recipe = replace(FINETUNE_RECIPES["finetuned"], stages=(Stage(96, 2), Stage(128, 1)))
    rows = read_examples(tmp_path / "list.csv")
    given = (rows, tmp_path, recipe, "w.h5", tmp_path / "run", 3, Path("before"), None, None, 0, False)
    assert [(call[:11], call[11].size, call[12:]) for call in asked] == [(given, 1, (LABELS, "tensorboard"))]
    assert "validation: accuracy 0.5000\n" in capsys.readouterr().out


def test_finetune_can_feed_a_gpu(tmp_path: Path, asked: list[tuple[Any, ...]]) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--batch-size", "64", "--processes", "6") == 0
    recipe, processes = asked[0][2], asked[0][9]
    assert (recipe, processes) == (replace(FINETUNE_RECIPES["finetuned"], batch_size=64), 6)


def test_finetune_can_have_shorter_epochs(tmp_path: Path, asked: list[tuple[Any, ...]]) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--epoch-views", "500") == 0
    assert asked[0][2] == replace(FINETUNE_RECIPES["finetuned"], epoch_views=500)


def test_finetune_can_end_before_its_last_epoch(tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--stages", "96x2,128x1", "--stop-after", "2") == 0
    assert asked[0][8] == 2
    assert tune(tmp_path, "--stages", "96x2,128x1", "--stop-after", "4") == 2
    assert "the stages have 3 epochs" in error_line(capsys)


def test_a_leaking_list_is_refused_unless_copies_are_asked_for(
    tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture
) -> None:
    build_list(tmp_path)
    assert tune(tmp_path) == 2
    assert "--copies-in-test" in error_line(capsys)
    assert asked == []
    assert tune(tmp_path, "--copies-in-test") == 0
    assert len(asked) == 1


def test_help_shows_every_field_of_the_finetuned_recipe(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    shown = capsys.readouterr().out
    for name, value in asdict(FINETUNE_RECIPES["finetuned"]).items():
        assert f"{name} = {value}\n" in shown
