"""What a file is, by its first bytes, whatever its name says."""

import re
import struct
import zlib
from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from brain_tumor.input.dicom_signature import find_class, is_dicom

# A raw 4096 x 4096 slice at two bytes per pixel is 32 MiB; no single brain slice is larger.
MAX_SCAN_BYTES = 64 * 2**20
# 512 x 512 x 1000 voxels of four bytes. A .nii.gz of 1 MB can announce, and hold, far more.
MAX_VOLUME_BYTES = 2**30
# 500 pages of 512 x 512 at two bytes a pixel; the whole file is held while a page is decoded.
MAX_STACK_BYTES = 256 * 2**20
# Enough to tell every format apart; a DICOM file without a mark says what it is in its first elements.
HEAD_BYTES = 1024


class Kind(Enum):
    """What can be done with a file."""

    RASTER = auto()
    PAGES = auto()  # a picture, or a stack of them
    MATLAB = auto()
    DICOM = auto()
    VOLUME = auto()
    PACKED = auto()  # one file of another kind, compressed by gzip
    ARCHIVE = auto()
    UNSUPPORTED = auto()  # images, or what may hold some
    NO_IMAGE = auto()


@dataclass(frozen=True, slots=True)
class Format:
    """What a file's first bytes say it is."""

    kind: Kind
    # Of a raster image, Pillow's word; of one that is not supported or no image, a kind that problems.py has words for.
    name: str


# (offset, first bytes, what it is)
FORMATS: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Format(Kind.RASTER, "PNG")),
    (0, b"\xff\xd8\xff", Format(Kind.RASTER, "JPEG")),
    (0, b"BM", Format(Kind.RASTER, "BMP")),
    (0, b"II*\x00", Format(Kind.PAGES, "TIFF")),
    (0, b"MM\x00*", Format(Kind.PAGES, "TIFF")),
    (0, b"II+\x00", Format(Kind.PAGES, "TIFF")),  # BigTIFF
    (0, b"MM\x00+", Format(Kind.PAGES, "TIFF")),
    (8, b"WEBP", Format(Kind.RASTER, "WEBP")),
    (344, b"n+1\x00", Format(Kind.VOLUME, "NIfTI")),
    (344, b"ni1\x00", Format(Kind.VOLUME, "NIfTI header")),
    (4, b"n+2\x00", Format(Kind.VOLUME, "NIfTI")),
    (4, b"ni2\x00", Format(Kind.VOLUME, "NIfTI header")),
    (0, b"NRRD000", Format(Kind.VOLUME, "NRRD")),
    (0, b"PK\x03\x04", Format(Kind.ARCHIVE, "ZIP")),
    (0, b"PK\x05\x06", Format(Kind.ARCHIVE, "ZIP")),  # without files
    (257, b"ustar", Format(Kind.ARCHIVE, "TAR")),
    (0, b"GIF8", Format(Kind.RASTER, "GIF")),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format(Kind.RASTER, "JPEG2000")),
    (0, b"\xff\x4f\xff\x51", Format(Kind.RASTER, "JPEG2000")),  # without the box around it
    (0, b"MATLAB 7.3 MAT-file", Format(Kind.MATLAB, "MATLAB 7.3")),
    (0, b"MATLAB 5.0 MAT-file", Format(Kind.MATLAB, "MATLAB 5")),
    *((4, b"ftyp" + brand, Format(Kind.RASTER, "AVIF")) for brand in (b"avif", b"avis")),
    *((4, b"ftyp" + brand, Format(Kind.RASTER, "HEIF")) for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftyp", Format(Kind.NO_IMAGE, "video")),  # MPEG-4, QuickTime
    (0, b"\x1a\x45\xdf\xa3", Format(Kind.NO_IMAGE, "video")),  # Matroska
    (8, b"AVI ", Format(Kind.NO_IMAGE, "video")),
    (0, b"\x00\x00\x01\xba", Format(Kind.NO_IMAGE, "video")),  # MPEG
    (0, b"%PDF", Format(Kind.NO_IMAGE, "pdf")),
    (0, b"MZ", Format(Kind.NO_IMAGE, "program")),
    (0, b"\x7fELF", Format(Kind.NO_IMAGE, "program")),
    (0, b"\xca\xfe\xba\xbe", Format(Kind.NO_IMAGE, "program")),
    *((0, magic, Format(Kind.NO_IMAGE, "program")) for magic in (b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format(Kind.NO_IMAGE, "compound")),  # Thumbs.db, old Office documents
    (0, b"SQLite format 3\x00", Format(Kind.NO_IMAGE, "database")),
    (0, b"PAR1", Format(Kind.NO_IMAGE, "database")),
    (0, b"Rar!\x1a\x07", Format(Kind.UNSUPPORTED, "rar")),
    (0, b"7z\xbc\xaf\x27\x1c", Format(Kind.UNSUPPORTED, "7z")),
    (0, b"\xfd7zXZ\x00", Format(Kind.UNSUPPORTED, "xz")),
    (0, b"BZh", Format(Kind.UNSUPPORTED, "bz2")),
    (0, b"\x28\xb5\x2f\xfd", Format(Kind.UNSUPPORTED, "zst")),
    (0, b"CDF\x01", Format(Kind.UNSUPPORTED, "minc")),
    (0, b"\x89HDF\r\n\x1a\n", Format(Kind.UNSUPPORTED, "hdf5")),
    (0, b"8BPS", Format(Kind.UNSUPPORTED, "psd")),
    (0, b"\xff\x0a", Format(Kind.UNSUPPORTED, "jpeg_xl")),
    (0, b"\x00\x00\x00\x0cJXL ", Format(Kind.UNSUPPORTED, "jpeg_xl")),
    (0, b"!INTERFILE", Format(Kind.UNSUPPORTED, "interfile")),
    (0, b"# === DATA DESCRIPTION FILE", Format(Kind.UNSUPPORTED, "par_rec")),
    (0, b"\ntype = ", Format(Kind.UNSUPPORTED, "afni")),
    (0, b"type  = ", Format(Kind.UNSUPPORTED, "afni")),
    *((0, magic, Format(Kind.UNSUPPORTED, "netpbm")) for magic in (b"P4\n", b"P5\n", b"P6\n")),
    (0, b"SIMPLE  =", Format(Kind.UNSUPPORTED, "fits")),
    (0, b"version https://git-lfs", Format(Kind.UNSUPPORTED, "git_lfs")),
)

_GZIP = b"\x1f\x8b"
# MetaImage headers are text of these lines; the first two come first. Source: itk.org/Wiki/ITK/MetaIO/Documentation.
_META_IMAGE = re.compile(rb"\s*(ObjectType|ObjectSubType|Comment|NDims)[ \t]*=")
# Analyze 7.5: size of the header, then, at 40, the number of dimensions, then, at 70, the type of voxels.
_ANALYZE_BYTES, _ANALYZE_TYPES = 348, {2, 4, 8, 16, 32, 64, 128}
# MGH: version, width, height, depth, frames, type. Source: surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat.
_MGH_TYPES = {0, 1, 3, 4, 10}
# Bytes that text of any encoding holds: white space, and all from the space on.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SHORTEST_TEXT = 8  # fewer bytes are whatever their name says
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def find_format(head: bytes) -> Format | None:
    """What a file is.

    Args:
        head: its first HEAD_BYTES, or more.

    Returns:
        None where that is unknown.
    """
    head = head[:HEAD_BYTES]
    if is_dicom(head):
        return Format(Kind.DICOM, find_class(head))
    if head.startswith(_GZIP):
        return _find_packed(head)
    if found := next((found for offset, signature, found in FORMATS if head.startswith(signature, offset)), None):
        # Brands of the whole family may come first; the more exact one follows.
        return Format(Kind.RASTER, "AVIF") if found.name == "HEIF" and b"avif" in head[8:64] else found
    if _META_IMAGE.match(head) and b"NDims" in head:
        return Format(Kind.VOLUME, "MetaImage")
    if _is_analyze(head):
        return Format(Kind.VOLUME, "Analyze header")
    if _is_mgh(head):
        return Format(Kind.VOLUME, "MGH")
    return Format(Kind.NO_IMAGE, "text") if _is_text(head) else None


def max_bytes(found: Format | None) -> int:
    """How large a file may be: MAX_VOLUME_BYTES where its format can hold many slices, else MAX_SCAN_BYTES."""
    many = (Kind.DICOM, Kind.VOLUME, Kind.ARCHIVE, Kind.PACKED)
    if found and found.kind is Kind.PAGES:
        return MAX_STACK_BYTES
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


def _find_packed(head: bytes) -> Format:
    """What a gzip file holds, as far as its first bytes tell."""
    try:
        inner = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        inner = b""
    found = None if inner.startswith(_GZIP) else find_format(inner)
    if found is None or found.kind in (Kind.NO_IMAGE, Kind.UNSUPPORTED):
        return Format(Kind.VOLUME, "gzip")  # reading it will say why
    if found == Format(Kind.ARCHIVE, "TAR"):
        return Format(Kind.ARCHIVE, "TAR.GZ")
    # A volume is unpacked while it is read, so that it is never held whole.
    return found if found.name in ("NIfTI", "MGH") else Format(Kind.PACKED, found.name)


def _is_analyze(head: bytes) -> bool:
    if len(head) < _ANALYZE_BYTES:
        return False
    for order in "<>":
        size, dimensions, voxel_type = (
            struct.unpack_from(f"{order}{code}", head, at)[0] for code, at in (("i", 0), ("h", 40), ("h", 70))
        )
        if size == _ANALYZE_BYTES and 1 <= dimensions <= 7 and voxel_type in _ANALYZE_TYPES:
            return True
    return False


def _is_mgh(head: bytes) -> bool:
    if len(head) < 24:
        return False
    version, *sizes, voxel_type = struct.unpack_from(">6i", head)
    return version == 1 and min(sizes) > 0 and voxel_type in _MGH_TYPES


def _is_text(head: bytes) -> bool:
    if head.startswith(_UTF_16_MARKS):
        return True
    return len(head) >= _SHORTEST_TEXT and not _NO_TEXT.search(head)
