"""The real command: a process of its own, the shipped network, a real HTTP client."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from brain_tumor.classifier import Classifier
from brain_tumor.extras import install_command
from tests.canaries import NAME, TAG, dicom_with_canaries, find_canaries
from tests.service.forms import ROOT, Running, running
from tests.test_load import draw

SAMPLES = sorted((ROOT / "samples").glob("*.png"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running() as started:
        yield started


def test_it_answers_as_the_classifier_does(service: Running, classifier: Classifier) -> None:
    files = [("files", (path.name, path.read_bytes())) for path in SAMPLES]
    rows = httpx.post(f"{service.address}/v1/classify", files=files, timeout=240).json()["slices"]
    for row, path in zip(rows, SAMPLES, strict=True):
        expected = classifier.classify(path.read_bytes(), path.name)
        assert (row["file"], row["status"], row["class"]) == (
            path.name,
            expected.verdict.status.value,
            expected.verdict.label.value,
        )
        for label, probability in expected.probabilities.items():
            assert abs(row[f"p_{label.slug}"] - probability) < 1e-5


def test_the_card_is_that_of_the_model_info_command(service: Running) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "brain_tumor", "model", "info", "--json"], capture_output=True, text=True, check=True
    )
    card = httpx.get(f"{service.address}/v1/model").json()
    assert card.pop("notice") and card == json.loads(said.stdout)


def test_its_log_and_answers_name_nobody(service: Running) -> None:
    data = dicom_with_canaries()
    files = [("files", (f"{NAME}-{end}.dcm", data[: len(data) * end // 4])) for end in range(1, 5)]
    answer = httpx.post(f"{service.address}/v1/classify?name={NAME}", files=files, timeout=240)
    httpx.get(f"{service.address}/{NAME}")
    assert answer.status_code == 200 and not find_canaries(answer.content, TAG)
    service.event("request", route="/v1/classify", files=len(files))
    service.event("request", route="other")
    text = json.dumps(service.events())
    assert NAME not in text and TAG not in text and "127.0.0.1:" not in text


def test_nobody_else_can_reach_it_by_default(service: Running) -> None:
    assert service.event("listening")["host"] == "127.0.0.1"
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this computer has no other address")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((own, service.event("listening")["port"]), timeout=5)


def test_sigterm_lets_requests_finish_and_ends_with_0() -> None:
    with running() as service:
        answers: list[httpx.Response] = []
        files = [("files", (str(seed), draw(seed))) for seed in range(40)]
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{service.address}/v1/classify", files=files, timeout=240))
        )
        asking.start()
        while asking.is_alive() and "slices_waiting 0.0" in httpx.get(f"{service.address}/metrics").text:
            pass
        assert service.stop() == 0
        asking.join(240)
        assert len(answers[0].json()["slices"]) == 40
        assert [entry["event"] for entry in service.events()][-2:] == ["request", "stopped"]
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{service.address}/health/live")


def test_a_configuration_file_and_the_environment_reach_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef")
    (tmp_path / "c.toml").write_text(
        f'[serve]\napi_key_file = "{tmp_path / "key"}"\nmax_files = 1\n[model]\nthreads = 1\n'
    )
    environment = {"BRAIN_TUMOR_SERVE__MAX_FILES": "2", "BRAIN_TUMOR_SERVE__ROOT_PATH": "/mri"}
    with running("--config", str(tmp_path / "c.toml"), environment=environment) as service:
        headers = {"authorization": "Bearer 0123456789abcdef"}
        for count, status in ((2, 200), (3, 413)):
            files = [("files", b"x")] * count
            assert httpx.post(f"{service.address}/v1/classify", files=files, headers=headers).status_code == status
        assert httpx.post(f"{service.address}/v1/classify", files={"files": b"x"}).status_code == 401
        assert "/mri/openapi.json" in httpx.get(f"{service.address}/docs").text


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "brain_tumor", "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=os.environ | environment,
    )


def test_what_it_cannot_start_with_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[serve]\nprot = 1\n")
    (tmp_path / "no.tfliteA").write_bytes(b"?")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for done, words in (
            (run("--config", str(tmp_path / "bad.toml")), "serve: prot is not known; answer_timeout_s, api_key_file,"),
            (run(BRAIN_TUMOR_SERVE__PORT="x"), "serve.port: 'x' is not accepted; give a whole number"),
            (run("--port", "0", "--model", str(tmp_path / "no.tfliteA")), "no.tfliteA"),
            (run("--port", str(port)), f"port {port} cannot be listened on"),
            (run("--port", "0", BRAIN_TUMOR_SERVE__API_KEY_FILE=str(tmp_path / "none")), "the key cannot be read"),
        ):
            assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_without_the_extra_it_says_which_one(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError(\"No module named 'fastapi'\", name='fastapi')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run(PYTHONPATH=path)
    assert done.returncode == 2 and f"fastapi is missing: {install_command('serve')}" in done.stderr
