"""The benchmark of README's training list: what it picks, adds up and shows."""

from pathlib import Path

import pytest

from benchmarks.own_model import add_up, copy_images, own_commands, pick, render, run
from brain_tumor.evaluation.labelled import find_labelled
from tests.evaluation.fakes import fill

STEPS = [
    {"step": "fit", "seconds": 30.5, "cpu_seconds": 55.0, "peak_mb": 2100},
    {"step": "export", "seconds": 20.0, "cpu_seconds": 31.5, "peak_mb": 2500},
]


def test_images_are_picked_evenly_and_copied_by_class(tmp_path: Path) -> None:
    names = [f"{folder}/{number}.png" for folder in ("Gliomas", "menin", "healthy") for number in range(6)]
    files = find_labelled(fill(tmp_path / "data", *names)).files
    scans = copy_images(pick(files, 8), tmp_path / "scans")
    assert {path.name: len(list(path.iterdir())) for path in scans.iterdir()} == {
        "glioma": 3,
        "meningioma": 3,
        "no_tumor": 2,
    }
    with pytest.raises(SystemExit, match="Glioma has 6 images, 7 are needed"):
        pick(files, 20)


def test_the_commands_are_those_of_the_readme(tmp_path: Path) -> None:
    steps = {name: command[2:] for name, command in own_commands(tmp_path, tmp_path, "random", tmp_path / "not")}
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    listed = readme.split("## Train your own")[1].split("## Limits")[0]
    assert list(steps) == ["audit", "fit", "fit-decision", "export", "predict"]
    for name, command in steps.items():
        assert command[0] == name and f" {name} " in listed


def test_a_process_is_measured_and_a_failure_ends_the_run_with_what_it_said() -> None:
    found = run("sleep", ["-c", "import time; time.sleep(0.2)"])
    assert found["step"] == "sleep" and found["seconds"] >= 0.2 and found["peak_mb"] > 1
    with pytest.raises(SystemExit, match=r"(?s)sum ended with 3:.*no data"):
        run("sum", ["-c", "import sys; print('no data'); sys.exit(3)"])


def test_times_are_added_and_the_largest_peak_counts() -> None:
    total = add_up(STEPS)
    assert total == {"step": "all", "seconds": 50.5, "cpu_seconds": 86.5, "peak_mb": 2500}
    machine = {"cores": 2, "tensorflow": "2.20.0", "load": 0.1}
    plain = {"step": "plain Keras, 10 epochs", "seconds": 99.0, "cpu_seconds": 180.0, "peak_mb": 2800}
    shown = render({"images": 400, "machine": machine, "steps": STEPS, "all": total, "plain": plain})
    assert shown.splitlines()[-2:] == [
        "| all | 50.5 | 86.5 | 2,500 MB |",
        "| plain Keras, 10 epochs | 99.0 | 180.0 | 2,800 MB |",
    ]


@pytest.mark.slow
def test_the_plain_script_trains_converts_and_answers(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="the plain script needs TensorFlow, which is not installed")
    names = [f"{folder}/{number:03}.png" for folder in ("glioma", "notumor") for number in range(10)]
    scans, out = fill(tmp_path / "scans", *names), tmp_path / "plain"
    script = str(Path(__file__).parents[1] / "benchmarks/plain_keras.py")
    run("plain", [script, str(scans), "--weights", "random", "--epochs", "1", "--side", "71", "--out", str(out)])
    assert len((out / "answers.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(names)
    assert (out / "model.tflite").stat().st_size > 20e6  # Xception's weights in eight bits
