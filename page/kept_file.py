"""What this server keeps of uploads in memory, until nobody needs it or others need the room."""

import threading
import weakref
from itertools import count

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem


class KeptFile:
    """An uploaded file's content, in memory until nothing refers to it any more.

    Once it is answered it is only there to be looked at, and goes when others need the room.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._data: bytes | None = data
        self._claims = 1  # of its maker, until it is opened
        with _lock:
            self.age = next(_ages)
            _kept.add(self)

    def read(self) -> bytes:
        """The whole content.

        Raises:
            ScanError: others needed the room.
        """
        data = self._data
        if data is None:
            raise ScanError(self.name, Problem.BROKEN_SOURCE, found="no longer in memory")
        return data

    def claim(self) -> None:
        """Keep it until `release`: something in it is not answered yet."""
        self._claims += 1

    def release(self) -> None:
        """End one claim; without any, the content may go."""
        self._claims -= 1

    def drop(self) -> None:
        """Let the content go, unless something still needs it."""
        if self._claims <= 0:
            self._data = None

    @property
    def is_gone(self) -> bool:
        """Whether the content went, because others needed the room."""
        return self._data is None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._data or b"")


_lock = threading.Lock()
# Of all sessions: when the last reference to a file goes, it leaves this set by itself.
_kept: weakref.WeakSet[KeptFile] = weakref.WeakSet()
_ages = count()


def kept_bytes() -> int:
    """Bytes that all sessions of this server keep of uploads."""
    with _lock:
        return sum(file.size for file in _kept)


def make_room(needed: int, limit: int) -> bool:
    """Let go of answered files, the oldest first, until so many bytes fit.

    Args:
        needed: bytes that come.
        limit: what all sessions may keep with them.

    Returns:
        Whether they fit now.
    """
    with _lock:
        files = sorted(_kept, key=lambda file: file.age)
    for file in files:
        if kept_bytes() + needed <= limit:
            break
        file.drop()
    return kept_bytes() + needed <= limit
