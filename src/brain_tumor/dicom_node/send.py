"""Results on their way to the archive: tried again, later and later, until they are there."""

import random
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from brain_tumor.dicom_node.events import Event, EventLog
from brain_tumor.dicom_node.statuses import is_stored
from brain_tumor.dicom_node.store import Store, WaitingResult

# Senders that wait for the same archive must not all come back at once.
_SPREAD = 0.2


class Channel(Protocol):
    """What takes results to the archive."""

    def send(self, files: Sequence[Path]) -> Generator[int | None, None, None]:
        """A status for each file; None, and no more, where nobody answers."""


class Backoff:
    """Waits that double with each failure, each of something of its own."""

    def __init__(self, first_s: float, longest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing has failed yet."""
        self._first_s, self._longest_s, self._clock = first_s, longest_s, clock
        self._failures: dict[int | None, tuple[int, float]] = {}  # how often, and until when it waits

    def may_try(self, key: int | None) -> bool:
        """Whether it need not wait."""
        return self._failures.get(key, (0, 0.0))[1] <= self._clock()

    def fail(self, key: int | None) -> float:
        """It has failed once more; gives the seconds that it waits."""
        count = self._failures.get(key, (0, 0.0))[0]
        wait_s = min(self._first_s * 2.0 ** min(count, 60), self._longest_s)
        wait_s *= 1 - _SPREAD * random.random()  # noqa: S311 - no secret
        self._failures[key] = count + 1, self._clock() + wait_s
        return wait_s

    def succeed(self, key: int | None) -> None:
        """It went well."""
        self._failures.pop(key, None)


# The archive itself, beside the results by their numbers.
_ARCHIVE = None


class Outbox:
    """Sends what waits in a store."""

    def __init__(self, store: Store, channel: Channel, backoff: Backoff, log: EventLog, at_once: int) -> None:
        """Send nothing yet; at_once: how many results share a connection."""
        self._store, self._channel, self._backoff, self._log, self._at_once = store, channel, backoff, log, at_once

    def send_waiting(self, stop: threading.Event) -> None:
        """Try all results whose time has come, the oldest first; one that is refused does not keep back the others."""
        while not stop.is_set() and self._backoff.may_try(_ARCHIVE):
            due = [result for result in self._store.waiting_results() if self._backoff.may_try(result.id)][
                : self._at_once
            ]
            if not due:
                return
            self._send(due, stop)

    def _send(self, due: Sequence[WaitingResult], stop: threading.Event) -> None:
        there = [result for result in due if result.file.exists()]
        for result in set(due) - set(there):  # replaced by a newer answer meanwhile, or lost
            self._fail(result, "file_missing")
        if not there:
            return
        with closing(self._channel.send([result.file for result in there])) as statuses:
            for result, status in zip(there, statuses, strict=False):
                if status is None:
                    wait_s = self._backoff.fail(_ARCHIVE)
                    self._log.write(Event.SENDING_FAILED, reason="no_answer", retry_s=round(wait_s, 1))
                    return
                self._backoff.succeed(_ARCHIVE)
                if is_stored(status):
                    self._store.remove_sent(result)
                    self._backoff.succeed(result.id)
                    self._log.write(Event.RESULT_SENT, series=result.series)
                else:
                    self._fail(result, f"{status:04X}")
                if stop.is_set():
                    return

    def _fail(self, result: WaitingResult, reason: str) -> None:
        wait_s = self._backoff.fail(result.id)
        self._log.write(Event.SENDING_FAILED, series=result.series, reason=reason, retry_s=round(wait_s, 1))
