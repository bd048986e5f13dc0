"""A stream that others may close for a while: a run can hold more archives than a system lets it open."""

import io
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import BinaryIO

# Of those that were read last; systems allow a process hundreds of open files.
_MAX_OPEN = 16
_pool_lock = threading.Lock()
_open: "OrderedDict[int, weakref.ref[ReopenedStream]]" = OrderedDict()  # those that are open, the oldest first


class ReopenedStream(io.RawIOBase):
    """Reads what another stream holds; that one is closed when many others are read, and opened again when needed."""

    def __init__(self, open_stream: Callable[[], BinaryIO]) -> None:
        """Open it for the first time.

        Args:
            open_stream: gives a seekable stream of the same content at every call.
        """
        super().__init__()
        self._open_stream = open_stream
        self._lock = threading.Lock()
        self._stream: BinaryIO | None = None
        self._position = 0
        with self._lock:
            self._opened()

    def readable(self) -> bool:
        """As of every stream that is read."""
        return True

    def seekable(self) -> bool:
        """As its content is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go somewhere, without opening the stream where that is not needed."""
        if whence == io.SEEK_END:
            with self._lock:
                self._position = self._opened().seek(offset, whence)
        else:
            self._position = offset + (self._position if whence == io.SEEK_CUR else 0)
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read on from here."""
        with self._lock:
            stream = self._opened()
            stream.seek(self._position)
            found = stream.read(size)
        self._position += len(found)
        return found

    def close(self) -> None:
        """Close it for good."""
        with _pool_lock:
            _open.pop(id(self), None)
        with self._lock:
            self._release()
        super().close()

    def _opened(self) -> BinaryIO:
        """The stream; the caller holds the lock."""
        if self._stream is None:
            self._stream = self._open_stream()
        with _pool_lock:
            _open[id(self)] = weakref.ref(self)
            _open.move_to_end(id(self))
            oldest = [_open.popitem(last=False)[1]() for _ in range(len(_open) - _MAX_OPEN)]
        for other in oldest:
            # One that is being read now is left open; its next read puts it back into the pool.
            if other is not None and other is not self and other._lock.acquire(blocking=False):
                try:
                    other._release()
                finally:
                    other._lock.release()
        return self._stream

    def _release(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
