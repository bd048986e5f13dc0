"""What the training commands take for a number, and what they say of anything else."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import BrainTumorError, DatasetError
from brain_tumor_training.commands.arguments import (
    check_backend,
    count,
    folds,
    named_color,
    prefix_below,
    print_metrics,
    print_next,
    seed,
    stages,
    subject,
    weight,
)
from brain_tumor_training.recipes import Stage


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (count, "1", 1),
        (weight, "0.5", 0.5),
        (seed, "0", 0),
        (seed, "4294967295", 2**32 - 1),
        (folds, "0", (0,)),
        (folds, "4,0", (4, 0)),
        (stages, "224x6", (Stage(224, 6),)),
        (stages, "224x6,299x1", (Stage(224, 6), Stage(299, 1))),
        (subject, "brain MRI", "brain MRI"),
        (named_color, "a=b=#D55E00", ("a=b", "#D55E00")),
    ],
)
def test_what_is_taken(kind: Callable[[str], Any], text: str, expected: Any) -> None:
    assert kind(text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((count, text) for text in ("0", "-1", "1.5", "", "many")),
        *((named_color, text) for text in ("", "stroke", "stroke=", "=#D55E00")),
        *((weight, text) for text in ("0", "-1", "nan", "inf", "")),
        *((seed, text) for text in ("-1", "4294967296", "1e3")),
        *((folds, text) for text in ("", "1,1", "1,", "a")),
        *((stages, text) for text in ("", "224", "224x", "224x0", "0x6", "224x6x1", "224x6,", "axb")),
        *((subject, text) for text in ("", "a\nb", "a" * 1000)),
    ],
)
def test_anything_else_is_wrong_use(kind: Callable[[str], Any], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("value", type=kind)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--", text])
    assert caught.value.code == 2
    assert len(capsys.readouterr().err) < 500  # whatever a text is long


@pytest.mark.parametrize("name", ["tensorflow", "torch", None])
def test_backends_that_have_trained_pass(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if name:
        monkeypatch.setenv("KERAS_BACKEND", name)
    check_backend()


def test_another_backend_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(BrainTumorError, match=r"^KERAS_BACKEND=jax: .* leave it out for tensorflow"):
        check_backend()


def test_paths_of_an_index_become_paths_below_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prefix_below(Path("data/a/b/index.csv"), Path("data")) == "a/b/"
    assert prefix_below(Path("data/index.csv"), tmp_path / "data") == ""
    with pytest.raises(DatasetError, match="give the folder above all sources"):
        prefix_below(Path("other/index.csv"), Path("data"))


def test_the_next_command_can_be_pasted_into_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    print_next("brain-tumor", "evaluate", Path("my data"), "--model", "a.tfliteA")
    print_next("brain-tumor", first=False)
    assert capsys.readouterr().out == "next: brain-tumor evaluate 'my data' --model a.tfliteA\n      brain-tumor\n"


def test_metrics_end_with_recalls_on_a_line_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    values = {"accuracy": 0.9, "recall_glioma": 0.8, "precision_glioma": 0.7}
    print_metrics({"test": values, "validation": {"accuracy": 1}}, Path("run"), Path("data"))
    assert capsys.readouterr().out.splitlines() == [
        "test: accuracy 0.9000",
        "  recall: glioma 0.800",
        "validation: accuracy 1.0000",
        "written to run",
        "next: brain-tumor-train fit-decision run --data data",
    ]
