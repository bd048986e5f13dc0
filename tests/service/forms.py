"""Forms and running services for tests."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from brain_tumor.service.app import create_app
from brain_tumor.service.loading import LoadedModel
from brain_tumor.service.refusals import Refusal
from brain_tumor.service.server import to_server_config
from brain_tumor.service.settings import ServiceSettings
from tests.scripted import ScriptedClassifier
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
BOUNDARY = "AaB03x"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
_START_LIMIT_S = 180
_GATE_LIMIT_S = 120


class Gated(ScriptedClassifier):
    """Answers a slice only when the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def classify_many(self, slices: Any, at_once: Any = None) -> Any:
        for outcome in super().classify_many(slices):
            self.gate.wait(_GATE_LIMIT_S)
            yield outcome


def part(data: bytes, name: str | None = "a.png", field: str = "files") -> bytes:
    """One part of a form, as RFC 7578 writes it; without a name it is no file for most servers."""
    named = "" if name is None else f'; filename="{name}"'
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The data, a few bytes at a time."""
    return (data[begin : begin + size] for begin in range(0, len(data), size))


def scripted_model(classifier: Any = None) -> Callable[[], LoadedModel]:
    """Loads this classifier; by default one that needs no network."""
    chosen: Any = classifier or ScriptedClassifier()
    return lambda: LoadedModel(chosen, {"model_id": chosen.card.model_id, "rules": {}, "file": {}, "notice": "n"})


def problem(answer: Any, refusal: Refusal) -> dict[str, Any]:
    """The problem document of an answer, which must be this one."""
    found: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, found["status"], found["code"]) == (refusal.status, refusal.status, refusal.value)
    assert found["type"] == f"urn:brain-tumor:problem:{refusal.value}" and found["title"] == refusal.heading
    assert found["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    return found


@contextmanager
def listening(classifier: Any = None, **settings: Any) -> Iterator[httpx.Client]:
    """A client of a service of this process that listens on a port, where an upload can take its time."""
    chosen = ServiceSettings(port=0, **settings)
    server = uvicorn.Server(to_server_config(create_app(chosen, scripted_model(classifier)), chosen))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            wait_until(lambda: client.get("/health/ready").status_code == 200)
            yield client
    finally:
        server.should_exit = True
        thread.join(60)


class Running:
    """A service in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self._log = process, log
        self.address = ""

    def events(self) -> list[dict[str, Any]]:
        """Everything in its log; a line that is no JSON fails the test."""
        return [
            json.loads(line)
            for line in self._log.read_text(encoding="utf-8").splitlines(keepends=True)
            if line.endswith("\n")
        ]

    def event(self, name: str, **facts: Any) -> dict[str, Any]:
        """Wait for an event with these facts: a request is written down after its answer has left."""

        def find() -> dict[str, Any] | None:
            ended = self.process.poll() is not None
            wanted = {"event": name, **facts}
            found = next((entry for entry in self.events() if wanted.items() <= entry.items()), None)
            assert found or not ended, missing()
            return found

        def missing() -> str:
            return f"no event {name!r} {facts} in\n{self._log.read_text(encoding='utf-8')}"

        return wait_until(find, missing, _START_LIMIT_S)

    def stop(self) -> int:
        """End it as systemd does; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] | None = None, program: Iterable[str] = ("-m", "brain_tumor")
) -> Iterator[Running]:
    """A service that is ready, on a free port of this computer; it ends with the block, whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *program, "serve", "--port", "0", *arguments],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        service = Running(process, log)
        try:
            service.address = f"http://127.0.0.1:{service.event('listening')['port']}"
            service.event("ready")
            yield service
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(timeout=60)
