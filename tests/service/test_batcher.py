import json
import threading
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from brain_tumor.classifier import SliceOutcome
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Series, Slice
from brain_tumor.service.batcher import Batcher
from brain_tumor.service.job import Job
from brain_tumor.service.refusals import Refusal, RefusedError
from tests.factories import make_scan
from tests.scripted import CARD, ScriptedClassifier


class Gated(ScriptedClassifier):
    """Reads a slice only when the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.began = threading.Event(), threading.Event()

    def classify_many(self, slices: Iterable[Slice], at_once: int | None = None) -> Generator[SliceOutcome, None, None]:
        for outcome in super().classify_many(slices):
            self.began.set()
            self.gate.wait(60)
            yield outcome


def job(name: str, slices: int = 1) -> Job:
    def read() -> Scan:
        return make_scan()

    return Job([Series(name, tuple(Slice(name, n + 1, read, float(n)) for n in range(slices)))], (), CARD)


def answer(done: Job) -> Any:
    return json.loads(done.answer.result(10))


@pytest.fixture
def gated() -> Gated:
    return Gated()


@pytest.fixture
def batcher(gated: Gated) -> Generator[Batcher, None, None]:
    made = Batcher(gated, max_waiting=10)  # type: ignore[arg-type]
    yield made
    gated.gate.set()
    made.close()
    assert not made.is_running


def test_slices_of_all_requests_come_in_turn(batcher: Batcher, gated: Gated) -> None:
    first, large, small = job("first"), job("large", 4), job("small", 2)
    batcher.submit(first)
    assert gated.began.wait(60)
    batcher.submit(large)
    batcher.submit(small)
    gated.gate.set()
    assert [len(answer(done)["slices"]) for done in (first, large, small)] == [1, 4, 2]
    assert gated.calls == ["first", "large", "small", "large", "small", "large", "large"]


def test_a_series_is_answered_from_its_own_slices(batcher: Batcher, gated: Gated) -> None:
    gated.gate.set()
    jobs = [job(f"healthy {number}" if number % 2 else f"glioma {number}", 3) for number in range(3)]
    for item in jobs:
        batcher.submit(item)
    for number, item in enumerate(jobs):
        found = answer(item)
        assert [row["slice"] for row in found["slices"]] == [1, 2, 3]
        assert [row["series_slice"] for row in found["slices"]] == [1, 2, 3]
        assert {row["class"] for row in found["slices"]} == {"No Tumor" if number % 2 else "Glioma"}
        assert [row["slices"] for row in found["series"]] == [3]


def test_more_slices_than_may_wait_are_refused_with_a_time(batcher: Batcher, gated: Gated) -> None:
    batcher.submit(job("first"))
    assert gated.began.wait(60)
    batcher.submit(job("waiting", 6))
    with pytest.raises(RefusedError) as caught:
        batcher.submit(job("too many", 5))
    assert caught.value.refusal is Refusal.TOO_BUSY and caught.value.retry_after_s
    batcher.submit(job("just right", 4))
    assert batcher.waiting == 10


def test_a_large_request_is_taken_when_nothing_waits(batcher: Batcher, gated: Gated) -> None:
    gated.gate.set()
    large = job("large", 11)
    batcher.submit(large)
    assert len(answer(large)["slices"]) == 11


def test_what_a_caller_gave_up_is_not_answered(batcher: Batcher, gated: Gated) -> None:
    first, given_up, last = job("first"), job("given up", 5), job("last")
    batcher.submit(first)
    assert gated.began.wait(60)
    batcher.submit(given_up)
    batcher.submit(last)
    assert given_up.answer.cancel() and batcher.waiting == 1
    gated.gate.set()
    answer(last)
    assert "given up" not in gated.calls


class Failing(ScriptedClassifier):
    """An engine that fails on one slice, as for lack of memory."""

    def classify_many(self, slices: Iterable[Slice], at_once: int | None = None) -> Generator[SliceOutcome, None, None]:
        for outcome in super().classify_many(slices):
            if outcome.slice.file == "bad":
                raise MemoryError("of a patient")
            yield outcome


def test_a_failing_engine_fails_one_request_and_the_next_is_answered() -> None:
    batcher = Batcher(Failing(), max_waiting=10)  # type: ignore[arg-type]
    bad, good = job("bad"), job("good")
    batcher.submit(bad)
    with pytest.raises(MemoryError):
        bad.answer.result(10)
    batcher.submit(good)
    assert answer(good)["slices"][0]["file"] == "good"
    batcher.close()


def test_closing_fails_what_is_not_done(gated: Gated) -> None:
    batcher = Batcher(gated, max_waiting=10)  # type: ignore[arg-type]
    first, waiting = job("first"), job("waiting", 3)
    batcher.submit(first)
    assert gated.began.wait(60)
    batcher.submit(waiting)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    gated.gate.set()
    closing.join(60)
    answer(first)
    with pytest.raises(RefusedError):
        waiting.answer.result(10)


def test_every_slice_is_counted_with_its_status(gated: Gated) -> None:
    counted: list[str] = []
    gated.gate.set()
    batcher = Batcher(gated, 10, lambda status, elapsed_s: counted.append(status))  # type: ignore[arg-type]
    doubtful = job("doubt", 2)
    batcher.submit(doubtful)
    answer(doubtful)
    batcher.close()
    assert counted == ["uncertain", "uncertain"]
