"""Pictures of all formats that Pillow and its plug-ins decode."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from brain_tumor.errors import ScanError
from brain_tumor.input.deep_colour import is_deep_colour, read_deep_colour
from brain_tumor.input.heif import add_heif
from brain_tumor.input.jpeg_limits import MAX_SCANS, has_too_many_scans
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.input.tiff_floats import Tags, read_floats
from brain_tumor.problems import Problem

# Larger than any slice or phone photo (5000 x 5000); a header can promise far more than the file holds.
MAX_SCAN_PIXELS = 25_000_000
# Of a picture one pixel wide, Pillow would take eight times the memory of its pixels for the addresses of its rows.
MAX_SIDE_PX = 65_535
# An average over this many pixels a side tells colour from grey; full size would only cost time.
_CHROMA_SIDE_PX = 128
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
# A phone's files may carry further views of the same picture.
_WITH_OTHER_VIEWS = ("MPO", "HEIF")
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF 6.0, section 8

# What Pillow thinks of a damaged file is in the ScanError, not on the terminal of the user. At its most
# talkative it logs the value of every tag, and a patient's name may be among them.
logging.getLogger("PIL").addHandler(logging.NullHandler())
logging.getLogger("PIL").setLevel(logging.INFO)


def read_raster(
    data: bytes, name: str, file_format: str, values: tuple[float, float] | None = None, is_page: bool = False
) -> Scan:
    """Decode one image of the format that its first bytes announce.

    8-bit values are divided by 255. Deeper values are divided by the largest value of the smallest
    bit depth that holds them all, because 12-bit scanners write 0 to 4095 into 16-bit files. Floating-point values
    within 0 to 1 are kept, others are stretched from the smallest, black, to the largest, white; what is no number
    becomes black.
    Transparent pixels become black, the EXIF orientation is applied, colour becomes ITU-R 601 luma.

    Args:
        data: the whole file.
        name: used in messages only.
        file_format: Pillow's word for it, of a Format.
        values: smallest and largest value of the pictures that share one scale of grey; None of one alone.
        is_page: whether the first of several pages is the picture that is meant.

    Raises:
        ScanError: the file is damaged, holds several frames or another pixel type, or has more than MAX_SCAN_PIXELS,
            MAX_SIDE_PX, or MAX_SCANS of a JPEG.
    """
    # warnings.catch_warnings would change the filters of every thread, and mix them up when two files are read at once.
    warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
    if file_format == "JPEG" and has_too_many_scans(data):
        raise ScanError(name, Problem.TOO_MANY_SCANS, limit=MAX_SCANS)
    tags = _read_tags(data, name) if file_format == "TIFF" else None
    if tags is not None and (floats := read_floats(data, tags, name)) is not None:
        scaled = _scale_float(floats, values, name)
        return Scan(1 - scaled if tags.white_is_zero else scaled, 0.0, file_format)
    with _open(data, name, file_format, is_page) as image:
        deep = read_deep_colour(image, data, file_format) if is_deep_colour(image) else None
        if deep is not None:
            return Scan(*deep, file_format)
        image.load()
        _apply_orientation(image)
        return Scan(*_to_grey(image, name, values), file_format)


def read_value_range(data: bytes, name: str, file_format: str) -> tuple[float, float] | None:
    """The smallest and the largest value of a picture of deep or floating-point grey; None of any other.

    Raises:
        ScanError: as read_raster does.
    """
    values: NDArray[Any] | None = read_floats(data, _read_tags(data, name), name) if file_format == "TIFF" else None
    if values is None:
        with _open(data, name, file_format, is_page=True) as image:
            if image.mode not in (*_DEEP_MODES, "F"):
                return None
            image.load()
            values = np.asarray(image)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else None


def _read_tags(data: bytes, name: str) -> Tags:
    """What a TIFF file says of its first page, whose pixels can be read."""
    tags = Tags(data)
    check_pixels(*tags.size, name)
    # Pillow takes the two bytes of such numbers for two pixels.
    if tags.has_planes and tags.bits > 8 and (tags.is_compressed or tags.channels not in (3, 4)):
        raise ScanError(name, Problem.PIXEL_KIND, found=tags.describe())
    return tags


@contextlib.contextmanager
def _open(data: bytes, name: str, file_format: str, is_page: bool) -> Iterator[Image.Image]:
    """An image whose header is checked; what Pillow raises in the block becomes a ScanError."""
    try:
        if file_format == "HEIF":
            add_heif(name)
        with Image.open(io.BytesIO(data), formats=[file_format]) as image:
            _check_header(image, name, is_page)
            yield image
    except ScanError:
        raise
    except UnidentifiedImageError:
        if file_format == "TIFF" and (tags := Tags(data)).is_rare:
            raise ScanError(name, Problem.PIXEL_KIND, found=tags.describe()) from None
        raise ScanError(name, Problem.DAMAGED, format=file_format, found="its header cannot be read") from None
    except Image.DecompressionBombError:
        raise too_many_pixels(name, "more than 178 million") from None
    except Exception as error:
        # On damaged files Pillow raises nearly any type (struct.error and AssertionError among them),
        # and one bad file must never end a batch or a server's session.
        why = str(error) or type(error).__name__
        raise ScanError(name, Problem.DAMAGED, format=file_format, found=why) from None


def check_pixels(rows: int, columns: int, name: str) -> None:
    """Refuse a picture with too many pixels.

    Raises:
        ScanError: it has more than MAX_SCAN_PIXELS, or more than MAX_SIDE_PX in a row or column.
    """
    if rows * columns > MAX_SCAN_PIXELS:
        raise too_many_pixels(name, f"{columns} x {rows}")
    if max(rows, columns) > MAX_SIDE_PX:
        raise ScanError(name, Problem.SIDE_TOO_LONG, found=f"{columns} x {rows}", limit=MAX_SIDE_PX)


def too_many_pixels(name: str, found: str) -> ScanError:
    """The error for a picture of more than MAX_SCAN_PIXELS."""
    return ScanError(name, Problem.TOO_MANY_PIXELS, found=found, limit_millions=MAX_SCAN_PIXELS // 10**6)


def to_luma_and_chroma(rgb: NDArray[np.uint8]) -> tuple[FloatArray, float]:
    """Reduce colours to ITU-R 601 luma.

    Args:
        rgb: (rows, columns, 3).

    Returns:
        The luma, (rows, columns), 0 to 1, and a Scan's chroma.
    """
    return _luma_and_chroma(Image.fromarray(np.ascontiguousarray(rgb)))


def to_jpeg_and_back(pixels: FloatArray, quality: int) -> FloatArray:
    """What JPEG at one of Pillow's qualities, 1 to 95, leaves of grey pixels, (rows, columns), 0 to 1."""
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return read_raster(file.getvalue(), "compressed scan", "JPEG").pixels


def _check_header(image: Image.Image, name: str, is_page: bool) -> None:
    columns, rows = image.size
    check_pixels(rows, columns, name)
    # Not n_frames: to count them, Pillow follows a chain that a hostile TIFF can make very long.
    # Of several views, the first is the picture.
    if not is_page and getattr(image, "is_animated", False) and image.format not in _WITH_OTHER_VIEWS:
        raise ScanError(name, Problem.SEVERAL_FRAMES)


def _apply_orientation(image: Image.Image) -> None:
    # A picture whose EXIF block cannot be read is shown as stored, as browsers do.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _to_grey(image: Image.Image, name: str, values: tuple[float, float] | None) -> tuple[FloatArray, float]:
    if image.mode in (*_DEEP_MODES, "F"):
        white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        scaled = (_scale_float if image.mode == "F" else _scale_deep)(np.asarray(image), values, name)
        # Pillow inverts such pictures itself when they are 8 bits deep, and only then.
        return 1 - scaled if white_is_zero else scaled, 0.0
    if image.mode == "La":
        image = image.convert("LA")  # Pillow knows no direct way from premultiplied grey to anything else
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        opaque = Image.new("RGB", image.size)
        opaque.paste(image, mask=image)
        image.close()  # it may weigh 100 MB
        image = opaque
    if image.mode not in ("1", "L"):
        return _luma_and_chroma(image if image.mode == "RGB" else image.convert("RGB"))
    return _to_unit(image if image.mode == "L" else image.convert("L")), 0.0


def _scale_deep(stored: np.ndarray, values: tuple[float, float] | None, name: str) -> FloatArray:
    low, high = int(stored.min()), int(stored.max())
    if low < 0 or high > 2**16 - 1:
        raise ScanError(name, Problem.VALUES_OUT_OF_RANGE, low=low, high=high)
    bits = max(8, high.bit_length(), int(values[1]).bit_length() if values else 0)
    scaled: FloatArray = stored.astype(np.float32)
    scaled /= np.float32(2**bits - 1)
    return scaled


def _scale_float(stored: np.ndarray, values: tuple[float, float] | None, name: str) -> FloatArray:
    known = np.isfinite(stored)
    if not known.any():
        raise ScanError(name, Problem.NOT_FINITE)
    low, high = values or (float(stored[known].min()), float(stored[known].max()))
    if low >= 0 and high <= 1:
        return np.where(known, stored, 0).astype(np.float32)
    # Halves: the distance between two very large floats would be infinite.
    halves = np.where(known, stored, low).astype(np.float64) / 2
    scaled: FloatArray = ((halves - low / 2) / (high / 2 - low / 2 or 1.0)).astype(np.float32)
    return np.clip(scaled, 0, 1)


def _luma_and_chroma(image: Image.Image) -> tuple[FloatArray, float]:
    """Of an RGB image that nobody needs any more: it is made small in place, for it may weigh 100 MB."""
    grey = image.convert("L")
    image.thumbnail((_CHROMA_SIDE_PX, _CHROMA_SIDE_PX))
    channels = np.asarray(image, dtype=np.float32) / np.float32(255)
    return _to_unit(grey), float((channels.max(axis=2) - channels.min(axis=2)).mean())


def _to_unit(image: Image.Image) -> FloatArray:
    grey = np.array(image, dtype=np.float32)
    grey /= np.float32(255)
    return grey
