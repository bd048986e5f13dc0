"""A file that can be read when it is needed, wherever it lies: on disk, in an archive, in an upload."""

import copy
import io
import os
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import HEAD_BYTES, Format, find_format, max_bytes
from brain_tumor.problems import Problem

# Slices are read ahead, a few at a time; systems allow a process hundreds of open files.
_MAX_OPEN = 16
# The files whose first bytes were read last, each with what closes it; they stay open until they are read.
_open_files: "deque[weakref.finalize[[], SourceFile]]" = deque()


@dataclass(slots=True, weakref_slot=True, eq=False)
class SourceFile:
    """A file's name and how to get at its content, the same at every call; both functions raise ScanError."""

    name: str  # path or name as given; of a file in an archive, "archive.zip/inner/path"
    read: Callable[[], bytes]  # whole; of a file that is too large, one byte more than allowed
    open: Callable[[], BinaryIO] | None = None  # seekable; with it, volumes and archives are never held whole
    stays_open: bool = False  # between find_format() and what is read first, so that it is opened once
    is_found: bool = False  # by a search; otherwise somebody named it
    # A file beside it, by its name: the other half of a volume in two files. None where there is no such file.
    find_beside: "Callable[[str], SourceFile | None]" = lambda _: None
    _format: tuple[Format | None] | None = field(default=None, init=False)  # once it was found
    # The stream that stayed open, and what closes it when this source goes.
    _opened: "tuple[BinaryIO, weakref.finalize[[], SourceFile]] | None" = field(default=None, init=False)

    def find_format(self) -> Format | None:
        """What it is; its first bytes are read at the first call.

        Raises:
            ScanError: they cannot be read.
        """
        if self._format is None:
            self._format = (self._look(),)
        return self._format[0]

    def stream(self) -> BinaryIO:
        """The content to read piece by piece; the caller closes it."""
        return self._take_opened() or (self.open() if self.open else io.BytesIO(self.read()))

    def content(self) -> bytes:
        """As read(), without opening the file again or looking for its format again.

        Raises:
            ScanError: it cannot be read.
        """
        if not self.stays_open:
            return self.read()
        try:
            with self.stream() as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(0)
                return stream.read(min(size, max_bytes(self.find_format())) + 1)
        except OSError as error:
            raise ScanError(self.name, Problem.UNREADABLE, found=error.strerror) from None

    def _look(self) -> Format | None:
        try:
            stream = self.stream()
            try:
                found = find_format(stream.read(HEAD_BYTES))
                if self.stays_open:
                    stream.seek(0)
            except BaseException:
                stream.close()
                raise
        except ScanError:
            raise
        except Exception as error:
            # Without the library's words, which repeat the name.
            raise ScanError(self.name, Problem.BROKEN_SOURCE, found=type(error).__name__) from None
        if self.stays_open:
            self._keep_open(stream)
        else:
            stream.close()
        return found

    def _keep_open(self, stream: BinaryIO) -> None:
        closing = weakref.finalize(self, stream.close)
        self._opened = stream, closing
        _open_files.append(closing)
        while len(_open_files) > _MAX_OPEN:
            _open_files.popleft()()  # closes it, unless it was taken

    def _take_opened(self) -> BinaryIO | None:
        """The stream that stayed open, given once; None where there is none."""
        opened, self._opened = self._opened, None
        return opened[0] if opened and opened[1].detach() else None


def refuse(error: ScanError) -> Callable[[], NoReturn]:
    """A function that raises such an error at every call."""
    kept = copy.copy(error)  # the traceback would keep the file's content in memory

    def raise_it() -> NoReturn:
        raise copy.copy(kept)

    return raise_it


def refused_source(error: ScanError) -> SourceFile:
    """A source that cannot be read."""
    raise_it = refuse(error)
    return SourceFile(error.name, raise_it, raise_it)
