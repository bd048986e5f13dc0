import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brain_tumor_training.cli import main
from brain_tumor_training.parity import Parity
from tests.factories import make_model_bytes
from tests.training.command_line import Capture, error_line, needs_keras, needs_tensorflow


@needs_tensorflow
def test_a_folder_without_a_run_is_status_2_and_one_line(tmp_path: Path, capsys: Capture) -> None:
    assert main(["export", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "holds no run; give the --out folder of brain-tumor-train fit" in error_line(capsys)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command has asked for; nothing is converted, and a model file lies there afterwards."""
    calls: list[tuple[Any, ...]] = []

    def export(*arguments: Any) -> tuple[str, Parity]:
        calls.append(arguments)
        arguments[2].write_bytes(make_model_bytes())
        return "float16", Parity(40, 0.0, 3, 0.97, (0.86, 0.99), 0.004, 0.1, 0.9, 0.875, (-0.05, 0.0))

    monkeypatch.setitem(sys.modules, "brain_tumor_training.export", SimpleNamespace(export=export))
    monkeypatch.setattr("brain_tumor_training.export", sys.modules["brain_tumor_training.export"], raising=False)
    return calls


@needs_keras
def test_onnx_without_its_extra_is_refused_before_the_work(
    asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    assert main(["export", "run", "--data", "d", "--onnx", "m.onnx"]) == 2
    assert "--onnx needs tf2onnx" in error_line(capsys)
    assert asked == []


@needs_keras
def test_arguments_are_passed_on_and_the_comparison_is_told(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--quantization", "float16", "--parity-images", "40", "--licence", "CC0", "--subject", "knee MRI"]
    options += ["--color", "tear=#aa0000"]
    assert main(["export", "run", "--data", "d", "--out", "m.tfliteA", *options]) == 0
    assert asked == [
        (Path("run"), Path("d"), Path("m.tfliteA"), 40, ("float16",), "CC0", None, "knee MRI", {"tear": "#aa0000"})
    ]
    shown = capsys.readouterr().out
    assert "written as float16; compared with Keras on 40 images, on 3 of which it is torn" in shown
    assert "97.0% (86.0% to 99.0%) have the same class" in shown
    assert "accuracy on them: 90.0% before, 87.5% after" in shown
    assert f"BRAIN_TUMOR_MODEL={tmp_path / 'm.tfliteA'}" in shown


@needs_keras
def test_no_share_is_told_where_keras_is_torn_on_every_image(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    parity = Parity(40, 0.0, 40, 1.0, (0.0, 1.0), 0.004, 0.1, 0.9, 0.875, (-0.05, 0.0))
    write = sys.modules["brain_tumor_training.export"].export
    monkeypatch.setattr(sys.modules["brain_tumor_training.export"], "export", lambda *given: (write(*given)[0], parity))
    assert main(["export", "run", "--data", "d", "--out", "m.tfliteA"]) == 0
    shown = capsys.readouterr().out
    assert "on 40 of which it is torn\nbetween two classes, so no class is compared\n" in shown
    assert "100.0%" not in shown


@needs_keras
def test_a_card_for_hugging_face_is_written_where_it_is_asked_for(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["export", "run", "--data", "d", "--out", "m.tfliteA"]
    assert main(command) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.tfliteA"]
    assert main([*command, "--hub-card", "README.md"]) == 0
    assert "m.tfliteA" in Path("README.md").read_text(encoding="utf-8")
    assert len(asked) == 2


@pytest.mark.parametrize("option", [["--quantization", "int4"], ["--parity-images", "0"], ["--subject", "a\nb"]])
def test_a_way_that_there_is_not_is_wrong_use(option: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["export", "run", "--data", "d", *option])
    assert end.value.code == 2
