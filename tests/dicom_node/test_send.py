"""Results on their way to an archive that answers as the test says; the clock is the test's too."""

import io
import json
import threading
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from brain_tumor.dicom_node.events import EventLog
from brain_tumor.dicom_node.send import Backoff, Outbox
from brain_tumor.dicom_node.statuses import StoreStatus
from brain_tumor.dicom_node.store import ReceivedImage, Store, StoreLimits

REFUSED = 0xA700


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Archive:
    """Answers by a file's content; None ends the connection."""

    def __init__(self) -> None:
        self.answers: dict[bytes, int | None] = {}
        self.got: list[list[bytes]] = []  # of each connection

    def send(self, files: Sequence[Path]) -> Generator[int | None, None, None]:
        self.got.append([])
        for file in files:
            content = file.read_bytes()
            self.got[-1].append(content)
            status = self.answers.get(content, StoreStatus.SUCCESS)
            yield status
            if status is None:
                return


class Desk:
    """A store with three results, and their way out."""

    def __init__(self, folder: Path, at_once: int = 10) -> None:
        self.store, self.archive = Store(folder, StoreLimits(2**20, 0, 100, 10)), Archive()
        self.clock, self.lines = Clock(), io.StringIO()
        series, _ = self.store.add_image(ReceivedImage("1.2.3", "1.2.3.1", [b"pixels"]))
        job = self.store.begin(series)
        assert job is not None and self.store.finish(job, [b"first", b"second", b"third"])
        backoff = Backoff(10, 60, self.clock)
        self._outbox = Outbox(self.store, self.archive, backoff, EventLog(self.lines), at_once)
        self.stop = threading.Event()

    def send(self) -> list[list[bytes]]:
        """What the archive got by each connection."""
        self.archive.got = []
        self._outbox.send_waiting(self.stop)
        return self.archive.got

    @property
    def waiting(self) -> list[bytes]:
        return [result.file.read_bytes() for result in self.store.waiting_results()]

    @property
    def reasons(self) -> list[str]:
        events = map(json.loads, self.lines.getvalue().splitlines())
        return [event["reason"] for event in events if event["event"] == "sending_failed"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "node")


def test_waits_double_up_to_the_longest_and_begin_anew_after_success() -> None:
    backoff = Backoff(10, 60, Clock())
    for longest in (10, 20, 40, 60, 60):
        assert 0.8 * longest <= backoff.fail(1) <= longest
    backoff.succeed(1)
    assert backoff.may_try(1) and backoff.fail(1) <= 10


def test_a_wait_is_of_what_failed_and_ends() -> None:
    clock = Clock()
    backoff = Backoff(10, 60, clock)
    backoff.fail(1)
    assert not backoff.may_try(1) and backoff.may_try(2)
    clock.now += 10
    assert backoff.may_try(1)


def test_the_wait_of_a_thousand_failures_is_the_longest() -> None:
    backoff = Backoff(10, 60, Clock())
    assert max(backoff.fail(1) for _ in range(1100)) <= 60


def test_results_share_connections_in_their_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "node", at_once=2)
    assert desk.send() == [[b"first", b"second"], [b"third"]]
    assert desk.waiting == []


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB006, 0xB007])
def test_what_the_archive_keeps_is_sent(desk: Desk, status: int) -> None:
    desk.archive.answers[b"second"] = status
    desk.send()
    assert desk.waiting == []


def test_a_refused_result_waits_and_does_not_keep_back_the_others(desk: Desk) -> None:
    desk.archive.answers[b"first"] = REFUSED
    desk.send()
    assert desk.waiting == [b"first"] and desk.reasons == ["A700"]
    assert desk.send() == []  # it is not its time
    desk.clock.now += 10
    del desk.archive.answers[b"first"]
    assert desk.send() == [[b"first"]]
    assert desk.waiting == []


def test_an_archive_that_does_not_answer_is_left_alone_for_a_while(desk: Desk) -> None:
    desk.archive.answers[b"second"] = None
    assert desk.send() == [[b"first", b"second"]]
    assert desk.waiting == [b"second", b"third"] and desk.reasons == ["no_answer"]
    assert desk.send() == []
    desk.clock.now += 10
    desk.archive.answers.clear()
    assert desk.send() == [[b"second", b"third"]]


def test_a_file_that_is_lost_is_no_reason_to_keep_the_others(desk: Desk) -> None:
    desk.store.waiting_results()[1].file.unlink()
    assert desk.send() == [[b"first", b"third"]]
    assert desk.reasons == ["file_missing"]


def test_a_node_that_stops_sends_no_more(desk: Desk) -> None:
    desk.stop.set()
    assert desk.send() == []
    assert len(desk.waiting) == 3
