"""Bytes in, one Scan out: the bytes decide the format, the name only appears in messages."""

from brain_tumor.errors import ScanError
from brain_tumor.input.raster import read_raster
from brain_tumor.input.scan import Scan

ACCEPTED = "PNG, JPEG, BMP, TIFF and WebP images"

# A raw 4096 x 4096 slice at two bytes per pixel is 32 MiB; no single brain slice is larger.
MAX_SCAN_BYTES = 64 * 2**20

# (offset, first bytes, raster?, what a person calls it)
_SIGNATURES: tuple[tuple[int, bytes, bool, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", True, "PNG"),
    (0, b"\xff\xd8\xff", True, "JPEG"),
    (0, b"BM", True, "BMP"),
    (0, b"II*\x00", True, "TIFF"),
    (0, b"MM\x00*", True, "TIFF"),
    (0, b"II+\x00", True, "TIFF"),  # BigTIFF
    (0, b"MM\x00+", True, "TIFF"),
    (8, b"WEBP", True, "WEBP"),
    (128, b"DICM", False, "a DICOM file"),
    (344, b"n+1\x00", False, "a NIfTI volume"),
    (344, b"ni1\x00", False, "the header of a NIfTI volume"),
    (4, b"n+2\x00", False, "a NIfTI volume"),
    (0, b"\x1f\x8b", False, "a gzip archive (perhaps a .nii.gz volume)"),
    (0, b"PK\x03\x04", False, "a ZIP archive"),
    (0, b"%PDF", False, "a PDF document"),
    (0, b"GIF8", False, "a GIF animation"),
    (4, b"ftyp", False, "a HEIC, AVIF or video file"),
    (0, b"version https://git-lfs", False, "a Git LFS pointer, not the image itself (run 'git lfs pull')"),
)


def read_scan(data: bytes, name: str) -> Scan:
    """Read the content of one image file.

    data: the whole file; of one above MAX_SCAN_BYTES, one byte more than that is enough.
    name: used in messages only.
    Raises ScanError when the file is empty, too large, of a format that is not read, or damaged.
    """
    if not data:
        raise ScanError(f"{name}: the file is empty; export the image again")
    if len(data) > MAX_SCAN_BYTES:
        raise ScanError(
            f"{name}: is larger than the {MAX_SCAN_BYTES // 2**20} MiB that are read; export one slice as its own file"
        )
    for offset, signature, raster, kind in _SIGNATURES:
        if data.startswith(signature, offset):
            if raster:
                return read_raster(data, name, kind)
            raise ScanError(f"{name}: is {kind}; {ACCEPTED} are read: export the slice as one of them")
    raise ScanError(f"{name}: is not an image file this version knows; it reads {ACCEPTED}")
