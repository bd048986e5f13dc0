"""A heat map drawn over its scan, in colours that every kind of colour vision can order."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from brain_tumor.input.scan import Box, FloatArray, Scan, Sides

# Every 32nd colour of "plasma" (S. van der Walt and N. Smith, 2015, github.com/BIDS/colormap, CC0), from 0 to 1.
# Lightness rises evenly, so order survives colour blindness and grey print; unlike inferno's, its brightest
# colour is a full yellow, which stands out on white tissue too. In between, colours are interpolated.
_PLASMA = ("0d0887", "4c02a1", "7e03a8", "aa2395", "cc4778", "e66c5c", "f89540", "fdc527", "f0f921")
# Half colour, half scan at the hottest place: both can still be read there.
DEFAULT_STRENGTH = 0.5
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# Of the image's longer side: seen at a glance on a slice of any size, and thin beside a small tumor.
_LINE_SHARE = 1 / 200

# Letters of the sides: read on a picture of any size, and small beside a head.
_LETTER_SHARE, _MIN_LETTER_PX = 1 / 18, 11

# No picture grows beyond this where one side of its pixels is far longer than the other.
_MAX_SIDE_PX = 4096

RgbArray = NDArray[np.uint8]


def to_square_pixels(scan: Scan, side_px: int | None = None) -> Scan:
    """The scan at its true proportions.

    Args:
        scan: of any pixel spacing; without one its pixels count as square.
        side_px: how long its longer side becomes; None keeps the finer spacing, and square pixels as they are.
    """
    rows, columns = scan.pixels.shape
    row_mm, column_mm = scan.pixel_size
    if side_px is None:
        if row_mm == column_mm:
            return scan
        finest = max(rows * row_mm, columns * column_mm) / min(row_mm, column_mm)
        side_px = min(round(finest), max(_MAX_SIDE_PX, rows, columns))
    height, width = rows * row_mm, columns * column_mm
    scale = side_px / max(height, width)
    # A strip of a thousand to one is still a picture.
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = Image.fromarray(np.ascontiguousarray(scan.pixels, np.float32)).resize(size, Image.Resampling.BICUBIC)
    return replace(scan, pixels=np.clip(np.asarray(grey, np.float32), 0, 1), spacing_mm=None, pixel_aspect=None)


def render_overlay(
    scan: Scan, heat: FloatArray, strength: float, box: Box | None = None, region: Box = (0.0, 0.0, 1.0, 1.0)
) -> RgbArray:
    """The scan in grey under the heat in colour.

    Args:
        scan: what is drawn below.
        heat: (rows, columns), 0 to 1, stretched bilinearly over the region, as the region was to the network's input.
        strength: 0 to 1; where the heat is 1, this share of the pixel is colour, and proportionally less elsewhere.
        box: x0, y0, x1, y1 in fractions of width and height, outlined in white between black lines.
        region: x0, y0, x1, y1 in fractions of width and height; outside of it there is no heat.

    Returns:
        (rows, columns, 3), as large as the scan.

    Raises:
        ValueError: heat or strength is outside 0 to 1.
    """
    if not 0 <= strength <= 1 or not 0 <= heat.min() <= heat.max() <= 1:
        raise ValueError(f"strength {strength} and heat {heat.min()} to {heat.max()} must be within 0 and 1")
    rows, columns = scan.pixels.shape
    level = stretch_heat(heat, region, rows, columns)
    grey, share, step = np.clip(scan.pixels, 0, 1) * 255, strength * level, np.round(level * 255).astype(np.uint8)
    pixels = np.empty((rows, columns, 3), np.uint8)
    for channel, colors in enumerate(_to_channels(_PLASMA)):  # one by one, a scan may have 25 million pixels
        pixels[..., channel] = np.round(grey + share * (colors[step] - grey))
    return pixels if box is None else _outline(pixels, box)


def draw_sides(pixels: RgbArray, sides: Sides | None) -> RgbArray:
    """The picture with the letters of its four edges, such as R on the left, in white between black lines.

    Args:
        pixels: (rows, columns, 3); not changed.
        sides: None where the file does not say; the picture then stays as it is.
    """
    if sides is None:
        return pixels
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    columns, rows = image.size
    size = max(_MIN_LETTER_PX, round(max(rows, columns) * _LETTER_SHARE))
    font, line = ImageFont.load_default(size), max(1, size // 12)
    edge = 2 * line
    for letters, index, anchor in (
        (sides.left, (edge, rows / 2), "lm"),
        (sides.right, (columns - edge, rows / 2), "rm"),
        (sides.top, (columns / 2, edge), "mt"),
        (sides.bottom, (columns / 2, rows - edge), "mb"),
    ):
        draw.text(index, letters, _WHITE, font, anchor, stroke_width=line, stroke_fill=_BLACK)
    return np.array(image)


def stretch_heat(heat: FloatArray, region: Box, rows: int, columns: int) -> FloatArray:
    """A heat map at the size of its picture, stretched bilinearly over a region and 0 elsewhere.

    Args:
        heat: (rows, columns) of cells.
        region: x0, y0, x1, y1 in fractions of width and height.
        rows: of the picture.
        columns: of the picture.
    """
    left, right = (round(edge * columns) for edge in region[::2])
    top, bottom = (round(edge * rows) for edge in region[1::2])
    # A region of a very small picture may have no pixel of its own.
    covered = max(right - left, 1), max(bottom - top, 1)
    stretched = Image.fromarray(np.asarray(heat, np.float32)).resize(covered, Image.Resampling.BILINEAR)
    level = np.zeros((rows, columns), np.float32)
    level[top:bottom, left:right] = np.asarray(stretched)[: bottom - top, : right - left]
    return level


def render_png(pixels: RgbArray, texts: Mapping[str, str]) -> bytes:
    """A PNG file.

    Args:
        pixels: (rows, columns, 3).
        texts: what the file says of itself by PNG keyword, such as Title; in Latin-1.
    """
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _to_channels(colors: Sequence[str]) -> list[FloatArray]:
    """Red, green and blue of 256 steps through evenly spaced colours, 0 to 255."""
    samples = np.array([list(bytes.fromhex(color)) for color in colors])
    positions = np.linspace(0, 255, len(samples))
    return [np.interp(np.arange(256), positions, channel).astype(np.float32) for channel in samples.T]


def _outline(pixels: RgbArray, box: Box) -> RgbArray:
    rows, columns, _ = pixels.shape
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    line = max(1, round(max(rows, columns) * _LINE_SHARE))
    # A rectangle's second corner is its last pixel, so a box of the whole image ends one before its size.
    x0, x1 = (round(edge * (columns - 1)) for edge in box[::2])
    y0, y1 = (round(edge * (rows - 1)) for edge in box[1::2])
    draw.rectangle((x0 - line, y0 - line, x1 + line, y1 + line), outline=_BLACK, width=3 * line)
    draw.rectangle((x0, y0, x1, y1), outline=_WHITE, width=line)
    return np.array(image)
