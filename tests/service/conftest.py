"""Spools that are closed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from brain_tumor.service.spool import Spool


@pytest.fixture
def new_spool() -> Iterator[Callable[[], Spool]]:
    """Makes spools; the test's end closes them."""
    with ExitStack() as stack:

        def make() -> Spool:
            spool = Spool()
            stack.callback(spool.close)
            return spool

        yield make
