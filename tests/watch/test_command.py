import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.cli import main
from tests.mr_series import write_series
from tests.scripted import ScriptedClassifier
from tests.waiting import wait_until

Capture = pytest.CaptureFixture[str]
HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedClassifier:
    classifier = ScriptedClassifier()
    monkeypatch.setattr("brain_tumor.watch.command.load_classifier", lambda *_: classifier)
    return classifier


def put(name: str, slices: int = 3) -> None:
    """A task, whose task.json comes last."""
    write_series(Path("in") / name, [HEAD] * slices)
    (Path("in") / name / "task.json").write_text("{}")


def names() -> list[str]:
    return sorted(path.name for path in Path("out").iterdir())


def test_every_task_gets_a_folder_of_its_own(scripted: ScriptedClassifier, capsys: Capture) -> None:
    put("a")
    put("b")
    assert main(["watch", "in", "out", "--once"]) == 0
    assert names() == ["a", "b"]
    assert capsys.readouterr().out == "a: done\nb: done\n"
    assert len(scripted.calls) == 6


def test_a_task_that_is_done_is_not_answered_again(scripted: ScriptedClassifier) -> None:
    put("a")
    main(["watch", "in", "out", "--once"])
    put("b")
    main(["watch", "in", "out", "--once"])
    assert len(scripted.calls) == 6


def test_what_a_killed_run_left_is_replaced(scripted: ScriptedClassifier) -> None:
    put("a")
    Path("out/.a.part").mkdir(parents=True)
    Path("out/.a.part/SR.1.dcm").write_bytes(b"half")
    assert main(["watch", "in", "out", "--once"]) == 0
    assert names() == ["a"]
    assert "SR.1.dcm" not in [path.name for path in Path("out/a").iterdir()]


def test_a_folder_that_is_a_task_itself_is_answered_into_out(scripted: ScriptedClassifier) -> None:
    put("a")
    Path("out").mkdir()
    assert main(["watch", "in/a", "out"]) == 0
    assert "result.json" in names()


def test_a_failed_task_is_the_exit_status_and_keeps_no_other_from_its_result(
    scripted: ScriptedClassifier, capsys: Capture
) -> None:
    put("b")
    Path("in/a").mkdir()
    Path("in/a/task.json").write_text("{")
    assert main(["watch", "in", "out", "--once"]) == 1
    assert capsys.readouterr().out == "a: failed\nb: done\n"
    assert json.loads(Path("out/a/result.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("out", ["in", "in/results"])
def test_results_do_not_become_tasks(out: str, capsys: Capture) -> None:
    assert main(["watch", "in", out, "--once"]) == 2
    assert "name another one for the results" in capsys.readouterr().err


def test_a_missing_folder_is_said(capsys: Capture) -> None:
    assert main(["watch", "missing", "out"]) == 2
    assert "missing: is not a folder" in capsys.readouterr().err


@contextmanager
def watching() -> Iterator[subprocess.Popen[str]]:
    """The program, with the shipped network."""
    command = [sys.executable, "-m", "brain_tumor", "watch", "in", "out", "--interval", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def wait_for(condition: Callable[[], bool], program: subprocess.Popen[str]) -> None:
    def holds() -> bool:
        assert program.poll() is None, program.poll()
        return condition()

    wait_until(holds, timeout_s=200)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_tasks_are_answered_as_they_arrive_until_sigterm() -> None:
    with watching() as program:
        put("a")
        wait_for(Path("out/a/result.json").exists, program)
        put("b")
        wait_for(Path("out/b/result.json").exists, program)
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == 143
        assert program.stderr is not None and "terminated" in program.stderr.read()
    assert names() == ["a", "b"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_task_that_was_stopped_in_the_middle_is_whole_after_the_restart(how: signal.Signals) -> None:
    for number in range(20):  # series of their own, so that something is written before the end
        write_series(Path(f"in/a/{number}"), [HEAD] * 2, SeriesInstanceUID=f"1.2.{number}")
    Path("in/a/task.json").write_text("{}")
    part = Path("out/.a.part")
    with watching() as program:
        wait_for(lambda: part.is_dir() and any(part.iterdir()), program)
        program.send_signal(how)
        program.wait(timeout=60)
    assert not Path("out/a").exists()
    with watching() as program:
        wait_for(Path("out/a/result.json").exists, program)
    assert json.loads(Path("out/a/result.json").read_text())["dicom_files"] == 40
    assert len(list(Path("out/a").iterdir())) == 41
    assert names() == ["a"]
