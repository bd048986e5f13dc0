"""What a file is, by its first bytes, whatever its name says."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from brain_tumor.input.dicom_signature import is_dicom

# A raw 4096 x 4096 slice at two bytes per pixel is 32 MiB; no single brain slice is larger.
MAX_SCAN_BYTES = 64 * 2**20
# 512 x 512 x 1000 voxels of four bytes. A .nii.gz of 1 MB can announce, and hold, far more.
MAX_VOLUME_BYTES = 2**30
# Enough to tell every format apart; a DICOM file without a mark says what it is in its first elements.
HEAD_BYTES = 1024


class Kind(Enum):
    """What can be done with a file."""

    RASTER = auto()
    DICOM = auto()
    VOLUME = auto()
    ARCHIVE = auto()
    UNSUPPORTED = auto()


@dataclass(frozen=True, slots=True)
class Format:
    """What a file's first bytes say it is."""

    kind: Kind
    name: str  # of a raster image, Pillow's word; of one that is not supported, a kind that problems.py has words for


# (offset, first bytes, what it is)
FORMATS: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Format(Kind.RASTER, "PNG")),
    (0, b"\xff\xd8\xff", Format(Kind.RASTER, "JPEG")),
    (0, b"BM", Format(Kind.RASTER, "BMP")),
    (0, b"II*\x00", Format(Kind.RASTER, "TIFF")),
    (0, b"MM\x00*", Format(Kind.RASTER, "TIFF")),
    (0, b"II+\x00", Format(Kind.RASTER, "TIFF")),  # BigTIFF
    (0, b"MM\x00+", Format(Kind.RASTER, "TIFF")),
    (8, b"WEBP", Format(Kind.RASTER, "WEBP")),
    (344, b"n+1\x00", Format(Kind.VOLUME, "NIfTI")),
    (344, b"ni1\x00", Format(Kind.VOLUME, "NIfTI header")),
    (4, b"n+2\x00", Format(Kind.VOLUME, "NIfTI")),
    (4, b"ni2\x00", Format(Kind.VOLUME, "NIfTI header")),
    (0, b"\x1f\x8b", Format(Kind.VOLUME, "gzip")),
    (0, b"PK\x03\x04", Format(Kind.ARCHIVE, "ZIP")),
    (0, b"PK\x05\x06", Format(Kind.ARCHIVE, "ZIP")),  # without files
    (0, b"%PDF", Format(Kind.UNSUPPORTED, "pdf")),
    (0, b"GIF8", Format(Kind.UNSUPPORTED, "gif")),
    (0, b"Rar!\x1a\x07", Format(Kind.UNSUPPORTED, "rar")),
    (0, b"7z\xbc\xaf\x27\x1c", Format(Kind.UNSUPPORTED, "7z")),
    (4, b"ftyp", Format(Kind.UNSUPPORTED, "heic")),
    (0, b"version https://git-lfs", Format(Kind.UNSUPPORTED, "git_lfs")),
)


def find_format(head: bytes) -> Format | None:
    """What a file is.

    Args:
        head: its first HEAD_BYTES, or more.

    Returns:
        None where that is unknown.
    """
    if is_dicom(head[:HEAD_BYTES]):
        return Format(Kind.DICOM, "DICOM")
    return next((found for offset, signature, found in FORMATS if head.startswith(signature, offset)), None)


def max_bytes(found: Format | None) -> int:
    """How large a file may be: MAX_VOLUME_BYTES where its format can hold many slices, else MAX_SCAN_BYTES."""
    many = (Kind.DICOM, Kind.VOLUME, Kind.ARCHIVE)
    return MAX_VOLUME_BYTES if found and found.kind in many else MAX_SCAN_BYTES


def read_limited(stream: BinaryIO, size: int = MAX_VOLUME_BYTES) -> bytes:
    """A seekable stream's content from its start; of one above its format's limit, one byte more than that.

    Args:
        stream: which stands at its start.
        size: of the whole content where that is known, since some streams set aside all the memory that is asked for.
    """
    limit = max_bytes(find_format(stream.read(HEAD_BYTES)))
    stream.seek(0)
    return stream.read(min(size, limit) + 1)
