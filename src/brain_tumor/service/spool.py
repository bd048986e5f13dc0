"""What a request uploads: in memory while it is small, else in one temporary file without a name."""

import contextlib
import io
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, cast

from brain_tumor.input.formats import read_limited
from brain_tumor.input.source_file import SourceFile
from brain_tumor.service.refusals import Refusal, RefusedError

# Of each request: four 512 x 512 slices of two bytes. With 128 requests at a time, 256 MiB in all.
IN_MEMORY_BYTES = 2 * 2**20
_MIB = 2**20


class Storage:
    """How much all requests together may keep; used by one thread only, the event loop's."""

    def __init__(self, limit_mib: int) -> None:
        self._limit = limit_mib * _MIB
        self.used_bytes = 0

    def take(self, size: int, retry_after_s: int) -> None:
        """Count bytes that are to be kept.

        Raises:
            RefusedError: there is no room for them.
        """
        if self.used_bytes + size > self._limit:
            raise RefusedError(Refusal.NO_ROOM, retry_after_s=retry_after_s, found=f"{self._limit // _MIB} MiB")
        self.used_bytes += size

    def give_back(self, size: int) -> None:
        """Bytes that are not kept any more."""
        self.used_bytes -= size


class Spool:
    """All files of one request, one behind the other; nothing of it is left once it is closed.

    One file, since 128 requests of 500 files each would need more open files than a process may have.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close()
        self._lock = threading.Lock()
        self.size_bytes = 0

    def append(self, data: bytes | memoryview) -> None:
        """Keep more bytes.

        Raises:
            RefusedError: the folder for temporary files is full.
        """
        with _as_no_room():
            self._file.write(data)
        self.size_bytes += len(data)

    def finish(self) -> None:
        """Write what is still buffered; nothing is appended after that.

        Raises:
            RefusedError: the folder for temporary files is full.
        """
        with _as_no_room():
            self._file.flush()

    def read_at(self, position: int, size: int) -> bytes:
        """Bytes from a position; from any thread.

        Raises:
            ValueError: the request is over.
        """
        with self._lock:
            self._file.seek(position)
            return self._file.read(size)

    def close(self) -> None:
        """Let go of everything; who still reads gets a ValueError."""
        with self._lock, contextlib.suppress(OSError):  # there is no room for what is still buffered
            self._file.close()


@contextlib.contextmanager
def _as_no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusedError(Refusal.NO_ROOM, retry_after_s=60, found=error.strerror or "no reason given") from None


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request."""

    name: str  # as it was sent; of several with one name, all but the first with a number
    number: int  # of the file in the request, counted from 1
    spool: Spool
    begin: int  # in the spool
    size: int

    def to_source(self, beside: "Mapping[str, Upload] | None" = None) -> SourceFile:
        """The file as `open_series` takes it.

        Args:
            beside: all files of the request by name, among them the other half of a volume in two files.
        """

        def find_beside(name: str) -> SourceFile | None:
            other = (
                (beside or {}).get(str(PurePath(self.name).with_name(name))) if PurePath(name).name == name else None
            )
            return other.to_source(beside) if other else None

        return SourceFile(self.name, self._read, self._open, find_beside=find_beside)

    def _open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Section(self)))

    def _read(self) -> bytes:
        with self._open() as stream:
            return read_limited(stream, self.size)


class _Section(io.RawIOBase):
    """A view of one upload with a position of its own."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._upload.size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the start")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        left = max(0, self._upload.size - self._position)
        data = self._upload.spool.read_at(self._upload.begin + self._position, min(len(buffer), left))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
