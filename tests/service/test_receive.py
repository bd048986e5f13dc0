"""Uploads over a real connection: what is refused before all of it came, and what becomes of those who go."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from brain_tumor.service.refusals import Refusal
from tests.factories import png_bytes
from tests.service.forms import CONTENT_TYPE, Gated, form, listening, part, problem
from tests.waiting import wait_until

HEADERS = {"content-type": CONTENT_TYPE}
WAIT_S = 120


def metric(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"brain_tumor_{name} ")))


def wait_for(client: httpx.Client, name: str, least: float) -> None:
    wait_until(lambda: metric(client, name) >= least, name)


class SlowUpload:
    """A file whose end comes when `go` is set."""

    def __init__(self, client: httpx.Client, data: bytes) -> None:
        self.go = threading.Event()
        self._client, self._data, self._answers = client, data, list[Any]()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        def body() -> Iterator[bytes]:
            yield part(self._data)[:-2]
            self.go.wait(WAIT_S)
            yield b"\r\n" + form()

        self._answers.append(self._client.post("/v1/classify", content=body(), headers=HEADERS))

    def finish(self) -> Any:
        self.go.set()
        self._thread.join(WAIT_S)
        return self._answers[0]


def test_an_upload_without_end_is_refused_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.service.receive._LINGER_S", 0.3)

    def endless() -> Iterator[bytes]:
        yield part(b"")[:-2]
        while True:
            yield bytes(2**20)

    with listening(max_request_mib=2) as client:
        answer = client.post("/v1/classify", content=endless(), headers=HEADERS)
        found = problem(answer, Refusal.TOO_LARGE)
        assert found["detail"] == "At most 2 MiB are taken at a time; send the files in several requests."
        assert answer.headers["connection"] == "close"
        assert metric(client, "stored_bytes") == metric(client, "requests_in_progress") == 0


def test_a_refused_upload_is_read_to_its_end_so_that_its_sender_reads_the_answer() -> None:
    with listening(max_request_mib=1) as client:
        answer = client.post("/v1/classify", files={"files": bytes(30 * 2**20)})
        problem(answer, Refusal.TOO_LARGE)


@pytest.mark.parametrize("size", ["9999999", "9" * 19])
def test_an_announced_size_beyond_the_bound_is_refused_before_a_byte_of_it_is_asked_for(size: str) -> None:
    with (
        listening(max_request_mib=1) as client,
        socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as raw,
    ):
        raw.settimeout(WAIT_S)
        head = f"Host: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {size}\r\nExpect: 100-continue"
        raw.sendall(f"POST /v1/classify HTTP/1.1\r\n{head}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


def test_uploads_of_all_requests_together_are_bounded() -> None:
    with listening(max_request_mib=1, max_stored_mib=1) as client:
        first = SlowUpload(client, bytes(900_000))
        wait_for(client, "stored_bytes", 900_000)
        answer = client.post("/v1/classify", files={"files": bytes(900_000)})
        problem(answer, Refusal.NO_ROOM)
        assert int(answer.headers["retry-after"]) >= 1
        assert first.finish().status_code == 200
        assert client.post("/v1/classify", files={"files": bytes(900_000)}).status_code == 200
        assert metric(client, "stored_bytes") == 0


def test_more_requests_than_are_taken_on_are_asked_to_come_again() -> None:
    with listening(max_requests=1) as client:
        first = SlowUpload(client, png_bytes())
        wait_for(client, "requests_in_progress", 1)
        answer = client.post("/v1/classify", files={"files": png_bytes()})
        problem(answer, Refusal.TOO_BUSY)
        assert int(answer.headers["retry-after"]) >= 1
        assert first.finish().status_code == 200
        assert client.post("/v1/classify", files={"files": png_bytes()}).status_code == 200


@pytest.mark.parametrize("bound", ["upload_timeout_s", "stall_timeout_s"])
def test_an_upload_that_takes_too_long_is_given_up(bound: str) -> None:
    with listening(None, **{bound: 0.2}) as client:
        slow = SlowUpload(client, png_bytes())
        wait_for(client, "uploaded_bytes_total", 1)  # counted once the request is over
        assert "0.2 s" in problem(slow.finish(), Refusal.UPLOAD_TIMEOUT)["detail"]


@pytest.mark.parametrize(
    ("is_first", "head"), [(True, b""), (True, b"POST /v1/classify HT"), (False, b"POST /v1/classify HT")]
)
def test_a_connection_that_sends_no_whole_head_is_closed(is_first: bool, head: bytes) -> None:
    with (
        listening(None, stall_timeout_s=0.3) as client,
        socket.create_connection(("127.0.0.1", client.base_url.port), timeout=WAIT_S) as connection,
    ):
        if not is_first:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in connection.recv(65536)
        connection.sendall(head)
        assert b"200 OK" not in b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_request_under_way_may_take_longer_than_its_head() -> None:
    gated = Gated()
    with listening(gated, stall_timeout_s=0.3) as client:
        threading.Timer(1.0, gated.gate.set).start()
        assert client.post("/v1/classify", files={"files": png_bytes()}).status_code == 200


def test_a_caller_who_goes_leaves_nothing_behind() -> None:
    gated = Gated()
    with listening(gated) as client:
        files = [("files", png_bytes())] * 50
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/classify", files=files, timeout=httpx.Timeout(WAIT_S, read=0.5))
        wait_until(lambda: not metric(client, "requests_in_progress") and not metric(client, "slices_waiting"))
        assert metric(client, "stored_bytes") == 0
        gated.gate.set()
        assert client.post("/v1/classify", files={"files": png_bytes()}).status_code == 200
        assert len(gated.calls) < 10
        assert 'status="499"' in client.get("/metrics").text


def test_an_answer_that_is_not_there_when_the_service_must_stop_is_told_so() -> None:
    gated, answers = Gated(), list[httpx.Response]()

    def ask(address: httpx.URL) -> None:
        answers.append(httpx.post(address.join("/v1/classify"), files={"files": png_bytes()}, timeout=WAIT_S))
        gated.gate.set()

    with listening(gated, drain_timeout_s=0) as client:
        asking = threading.Thread(target=ask, args=(client.base_url,))
        asking.start()
        wait_for(client, "requests_in_progress", 1)
    asking.join(WAIT_S)
    problem(answers[0], Refusal.STOPPING)
    assert int(answers[0].headers["retry-after"]) >= 1
