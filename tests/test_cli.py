import json
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import brain_tumor
from brain_tumor.cli import main
from brain_tumor.extras import install_command
from brain_tumor.presentation.wording import NOTICE
from tests.csv_rows import read_rows
from tests.factories import make_model_bytes
from tests.scripted import ScriptedClassifier

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(good_and_bad_png: None) -> None:  # before the fixtures of a test, which write into that folder
    pass


def test_all_answered_is_status_0(capsys: Capture) -> None:
    assert main(["predict", "good.png"]) == 0
    assert capsys.readouterr().out.startswith("good.png: ")


def test_a_failed_file_is_status_1_and_the_rest_goes_on(capsys: Capture) -> None:
    assert main(["predict", "bad.png", "good.png"]) == 1
    bad, good = capsys.readouterr().out.splitlines()
    assert bad.startswith("bad.png: error: starts like PNG but is damaged")
    assert good.startswith("good.png: ")


@pytest.mark.parametrize(
    ("path", "why"), [("missing.png", "; there is no such file or folder"), ("*.jpg", ""), ("empty", "")]
)
def test_no_files_at_all_is_status_2(path: str, why: str, capsys: Capture) -> None:
    Path("empty").mkdir()
    assert main(["predict", path]) == 2
    assert capsys.readouterr().err == f"brain-tumor: no files found: {path}{why}\n"


def test_a_model_that_cannot_be_used_is_status_2(capsys: Capture) -> None:
    Path("cut.tfliteA").write_bytes(make_model_bytes()[:200])
    assert main(["predict", "good.png", "--model", "cut.tfliteA"]) == 2
    assert capsys.readouterr().err.startswith("brain-tumor: cut.tfliteA: has no sealed card")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["predict"],
        ["predict", "good.png", "--threads", "0"],
        ["predict", "--colour"],
        ["predict", "good.png", "--heatmap-strength", "1.5"],
        ["predict", "good.png", "--plane", "oblique"],
        ["predict", "good.png", "--window", "narrow"],
        ["predict", "good.png", "--heatmap-strength", "much"],
        ["predict", "good.png", "--csv", ""],
        ["predict", "good.png", "--series-csv", ".."],
        ["model"],
        ["guess"],
    ],
)
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_streams_that_are_closed_do_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    monkeypatch.setattr("sys.stdout", None)  # as Python finds them after `>&- 2>&-`
    monkeypatch.setattr("sys.stderr", None)
    assert main(["predict", "good.png", "--csv", "out.csv"]) == 0
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    assert [row["file"] for row in read_rows("out.csv")] == ["good.png"]


def test_a_file_name_cannot_steer_the_terminal(capsys: Capture) -> None:
    Path("\x1b[31m\n.png").write_bytes(b"")
    main(["predict", "*.png"])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert len(shown.out.splitlines()) == 3


def test_an_interruption_is_status_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupt(file: str) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("brain_tumor.input.files.open_file", interrupt)
    assert main(["predict", "good.png"]) == 130
    assert capsys.readouterr().err.endswith("brain-tumor: interrupted\n")


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    command = [sys.executable, "-c", "from brain_tumor.cli import main; raise SystemExit(main())"]
    program = subprocess.Popen(
        [*command, "predict", *["good.png"] * 3], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout
    assert program.stderr
    program.stdout.close()
    error = program.stderr.read()
    program.stderr.close()
    # Neither a traceback nor what LiteRT says of itself when it starts.
    assert (program.wait(), error) == (141, f"{NOTICE}\n")


def test_an_engine_that_is_not_installed_is_status_2(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert main(["predict", "good.png", "--engine", "openvino"]) == 2
    assert install_command("openvino") in capsys.readouterr().err


@pytest.mark.parametrize("command", [["predict", "good.png"], ["evaluate", ".", "--out", "report"]])
def test_an_unknown_engine_is_wrong_use_and_the_known_ones_are_named(command: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, "--engine", "onnx"])
    assert end.value.code == 2
    shown = capsys.readouterr().err
    assert all(engine in shown for engine in ("auto", "litert", "openvino"))


def test_model_info_shows_the_shipped_card(capsys: Capture) -> None:
    assert main(["model", "info"]) == 0
    assert "classes: Glioma, Meningioma, No Tumor, Pituitary" in capsys.readouterr().out


def test_model_info_as_json_is_the_card_as_stored(model_path: Path, capsys: Capture) -> None:
    assert main(["model", "info", str(model_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format_version"] == 1


def test_model_info_of_a_plain_file_is_status_2(capsys: Capture) -> None:
    assert main(["model", "info", "good.png"]) == 2
    assert "not a TensorFlow Lite file" in capsys.readouterr().err


def test_version_is_the_installed_one(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"brain-tumor {version('brain-tumor-mri')}\n")


def test_a_handler_of_sigterm_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    main(["predict", "missing.png"])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("command", [["predict"], ["check-fit"], ["evaluate"], ["model", "info"], []])
def test_help_starts_with_examples_and_has_the_exit_status(command: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    shown = capsys.readouterr().out
    assert shown.partition("Examples:")[2].count(f"  brain-tumor {' '.join(command)}".rstrip()) >= 2
    assert "Exit status: 0" in shown


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "brain_tumor", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == f"brain-tumor {brain_tumor.__version__}\n"
