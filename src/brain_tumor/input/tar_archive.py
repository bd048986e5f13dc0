"""What a tar archive holds: plain files only, with bounds that the standard library's reader does not have."""

import io
import tarfile
import threading
import weakref
from functools import partial
from typing import BinaryIO, cast

from brain_tumor.input.archive_entry import Entry
from brain_tumor.input.formats import read_limited
from brain_tumor.input.source_file import SourceFile

_BLOCK_BYTES = 512
# Names longer than 100 characters stand in blocks of their own; systems allow 4096 bytes.
_MAX_NAME_BYTES = 64 * 2**10
# Folders, links and long names have headers too.
_HEADERS_PER_FILE = 4
_GNU_NAME, _PAX, _PAX_FOR_ALL, _GNU_LINK = b"L", b"x", b"g", b"K"
_FILES = (b"0", b"\0", b"7")


def list_tar_entries(stream: BinaryIO, limit: int) -> list[Entry]:
    """The regular files, one more than the limit at most; links and devices are nothing that could be read.

    Args:
        stream: unpacked; it stays open as long as one of the entries is in use.
        limit: how many entries there may be.

    Raises:
        tarfile.TarError: a header is damaged.
        ValueError: a file reaches beyond the end, or a size is no number.
    """
    opened = _Opened(stream)
    end = stream.seek(0, io.SEEK_END)
    at, entries, name, size = 0, list[Entry](), None, None
    for _ in range(_HEADERS_PER_FILE * (limit + 1)):
        block = opened.read(at, _BLOCK_BYTES) if at + _BLOCK_BYTES <= end and len(entries) <= limit else b""
        if not block.strip(b"\0"):
            break  # the end is marked by blocks of zeros
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        start, length = at + _BLOCK_BYTES, header.size if size is None else size
        if length < 0 or start + length > end:
            raise ValueError("it is cut off")
        at = start + -(-length // _BLOCK_BYTES) * _BLOCK_BYTES
        if header.type == _GNU_NAME:
            name = opened.read(start, min(length, _MAX_NAME_BYTES)).rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif header.type == _PAX:
            name, size = _read_pax(opened.read(start, min(length, _MAX_NAME_BYTES)), name)
        elif header.type not in (_PAX_FOR_ALL, _GNU_LINK):
            if header.type in _FILES:
                entries.append(Entry(name or header.name, length, partial(_to_source, opened, start, length)))
            name = size = None
    return entries


def _read_pax(content: bytes, name: str | None) -> tuple[str | None, int | None]:
    """Path and size in a pax header. Source: POSIX.1-2017, pax, "pax Extended Header"."""
    size = None
    while content:
        length, _, _ = content.partition(b" ")
        record, content = content[: int(length)], content[int(length) :] if int(length) > 0 else b""
        key, _, value = record.partition(b" ")[2].rstrip(b"\n").partition(b"=")
        if key == b"path":
            name = value.decode("utf-8", "surrogateescape")
        elif key == b"size":
            size = int(value)
    return name, size


class _Opened:
    """A stream that several readers share."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()
        weakref.finalize(self, stream.close)

    def read(self, at: int, size: int) -> bytes:
        with self._lock:
            self._stream.seek(at)
            return self._stream.read(size)


class _Part(io.RawIOBase):
    """A file in the archive; no more than it holds is read."""

    def __init__(self, opened: _Opened, start: int, size: int) -> None:
        self._opened, self._start, self._size, self._at = opened, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._opened.read(self._start + self._at, max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _to_source(opened: _Opened, start: int, size: int, name: str) -> SourceFile:
    def open_part() -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Part(opened, start, size)))

    return SourceFile(name, lambda: read_limited(open_part(), size), open_part)
