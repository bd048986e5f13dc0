"""Bytes in, one Scan out: the bytes decide the format, the name only appears in messages."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_signature import is_dicom
from brain_tumor.input.nifti import MAX_VOLUME_BYTES, open_nifti
from brain_tumor.input.raster import read_raster
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import ReadOptions, Slice

ACCEPTED = "PNG, JPEG, BMP, TIFF and WebP images, DICOM files, NIfTI volumes and ZIP archives of them"

# A raw 4096 x 4096 slice at two bytes per pixel is 32 MiB; no single brain slice is larger.
MAX_SCAN_BYTES = 64 * 2**20
# Enough to tell every format apart; a DICOM file without a mark says what it is in its first elements.
HEAD_BYTES = 1024


class Kind(Enum):
    """What can be done with a file."""

    RASTER = auto()
    DICOM = auto()
    VOLUME = auto()
    ARCHIVE = auto()
    UNREAD = auto()


@dataclass(frozen=True, slots=True)
class Format:
    """What a file's first bytes say it is."""

    kind: Kind
    name: str  # of a raster image, Pillow's word; else what a person calls it


# (offset, first bytes, what it is)
_SIGNATURES: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Format(Kind.RASTER, "PNG")),
    (0, b"\xff\xd8\xff", Format(Kind.RASTER, "JPEG")),
    (0, b"BM", Format(Kind.RASTER, "BMP")),
    (0, b"II*\x00", Format(Kind.RASTER, "TIFF")),
    (0, b"MM\x00*", Format(Kind.RASTER, "TIFF")),
    (0, b"II+\x00", Format(Kind.RASTER, "TIFF")),  # BigTIFF
    (0, b"MM\x00+", Format(Kind.RASTER, "TIFF")),
    (8, b"WEBP", Format(Kind.RASTER, "WEBP")),
    (344, b"n+1\x00", Format(Kind.VOLUME, "a NIfTI volume")),
    (344, b"ni1\x00", Format(Kind.VOLUME, "the header of a NIfTI volume")),
    (4, b"n+2\x00", Format(Kind.VOLUME, "a NIfTI volume")),
    (4, b"ni2\x00", Format(Kind.VOLUME, "the header of a NIfTI volume")),
    (0, b"\x1f\x8b", Format(Kind.VOLUME, "a gzip file")),
    (0, b"PK\x03\x04", Format(Kind.ARCHIVE, "a ZIP archive")),
    (0, b"PK\x05\x06", Format(Kind.ARCHIVE, "an empty ZIP archive")),
    (0, b"%PDF", Format(Kind.UNREAD, "a PDF document")),
    (0, b"GIF8", Format(Kind.UNREAD, "a GIF animation")),
    (0, b"Rar!\x1a\x07", Format(Kind.UNREAD, "a RAR archive")),
    (0, b"7z\xbc\xaf\x27\x1c", Format(Kind.UNREAD, "a 7z archive")),
    (4, b"ftyp", Format(Kind.UNREAD, "a HEIC, AVIF or video file")),
    (
        0,
        b"version https://git-lfs",
        Format(Kind.UNREAD, "a Git LFS pointer, not the image itself (run 'git lfs pull')"),
    ),
)


def find_format(head: bytes) -> Format | None:
    """What a file is, by its first HEAD_BYTES; None where that is unknown."""
    if is_dicom(head):
        return Format(Kind.DICOM, "a DICOM file")
    return next((found for offset, signature, found in _SIGNATURES if head.startswith(signature, offset)), None)


def read_limited(stream: BinaryIO, size: int = MAX_VOLUME_BYTES) -> bytes:
    """A seekable stream's content from its start; of one above its format's limit, one byte more than that.

    size: of the whole content where that is known, since some streams set aside all the memory that is asked for.
    """
    limit = _limit(find_format(stream.read(HEAD_BYTES)))
    stream.seek(0)
    return stream.read(min(size, limit) + 1)


def check_size(data: bytes, name: str) -> Format | None:
    """The format of a file's content; raises ScanError when it is empty or too large for it.

    A raster image may have MAX_SCAN_BYTES; what can hold many slices, MAX_VOLUME_BYTES.
    """
    found = find_format(data[:HEAD_BYTES])
    if not data:
        raise ScanError(f"{name}: the file is empty; export the image again")
    if len(data) > (limit := _limit(found)):
        raise ScanError(
            f"{name}: is larger than the {limit // 2**20} MiB that are read; export one slice as its own file"
        )
    return found


def read_scan(data: bytes, name: str, options: ReadOptions | None = None) -> Scan:
    """Read the content of a file that holds one image.

    data: the whole file; of one that is too large, one byte more than allowed is enough; see check_size.
    name: used in messages only. options: which window and plane, by default the file's own.
    Raises ScanError when the file is empty, too large, of a format that is not read, damaged, or holds several slices.
    """
    found = check_size(data, name)
    if found is None:
        raise ScanError(f"{name}: is not an image file this version knows; it reads {ACCEPTED}")
    if found.kind is Kind.RASTER:
        return read_raster(data, name, found.name)
    slices = _list_slices(data, name, found, options or ReadOptions())
    if len(slices) != 1:
        raise _several(name, f"holds {len(slices)} slices")
    return slices[0].read()


def _list_slices(data: bytes, name: str, found: Format, options: ReadOptions) -> tuple[Slice, ...]:
    if found.kind is Kind.DICOM:
        from brain_tumor.input.dicom import list_slices, read_header  # pydicom is slow to import

        return list_slices(lambda: data, read_header(data, name), name, options)
    if found.kind is Kind.VOLUME:
        return open_nifti(data, name, options).slices
    if found.kind is Kind.ARCHIVE:
        raise _several(name, f"is {found.name}")
    raise ScanError(f"{name}: is {found.name}; {ACCEPTED} are read: export the slice as one of them")


def _several(name: str, found: str) -> ScanError:
    return ScanError(
        f"{name}: {found}, one image is needed here; 'brain-tumor predict', and in Python open_series(), read them all"
    )


def _limit(found: Format | None) -> int:
    many = (Kind.DICOM, Kind.VOLUME, Kind.ARCHIVE)
    return MAX_VOLUME_BYTES if found and found.kind in many else MAX_SCAN_BYTES
