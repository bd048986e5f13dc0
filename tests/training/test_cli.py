import sys
from pathlib import Path

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.extras import install_command
from brain_tumor.version import package_version
from brain_tumor_training.cli import main
from tests.training.command_line import Capture, error_line, needs_keras


@pytest.mark.parametrize(
    "command",
    "split training-list finetune cross-validate fit-decision export card data compare-maps".split(),
)
def test_every_command_has_help(command: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert (end.value.code, capsys.readouterr().out.startswith("usage: ")) == (0, True)


TRAINING_LIST = "training-list --data d --index i --groups g --out o".split()
CROSS = "cross-validate --index i --data d --out o --not-brain-mri n".split()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["fit", "--data", "d", "--out", "o", "--epochs", "0"],
        ["fit", "--data", "d", "--out", "o", "--epochs", "ten"],
        ["fit", "--data", "d", "--out", "o", "--seed", "-1"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224x0"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224x6x1"],
        ["fit", "--data", "d", "--out", "o", "--allow-leaks-into", "train"],
        [*TRAINING_LIST, "--own-weight", "0"],
        [*TRAINING_LIST, "--own-weight", "nan"],
        [*CROSS, "--folds", "1,1"],
        [*CROSS, "--folds", "1,"],
        [*CROSS, "--folds", "one"],
        ["data"],
    ],
)
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


@needs_keras
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fit", "--data", "none", "--out", "run"], "none: no such folder; give the folder that holds Training/"),
        (["fit", "--data", ".", "--out", "run"], ".: has no folders; one per class is needed"),
        (["fit", "--data", ".", "--split", "none.csv", "--out", "run"], "none.csv: cannot be read"),
        (["split", "--index", "none.csv", "--hold-out-fold", "0", "--out", "s.csv"], "none.csv: cannot be read"),
        (["fit-decision", "none", "--data", ".", "--not-brain-mri", "."], "cannot be read"),
        (["fit-decision", ".", "--data", ".", "--not-brain-mri", "."], "cannot be read"),
    ],
)
def test_a_wrong_folder_is_status_2_and_one_line(
    arguments: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert complaint in error_line(capsys)


def test_what_is_not_installed_is_named_with_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "brain_tumor_training.train", None)
    monkeypatch.delattr("brain_tumor_training.train", raising=False)
    assert main(["fit", "--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert install_command("train") in error_line(capsys)


def test_an_interruption_is_status_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupt() -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("brain_tumor_training.dataset.fetch_public_set", interrupt)
    assert main(["data", "fetch"]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


def test_every_error_of_the_package_ends_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def refuse() -> Path:
        raise ModelFileError("damaged")

    monkeypatch.setattr("brain_tumor_training.dataset.fetch_public_set", refuse)
    assert main(["data", "fetch"]) == 2
    assert error_line(capsys) == "brain-tumor-train: damaged"


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"brain-tumor-train {package_version()}\n")


@pytest.mark.parametrize(
    "command", [["fit", "--data", "x", "--out", "y"], ["finetune", "--list", "x.csv", "--data", "x", "--out", "y"]]
)
def test_a_backend_that_nobody_has_trained_with_is_refused(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert main(command) == 2
    assert "KERAS_BACKEND=jax: training runs on tensorflow" in error_line(capsys)
