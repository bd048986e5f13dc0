"""Colour pictures of 16 bits a channel, whose lower eight Pillow drops."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from brain_tumor.input.scan import FloatArray
from brain_tumor.input.tiff_floats import BITS, PLANES, SEPARATE

# ITU-R 601, as in Pillow's own conversion to grey.
_LUMA = (0.299, 0.587, 0.114)
_DEEPEST = 2**16 - 1
_BAND_PIXELS = 2**20
_CHROMA_SIDE_PX = 128
# What Pillow calls the order of the two bytes of a number, and the order that gives it the byte which it drops.
_OTHER_ORDER = {"16B": "16L", "16L": "16B", "16N": "16B" if np.little_endian else "16L"}
_GREY_AND_ALPHA = "LA;16B"


def is_deep_colour(image: Image.Image) -> bool:
    """Whether an image that was opened, and not loaded yet, has several channels of 16 bits each."""
    raw = _raw_mode(image)
    is_deep = raw == _GREY_AND_ALPHA or (raw.startswith("RGB") and raw.rpartition(";")[2] in _OTHER_ORDER)
    return is_deep or _has_deep_planes(image)


def _has_deep_planes(image: Image.Image) -> bool:
    """Whether each channel of 16 bits is stored by itself: Pillow would take its numbers for two pixels each."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(PLANES) == SEPARATE and set(tags.get(BITS, ())) == {16} and _raw_mode(image) == "R"


def read_deep_colour(image: Image.Image, data: bytes, file_format: str) -> tuple[FloatArray, float] | None:
    """The luma, (rows, columns), 0 to 1, and a Scan's chroma.

    As for one channel, values are divided by the largest value of the smallest bit depth that holds them all, because
    12-bit scanners write 0 to 4095 into 16-bit files. Transparent pixels become black; an alpha channel that is opaque
    nowhere is none.

    Args:
        image: of `is_deep_colour`, opened and not loaded yet; it is not changed.
        data: the same file.
        file_format: Pillow's word for it.

    Returns:
        None where the values need all 16 bits and Pillow's own reading is right.
    """
    high, low = _decode(data, file_format, False), _decode(data, file_format, True)
    columns, rows = high.size
    has_alpha = len(high.getbands()) == 4 and "X" not in _raw_mode(image)
    deepest, most_opaque = 0, 0
    for _, values in _bands(high, low):
        deepest = max(deepest, int(values[..., :3].max()))
        most_opaque = max(most_opaque, int(values[..., -1].max()))
    bits = max(8, deepest.bit_length())
    if bits == _DEEPEST.bit_length() and not _has_deep_planes(image):
        return None
    grey = np.empty((rows, columns), np.float32)
    step = max(1, max(rows, columns) // _CHROMA_SIDE_PX)
    spread: list[NDArray[np.float32]] = []
    for start, values in _bands(high, low):
        colours = values[..., :3].astype(np.float32) / np.float32(2**bits - 1)
        if has_alpha and most_opaque == _DEEPEST:
            colours *= values[..., 3:].astype(np.float32) / np.float32(_DEEPEST)
        grey[start : start + len(values)] = colours @ np.array(_LUMA, np.float32)
        seen = colours[-start % step :: step, ::step]
        spread.append((seen.max(axis=2) - seen.min(axis=2)).ravel())
    return np.clip(grey, 0, 1, out=grey), float(np.concatenate(spread).mean())


def _raw_mode(image: Image.Image) -> str:
    tiles = getattr(image, "tile", None)
    args = tiles[0].args if tiles else ""
    raw = args[0] if isinstance(args, tuple) and args else args
    return raw if isinstance(raw, str) else ""


def _decode(data: bytes, file_format: str, low: bool) -> Image.Image:
    """The upper or the lower byte of every number, as a picture of 8 bits a channel."""
    with Image.open(io.BytesIO(data), formats=[file_format]) as image:
        raw = _raw_mode(image)
        if raw == _GREY_AND_ALPHA:  # two numbers of 16 bits are four of 8: grey, grey, alpha, alpha
            image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        elif _has_deep_planes(image):
            order = "16L" if image.tag_v2.prefix == b"II" else "16B"  # type: ignore[attr-defined]  # of TIFF only
            wanted = _OTHER_ORDER[order] if low else order
            image.tile = [
                tile._replace(args=(f"{tile.args[0]};{wanted}", *tile.args[1:]))
                for tile in image.tile
                if isinstance(tile.args, tuple)
            ]
        elif low:
            kind, _, order = raw.rpartition(";")
            wanted = f"{kind};{_OTHER_ORDER[order]}"
            image.tile = [
                tile._replace(args=(wanted, *tile.args[1:]) if isinstance(tile.args, tuple) else wanted)
                for tile in image.tile
            ]
        image.load()
        # A picture whose EXIF block cannot be read is shown as stored, as browsers do.
        with contextlib.suppress(Exception):
            ImageOps.exif_transpose(image, in_place=True)
        if raw == _GREY_AND_ALPHA:
            grey, alpha = image.getchannel(int(low)), image.getchannel(2 + int(low))
            return Image.merge("RGBA", (grey, grey, grey, alpha))
        return image.copy()


def _bands(high: Image.Image, low: Image.Image) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    """First row and values, (some rows, columns, channels)."""
    columns, rows = high.size
    step = max(1, _BAND_PIXELS // columns)
    for start in range(0, rows, step):
        box = (0, start, columns, min(rows, start + step))
        upper, lower = (np.asarray(item.crop(box), np.uint16) for item in (high, low))
        yield start, ((upper << 8) | lower).astype(np.uint16)
