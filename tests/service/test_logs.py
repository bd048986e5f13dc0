import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from brain_tumor.service.logs import log_event, log_failure, start_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged; afterwards logging is as it was."""
    logs = [logging.getLogger(name) for name in ("", "brain_tumor.service", "uvicorn.error")]
    before = [(log.handlers, log.propagate, log.level) for log in logs]
    written = io.StringIO()
    with warnings.catch_warnings():
        start_logging(written)
        yield written
    for log, (handlers, propagate, level) in zip(logs, before, strict=True):
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_object_on_one_line(stream: io.StringIO) -> None:
    log_event("request", status=200, files=None, route="/v1/classify")
    (entry,) = entries(stream)
    assert str(entry.pop("time")).endswith("+00:00")
    assert entry == {"level": "info", "event": "request", "status": 200, "route": "/v1/classify"}


def test_a_failure_says_where_and_not_what(stream: io.StringIO) -> None:
    try:
        raise ValueError("Doe^Jane")
    except ValueError as error:
        log_failure("failure", error, request="1")
    assert "Doe" not in stream.getvalue()
    (entry,) = entries(stream)
    assert entry["error"] == "ValueError" and str(entry["raised_in"]).startswith("test_logs.py:")


def test_what_libraries_say_is_not_passed_on(stream: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("pydicom").warning("PatientName Doe^Jane")
    warnings.warn("PatientName Doe^Jane", stacklevel=1)
    logging.getLogger("uvicorn.error").info("started")
    assert stream.getvalue() == "" and capfd.readouterr() == ("", "")


def test_the_server_s_errors_are_shown_without_their_text(stream: io.StringIO) -> None:
    try:
        raise KeyError("Doe^Jane")
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    assert "Doe" not in stream.getvalue() and "Traceback" not in stream.getvalue()
    (entry,) = entries(stream)
    assert (entry["event"], entry["error"], entry["level"]) == ("server", "KeyError", "error")
