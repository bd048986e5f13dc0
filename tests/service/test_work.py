"""Requests as ASGI hands them on, without a server."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from brain_tumor.service.metrics import Metrics
from brain_tumor.service.receive import Body, GoneError
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.settings import ServiceSettings
from brain_tumor.service.work import AnswerOptions, RequestFacts, Workplace
from tests.factories import png_bytes
from tests.service.forms import CONTENT_TYPE, Gated, form, part, scripted_model

GONE = {"type": "http.disconnect"}
Make = Callable[..., Workplace]


@pytest.fixture
def make() -> Iterator[Make]:
    """Opens workplaces; all are closed at the end."""
    opened: list[Workplace] = []

    def open_workplace(classifier: Any = None, **settings: Any) -> Workplace:
        found = Workplace(ServiceSettings(**settings), Metrics())
        opened.append(found)
        found.begin(scripted_model(classifier)())
        return found

    yield open_workplace
    for workplace in opened:
        workplace.close()


def body(*messages: dict[str, Any]) -> Body:
    """A request that brings these messages, and then nothing for ever."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return Body(receive, {"content-type": CONTENT_TYPE, "transfer-encoding": "chunked"})


def upload(*files: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": form(*map(part, files))}


def ask(work: Workplace, request: Body, facts: RequestFacts | None = None) -> Coroutine[Any, Any, bytes]:
    return work.answer(request, AnswerOptions(), facts or RequestFacts())


def gauge(work: Workplace, name: str) -> float:
    lines = work.metrics.render().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"brain_tumor_{name} ")))


def test_a_request_is_answered_counted_and_leaves_nothing(make: Make) -> None:
    work, facts, request = make(), RequestFacts(), body(upload(png_bytes(), b"no image"))
    document = json.loads(asyncio.run(ask(work, request, facts)))
    assert [row["status"] for row in document["slices"]] == ["classified", "error"]
    assert (facts.files, facts.slices, facts.upload_bytes) == (2, 2, request.size_bytes)
    assert gauge(work, "stored_bytes") == gauge(work, "requests_in_progress") == gauge(work, "slices_waiting") == 0


def test_before_the_network_is_loaded_a_request_is_asked_to_come_again() -> None:
    work, request = Workplace(ServiceSettings(), Metrics()), body(upload(png_bytes()))
    with pytest.raises(RefusedError) as caught:
        asyncio.run(ask(work, request))
    assert caught.value.refusal is Refusal.NOT_READY
    assert request.size_bytes == 0  # nothing of it was received
    work.close()


def test_one_request_too_many_is_refused_and_the_next_is_taken(make: Make) -> None:
    gated = Gated()
    work = make(gated, max_requests=1)

    async def run() -> None:
        first = asyncio.ensure_future(ask(work, body(upload(png_bytes()))))
        while not gauge(work, "requests_in_progress"):
            await asyncio.sleep(0.01)
        with pytest.raises(RefusedError) as caught:
            await ask(work, body(upload(png_bytes())))
        assert caught.value.refusal is Refusal.TOO_BUSY
        gated.gate.set()
        await first
        await ask(work, body(upload(png_bytes())))

    asyncio.run(run())


def test_a_caller_who_goes_frees_what_was_kept_for_the_request(make: Make) -> None:
    gated = Gated()
    work = make(gated)
    with pytest.raises(GoneError):
        asyncio.run(ask(work, body(upload(*[png_bytes()] * 5), GONE)))
    assert gauge(work, "stored_bytes") == gauge(work, "slices_waiting") == 0
    gated.gate.set()


def test_an_answer_that_takes_too_long_is_given_up_with_when_to_come_again(make: Make) -> None:
    gated = Gated()
    work = make(gated, answer_timeout_s=0.2)
    with pytest.raises(RefusedError) as caught:
        asyncio.run(ask(work, body(upload(png_bytes()))))
    assert caught.value.refusal is Refusal.ANSWER_TIMEOUT
    assert caught.value.retry_after_s is not None and caught.value.retry_after_s >= 1
    assert gauge(work, "requests_in_progress") == 0
    gated.gate.set()


def test_a_refused_upload_is_counted_and_given_back(make: Make) -> None:
    work, facts = make(max_files=1), RequestFacts()
    with pytest.raises(RefusedError) as caught:
        asyncio.run(ask(work, body(upload(png_bytes(), png_bytes())), facts))
    assert caught.value.refusal is Refusal.TOO_MANY_FILES
    assert facts.upload_bytes and gauge(work, "stored_bytes") == 0
