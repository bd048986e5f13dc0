"""What surrounds a request, around an application that the test writes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from brain_tumor.service.metrics import Metrics
from brain_tumor.service.observed import Observed
from brain_tumor.service.refusals import Refusal

Send = Callable[[Any], Awaitable[None]]


async def answer(scope: Any, _receive: Any, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["state"]["request_id"].encode()})


async def stop(*_: Any) -> None:
    raise asyncio.CancelledError


async def stop_within(scope: Any, receive: Any, send: Send) -> None:
    await answer(scope, receive, send)
    raise asyncio.CancelledError


async def fail(*_: Any) -> None:
    raise RuntimeError("CANARY")


def ask(app: Any, method: str = "POST") -> tuple[list[Any], list[str]]:
    """The messages that were sent, and the counters afterwards."""
    metrics, sent = Metrics(), list[Any]()

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/CANARY", "headers": []}
    asyncio.run(Observed(app, metrics)(scope, receive, send))
    return sent, metrics.render().decode().splitlines()


def count(status: int, method: str = "POST") -> str:
    return f'brain_tumor_requests_total{{method="{method}",route="other",status="{status}"}} 1.0'


def test_an_answer_has_the_request_s_number_and_is_not_stored() -> None:
    (start, body), counters = ask(answer)
    headers = dict(start["headers"])
    assert headers[b"x-request-id"] == body["body"]
    assert headers[b"cache-control"] == b"no-store" and headers[b"x-content-type-options"] == b"nosniff"
    assert count(200) in counters


def test_no_two_requests_have_one_number() -> None:
    assert ask(answer)[0][1]["body"] != ask(answer)[0][1]["body"]


def test_a_service_that_stops_says_when_to_come_again() -> None:
    (start, body), counters = ask(stop)
    assert start["status"] == Refusal.STOPPING.status
    assert dict(start["headers"])[b"retry-after"] == b"5"
    assert json.loads(body["body"])["code"] == Refusal.STOPPING.value
    assert f'brain_tumor_refused_requests_total{{code="{Refusal.STOPPING.value}"}} 1.0' in counters


def test_an_answer_that_has_begun_is_not_followed_by_another() -> None:
    sent, _ = ask(stop_within)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_a_failure_is_counted_as_unanswered_and_its_text_is_kept_back(capsys: pytest.CaptureFixture[str]) -> None:
    sent, counters = ask(fail)
    assert sent == [] and count(499) in counters
    shown = capsys.readouterr()
    assert "CANARY" not in "\n".join([*counters, shown.out, shown.err])


def test_a_method_that_nobody_knows_makes_no_counter_of_its_own() -> None:
    assert count(200, "other") in ask(answer, "CANARY")[1]
