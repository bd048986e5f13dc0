"""What a compressed frame says of itself, read before any decoder believes it."""

import struct
from collections.abc import Collection
from dataclasses import dataclass, field

_JPEG_START = b"\xff\xd8"
_JPEG_2000_START = b"\xff\x4f\xff\x51"
_JP2_BOX = b"\x00\x00\x00\x0cjP  "
# Markers of frame headers. Source: ISO/IEC 10918-1, table B.1, and ISO/IEC 14495-1, table C.1.
LOSSY_JPEG, LOSSLESS_JPEG, JPEG_LS = frozenset({0xC0, 0xC1, 0xC2}), frozenset({0xC3}), frozenset({0xF7})
_FRAME_MARKERS = {*range(0xC0, 0xD0), *JPEG_LS} - {0xC4, 0xC8, 0xCC}  # the range holds tables too
_RUN_LENGTH_HEADER_BYTES = 64


@dataclass(frozen=True, slots=True)
class CodedSize:
    """Rows, columns and channels of a picture; sizes are equal whatever their depth."""

    rows: int
    columns: int
    channels: int
    bits: int = field(compare=False)  # of each number

    @property
    def samples(self) -> int:
        """How many numbers the picture holds."""
        return self.rows * self.columns * self.channels


def jpeg_size(frame: bytes, markers: Collection[int]) -> CodedSize | None:
    """The size in the frame header of a JPEG or JPEG-LS stream.

    Source: ISO/IEC 10918-1, B.2.2, and ISO/IEC 14495-1, C.2.2.

    Args:
        frame: the stream.
        markers: of the frame headers that are right here, such as LOSSLESS_JPEG.

    Returns:
        None where there is no such header.
    """
    offset = len(_JPEG_START)
    while frame.startswith(_JPEG_START) and offset + 10 <= len(frame) and frame[offset] == 0xFF:
        marker = frame[offset + 1]
        if marker in _FRAME_MARKERS:
            bits, rows, columns, channels = struct.unpack_from(">BHHB", frame, offset + 4)
            return CodedSize(rows, columns, channels, bits) if marker in markers else None
        # Fill bytes may stand before a marker; everything else says how long it is.
        offset += 1 if marker == 0xFF else 2 + int.from_bytes(frame[offset + 2 : offset + 4], "big")
    return None


def jpeg_2000_size(frame: bytes) -> CodedSize | None:
    """The size in the main header of a JPEG 2000 stream, alone or in a JP2 file; None where there is none.

    Source: ISO/IEC 15444-1, A.5.1 and annex I.
    """
    offset = 0
    if frame.startswith(_JP2_BOX):
        while frame[offset + 4 : offset + 8] != b"jp2c":
            length = int.from_bytes(frame[offset : offset + 4], "big")
            if length < 8 or offset + length >= len(frame):
                return None
            offset += length
        offset += 8
    if not frame.startswith(_JPEG_2000_START, offset) or len(frame) < offset + 43:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, offset + 8)
    channels, depth = struct.unpack_from(">HB", frame, offset + 40)
    return CodedSize(bottom - top, right - left, channels, (depth & 0x7F) + 1)


def run_length_bytes(frame: bytes) -> int:
    """How many bytes a frame of DICOM's run-length coding unpacks to, at most. Source: DICOM PS3.5, annex G."""
    total, offset = 0, _RUN_LENGTH_HEADER_BYTES
    end = len(frame)
    while offset < end:
        count = frame[offset]
        if count < 128:  # that many and one bytes follow as they are
            total += count + 1
            offset += count + 2
        elif count > 128:  # the next byte repeats
            total += 257 - count
            offset += 2
        else:
            offset += 1
    return total
