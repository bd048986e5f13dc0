"""What every test of the node leaves in order."""

import gc
from collections.abc import Iterator

import pytest

from tools.ports import free_port


@pytest.fixture(autouse=True)
def _close_what_pynetdicom_leaves_open() -> Iterator[None]:
    """While the test's filters of warnings hold: later they would fail a test that has nothing to do with it."""
    yield
    gc.collect()


@pytest.fixture
def archive_port() -> int:
    """A free port of this computer, for an archive."""
    return free_port()
