"""What the node logs: one JSON object a line, with codes, counts and numbers of its own, nothing of a patient."""

import json
import sys
import threading
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO


class Event(StrEnum):
    """What happened; stable codes, for programs."""

    STARTED = "started"
    STOPPED = "stopped"
    CONNECTION_REFUSED = "connection_refused"
    TLS_FAILED = "tls_failed"  # no encrypted connection with a sender or the archive
    CONNECTION_ENDED = "connection_ended"  # by the node, for it broke a limit
    IMAGE_RECEIVED = "image_received"
    IMAGE_REPEATED = "image_repeated"  # it was here already
    OBJECT_REFUSED = "object_refused"
    OWN_RESULT_IGNORED = "own_result_ignored"
    STORE_FULL = "store_full"
    SERIES_ANSWERED = "series_answered"
    SERIES_REOPENED = "series_reopened"  # an image came while it was being answered
    REST_NOT_ANSWERED = "rest_not_answered"  # of a series whose other images are erased
    ANSWER_FAILED = "answer_failed"  # it is tried again
    SERIES_GIVEN_UP = "series_given_up"
    RESULT_SENT = "result_sent"
    SENDING_FAILED = "sending_failed"  # it is tried again
    SERIES_ERASED = "series_erased"
    WORK_FAILED = "work_failed"  # no room or no access; it is tried again


_ERRORS = {
    Event.ANSWER_FAILED,
    Event.SERIES_GIVEN_UP,
    Event.SENDING_FAILED,
    Event.TLS_FAILED,
    Event.STORE_FULL,
    Event.REST_NOT_ANSWERED,
    Event.WORK_FAILED,
}
Fact = str | int | float | None


class EventLog:
    """Lines on a stream, whole even when several threads write."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Take a stream; None for the standard output. LiteRT keeps the standard error for itself for moments."""
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, event: Event, **facts: Fact) -> None:
        """One line; facts: never a name, an identifier or another value of a data set."""
        line = json.dumps(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "level": "error" if event in _ERRORS else "info",
                "event": event.value,
                **facts,
            }
        )
        with self._lock:
            print(line, file=self._stream or sys.stdout, flush=True)


def describe_error(error: Exception) -> dict[str, Fact]:
    """The kind of an error and where it was raised, such as store.py:12; not its text, which may quote a file."""
    frames = traceback.extract_tb(error.__traceback__)
    location = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
    return {"reason": type(error).__name__, "raised_in": location}


def log_thread_failures(log: EventLog) -> None:
    """Write what ends a thread to the log; Python prints its text, which may quote what a stranger sent."""

    def note(failure: threading.ExceptHookArgs) -> None:
        if isinstance(failure.exc_value, Exception):
            log.write(Event.WORK_FAILED, work="connection", **describe_error(failure.exc_value))

    threading.excepthook = note
