"""The node's log."""

import io
import threading

import pytest

from brain_tumor.dicom_node.events import EventLog, log_thread_failures
from tests.dicom_node.peers import events_in


def test_what_ends_a_thread_is_logged_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back at the end
    stream = io.StringIO()
    log_thread_failures(EventLog(stream))

    def fail() -> None:
        raise ValueError("Doe^Jane")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (event,) = events_in(stream.getvalue())
    assert (event["event"], event["level"], event["reason"]) == ("work_failed", "error", "ValueError")
    assert event["raised_in"].startswith("test_events.py:")
    assert "Doe" not in stream.getvalue() + capsys.readouterr().err
