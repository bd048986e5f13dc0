"""Disks that misbehave, as far as one process can bring that about without being root."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Let every file take that many bytes and no more; the system refuses the rest, as a full disk does.

    The reason it gives is "File too large" instead of "No space left on device". Not on Windows.
    """
    import resource

    # Python ignores the signal that comes with it. The hard limit stays, so the soft one can be taken back.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def interrupt_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C where a file that is written would take its name."""

    def interrupt(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
