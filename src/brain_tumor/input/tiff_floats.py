"""TIFF files of floating-point numbers that Pillow does not know: 16 and 64 bits, the second of which NumPy writes."""

import contextlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

# TIFF 6.0, sections 8, 14 and 19.
_COLUMNS, _ROWS, BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _CHANNELS, _COUNTS, PLANES, _NUMBERS = 273, 277, 279, 284, 339
_NOT_COMPRESSED, _WHITE_IS_ZERO, SEPARATE, _FLOAT = 1, 0, 2, 3
_BIG = 43
_NAMES = {1: "integers", 2: "signed integers", 3: "floating-point numbers"}


class Tags:
    """What the first directory of a TIFF file says."""

    def __init__(self, data: bytes) -> None:
        """Parse it; one that cannot be read is empty."""
        self._tags: Any = {}
        self.order = "<" if data.startswith(b"II") else ">"
        # On damaged files Pillow raises nearly any type; its own reading says why.
        with contextlib.suppress(Exception):
            head = data[: 16 if _BIG in data[2:4] else 8]
            found = ImageFileDirectory_v2(head)
            stream = io.BytesIO(data)
            stream.seek(found.next)
            found.load(stream)
            self._tags = found

    def get(self, tag: int, default: int = 0) -> int:
        """A number, the first of several."""
        return (self.all(tag) or (default,))[0]

    def all(self, tag: int) -> tuple[int, ...]:
        """All numbers of a tag; none where it is missing or no number."""
        value = self._tags.get(tag, ())
        values = value if isinstance(value, tuple) else (value,)
        return tuple(item for item in values if isinstance(item, int))

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.get(_ROWS), self.get(_COLUMNS)

    @property
    def white_is_zero(self) -> bool:
        """Whether the smallest value is white."""
        return self.get(_PHOTOMETRIC, 1) == _WHITE_IS_ZERO

    @property
    def channels(self) -> int:
        """Numbers of a pixel."""
        return self.get(_CHANNELS, 1)

    @property
    def has_planes(self) -> bool:
        """Whether each channel is stored by itself."""
        return self.get(PLANES) == SEPARATE and self.channels > 1

    @property
    def is_compressed(self) -> bool:
        """Whether a decoder is needed."""
        return self.get(_COMPRESSION, _NOT_COMPRESSED) != _NOT_COMPRESSED

    @property
    def bits(self) -> int:
        """Of a number."""
        return self.get(BITS, 1)

    @property
    def is_rare(self) -> bool:
        """Whether pixels are numbers that Pillow does not know, and not of a damaged file."""
        is_number = self.get(_NUMBERS, 1) in _NAMES and self.bits in (16, 32, 64) and 1 <= self.channels <= 4
        return is_number and (self.get(_NUMBERS, 1) == _FLOAT or self.bits == 64 or self.channels > 1)

    def describe(self) -> str:
        """The kind of pixels in words."""
        numbers = f"{self.bits}-bit {_NAMES.get(self.get(_NUMBERS, 1), 'numbers')}"
        if self.channels == 1:
            return f"compressed {numbers}" if self.is_compressed else numbers
        lie = f"{'compressed' if self.is_compressed else 'stored'} {'separately' if self.has_planes else 'together'}"
        return f"{self.channels} channels of {numbers}, {lie}"


def read_floats(data: bytes, tags: Tags, name: str) -> NDArray[np.floating] | None:
    """The pixels of the first page, (rows, columns), where they are plain numbers that Pillow does not read.

    Args:
        data: the whole file.
        tags: of its first directory, whose size has been checked.
        name: used in messages only.

    Returns:
        None of any other file.

    Raises:
        ScanError: the file ends before its pixels do.
    """
    is_plain = tags.channels == 1 and not tags.is_compressed and bool(tags.all(_OFFSETS))
    if not is_plain or tags.get(_NUMBERS) != _FLOAT or tags.bits not in (16, 64):
        return None
    rows, columns = tags.size
    wanted, pixels = rows * columns * tags.bits // 8, bytearray()
    for at, count in zip(tags.all(_OFFSETS), tags.all(_COUNTS), strict=False):
        pixels += data[at : at + min(count, wanted - len(pixels))]
    if len(pixels) < wanted or not wanted:
        raise ScanError(name, Problem.DAMAGED, format="TIFF", found="image file is truncated")
    return np.frombuffer(bytes(pixels), f"{tags.order}f{tags.bits // 8}").reshape(rows, columns)
