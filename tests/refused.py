"""Asks for an error by its code; the words are tested once, in test_problems.py."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem


@contextmanager
def refused(problem: Problem, name: str | None = None) -> Iterator[pytest.ExceptionInfo[ScanError]]:
    """Passes where the block raises a ScanError of this problem, about the file of this name."""
    with pytest.raises(ScanError) as caught:
        yield caught
    assert caught.value.problem is problem
    assert name in (None, caught.value.name)
