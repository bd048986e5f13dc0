"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")


def wait_until(
    condition: Callable[[], _Found | None],
    otherwise: Callable[[], object] | str = "it never came about",
    timeout_s: float = 120.0,
) -> _Found:
    """Ask again and again until it holds; gives what it found. The test fails with `otherwise` when time is up."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, otherwise() if callable(otherwise) else otherwise
        time.sleep(0.05)
    return found
