"""One JSON object per event on the standard output. No file name, no value of a tag, no address of a caller."""

import json
import logging
import sys
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

_NAME = "brain_tumor.service"
# Of its messages, none quotes a request.
_SERVER = "uvicorn.error"
_LOG = logging.getLogger(_NAME)


def log_event(event: str, level: int = logging.INFO, **facts: str | float | None) -> None:
    """Write one event.

    Args:
        event: what happened, a stable word.
        level: of the logging module.
        facts: numbers and codes; never what a caller sent.
    """
    _LOG.log(level, event, extra={"facts": facts})


def log_failure(event: str, error: BaseException, **facts: str | float | None) -> None:
    """Write that something unexpected was raised: its type and where, for its text may quote a file."""
    log_event(event, logging.ERROR, error=type(error).__name__, raised_in=_raised_in(error), **facts)


def start_logging(stream: TextIO | None = None) -> None:
    """Send this service's events, and the server's, to a stream, and silence all else that libraries say.

    The standard error is not used: LiteRT writes there past Python, and is kept from it for moments.

    Args:
        stream: None for the standard output.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_JsonFormatter())
    for name in (_NAME, _SERVER):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.INFO if name == _NAME else logging.WARNING)
    # Readers' libraries warn in words that quote tags; without a handler Python would print them.
    logging.getLogger().handlers = [logging.NullHandler()]
    warnings.simplefilter("ignore")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name == _NAME:
            entry |= {"event": record.getMessage(), **getattr(record, "facts", {})}
        else:
            entry |= {"event": "server", "message": record.getMessage().strip()}
            if record.exc_info and record.exc_info[1]:
                entry |= {"error": type(record.exc_info[1]).__name__, "raised_in": _raised_in(record.exc_info[1])}
        return json.dumps({key: value for key, value in entry.items() if value is not None})


def _raised_in(error: BaseException) -> str:
    """File and line where an error was raised, such as batcher.py:12 of the innermost frame and of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "brain_tumor" in frame.filename]
    shown = dict.fromkeys(f"{Path(frame.filename).name}:{frame.lineno}" for frame in [*ours[-1:], *frames[-1:]])
    return " > ".join(shown)
