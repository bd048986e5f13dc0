"""A file that can be read when it is needed, wherever it lies: on disk, in an archive, in an upload."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A file's name and how to get at its content, the same at every call; both functions raise ScanError."""

    name: str  # path or name as given; of a file in an archive, "archive.zip/inner/path"
    read: Callable[[], bytes]  # whole; of a file that is too large, one byte more than allowed
    open: Callable[[], BinaryIO] | None = None  # seekable; with it, volumes and archives are never held whole

    def stream(self) -> BinaryIO:
        """The content to read piece by piece; the caller closes it."""
        return self.open() if self.open else io.BytesIO(self.read())
