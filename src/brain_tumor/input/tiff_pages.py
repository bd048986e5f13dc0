"""Where the pages of a TIFF file lie, found without a decoder that would follow an endless chain."""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

# As many slices as a volume may have along a plane.
MAX_PAGES = 4096
# Pictures have up to some 60; text and coordinates of microscopes stand in values, not in entries.
_MAX_ENTRIES = 1024
_SUBFILE, _WIDTH, _HEIGHT = 254, 256, 257
# Bits of the tag NewSubfileType: a smaller copy of another page, and a mask. Source: TIFF 6.0, section 8.
_NO_PICTURE = 0b101
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Page:
    """One picture in the file."""

    offset: int  # of its directory
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a file."""

    found: list[Page]
    is_cut_off: bool  # whether there were more, in a part of the file that is not there


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers are stored: TIFF 6.0, section 2, and BigTIFF, which has 64 bits where TIFF has 32."""

    order: str
    is_big: bool

    @property
    def first_at(self) -> int:
        return 8 if self.is_big else 4

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(f"{self.order}{'Q' if self.is_big else 'I'}")

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(f"{self.order}{'Q' if self.is_big else 'H'}")

    @property
    def entry(self) -> struct.Struct:  # tag, type, count, value
        return struct.Struct(f"{self.order}{'HHQ8s' if self.is_big else 'HHI4s'}")


def find_pages(stream: BinaryIO) -> Pages:
    """The pages of a file, without smaller copies and masks; one more than MAX_PAGES at most.

    Args:
        stream: seekable.

    Returns:
        No page where the first directory cannot be read: a decoder says why. A chain that leads back ends there.
    """
    end = stream.seek(0, io.SEEK_END)
    layout = _read_layout(stream)
    stream.seek(layout.first_at)
    at = _unpack(layout.offset, stream.read(layout.offset.size))
    pages, seen = list[Page](), set[int]()
    # Smaller copies count, so that a chain of them ends too.
    while 0 < at < end and at not in seen and len(seen) <= 2 * MAX_PAGES and len(pages) <= MAX_PAGES:
        seen.add(at)
        stream.seek(at)
        count = _unpack(layout.count, stream.read(layout.count.size))
        directory = stream.read(min(count, _MAX_ENTRIES) * layout.entry.size)
        if not count or len(directory) < count * layout.entry.size:
            return Pages(pages, bool(pages) and stream.tell() == end)
        tags = _read_tags(directory, layout)
        if not tags.get(_SUBFILE, 0) & _NO_PICTURE:
            pages.append(Page(at, tags.get(_HEIGHT, 0), tags.get(_WIDTH, 0)))
        following = stream.read(layout.offset.size)
        at = _unpack(layout.offset, following) if len(following) == layout.offset.size else end
    return Pages(pages, bool(pages) and at >= end)


def with_first_page(data: bytes, page: Page) -> bytes:
    """The file with a page as its first one, which decoders show."""
    layout = _read_layout(io.BytesIO(data))
    changed = bytearray(data)
    layout.offset.pack_into(changed, layout.first_at, page.offset)
    return bytes(changed)


def _read_layout(stream: BinaryIO) -> _Layout:
    stream.seek(0)
    head = stream.read(4)
    order = "<" if head.startswith(b"II") else ">"
    return _Layout(order, _unpack(struct.Struct(f"{order}H"), head[2:]) == 43)


def _read_tags(directory: bytes, layout: _Layout) -> dict[int, int]:
    tags = {}
    for tag, kind, _, value in layout.entry.iter_unpack(directory):
        if tag in (_SUBFILE, _WIDTH, _HEIGHT):
            (tags[tag],) = struct.unpack_from(f"{layout.order}{'H' if kind == _SHORT else 'I'}", value)
    return tags


def _unpack(number: struct.Struct, data: bytes) -> int:
    """0 where the file ends before it."""
    return int(number.unpack(data)[0]) if len(data) == number.size else 0
