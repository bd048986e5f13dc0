"""The shipped file on tflite-runtime 2.14 of 2023, as phones and plug-ins carry it: equal answers, or a refusal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageDraw

from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.model_file import ModelFile
from tests.factories import encode

OLD_RUNTIME = ("tflite-runtime==2.14.0", "numpy<2", "pillow")
# What a host would write: the file as it is, no package of this project.
HOST = """
import sys
import numpy as np
from tflite_runtime.interpreter import Interpreter
run = Interpreter(sys.argv[1]).get_signature_runner()
answers = [run(image=image) for image in np.load(sys.argv[2])]
np.savez(sys.argv[3], **{name: np.stack([answer[name] for answer in answers]) for name in answers[0]})
"""
# How a runtime says that it has no such operator, in no such version, or none for such inputs.
REFUSALS = ("Didn't find op for builtin opcode", "failed to prepare")
# Runtimes round eight-bit products differently, and LiteRT's own two sets of kernels differ as much as old and new do.
# On 61 images of an earlier file: logits by 1.2, gate scores by 0.4, probabilities by 0.01, locations by 0.003 in the
# mean of an image; on 43 images, with the shipped file, probabilities by 0.092 and logits by 1.84.
LOGITS, GATE_SCORES, PROBABILITIES, MEAN_LOCATION = 2.5, 1.0, 0.15, 0.02
# Rounding moves the place of a feature's maximum, and its share of the map with it: a fifth of the saliency.
SALIENCY_SHARE = 0.5

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Answers = dict[str, FloatArray]  # each output's arrays, one behind the other


def run_clean(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # The import path of this environment, whose NumPy is another, stays here.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, env=clean, cwd=folder, capture_output=True, text=True, check=False)


def draw_head(lesion: tuple[int, int, int, int]) -> bytes:
    image = Image.new("L", (240, 240))
    draw = ImageDraw.Draw(image)
    for box, grey in (((30, 15, 210, 225), 200), ((40, 25, 200, 215), 25), ((48, 33, 192, 207), 120), (lesion, 220)):
        draw.ellipse(box, fill=grey)
    return encode(image, "PNG")


@pytest.fixture(scope="module")
def tensors(model: ModelFile) -> FloatArray:
    """The golden input and two drawn scans, as the network takes them."""
    images = (model.golden_image, draw_head((70, 60, 110, 95)), draw_head((108, 120, 132, 140)))
    return np.stack([to_tensor(read_scan(image, "drawn.png"), model.card.input) for image in images])


@pytest.fixture(scope="module")
def expected(model: ModelFile, tensors: FloatArray) -> Answers:
    run = Interpreter(model_content=model.flatbuffer).get_signature_runner()
    answers = [run(image=tensor) for tensor in tensors]
    return {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the old runtime and nothing else."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tflite-runtime 2.14.0 has no build for this Python; run the tests with 3.11")
    environment = tmp_path_factory.mktemp("old") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *OLD_RUNTIME]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"tflite-runtime 2.14.0 cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return python


@pytest.fixture(scope="module")
def found(
    old_python: Path, model_path: Path, tensors: FloatArray, tmp_path_factory: pytest.TempPathFactory
) -> Answers | None:
    """What the old runtime answers; None where it refuses the file."""
    folder = tmp_path_factory.mktemp("answers")
    np.save(folder / "images.npy", tensors)
    command = [str(old_python), "-c", HOST, str(model_path), str(folder / "images.npy"), str(folder / "answers.npz")]
    done = run_clean(command, folder)
    if done.returncode == 1 and any(words in done.stderr for words in REFUSALS):
        return None
    assert done.returncode == 0, f"neither an answer nor a refusal ({done.returncode}):\n{done.stderr}"
    with np.load(folder / "answers.npz") as answers:
        return dict(answers)


def test_the_old_runtime_answers_alike_or_refuses(found: Answers | None, expected: Answers) -> None:
    if found is None:
        return
    assert sorted(found) == sorted(expected)
    largest = {name: float(np.abs(found[name] - expected[name]).max()) for name in expected}
    assert largest["probabilities"] <= PROBABILITIES, largest
    assert largest["logits"] <= LOGITS, largest
    assert largest["gate_scores"] <= GATE_SCORES, largest


def test_the_old_runtime_draws_the_same_maps_or_refuses(found: Answers | None, expected: Answers) -> None:
    if found is None:
        return
    elsewhere = np.abs(found["saliency"] - expected["saliency"]).sum() / expected["saliency"].sum()
    assert elsewhere <= SALIENCY_SHARE
    if "location" in expected:
        assert np.abs(found["location"] - expected["location"]).mean(axis=(1, 2, 3)).max() <= MEAN_LOCATION


def golden_check() -> str:
    """The program in docs/other-programs.md that checks the golden input on any host."""
    page = (Path(__file__).parents[1] / "docs/other-programs.md").read_text(encoding="utf-8")
    _example, program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return str(program)


def test_the_check_of_the_documentation_passes_or_the_runtime_refuses(old_python: Path, model_path: Path) -> None:
    done = run_clean([str(old_python), "-c", golden_check()], model_path.parent)
    refused = done.returncode == 1 and any(words in done.stderr for words in REFUSALS)
    assert done.returncode == 0 or refused, done.stderr


def test_the_check_of_the_documentation_passes_here(model_path: Path) -> None:
    program = golden_check().replace("from tflite_runtime", "from ai_edge_litert")
    done = run_clean([sys.executable, "-c", program], model_path.parent)
    assert done.returncode == 0, done.stderr
