"""The slice that is shown first as one picture with words on it, for viewers that show nothing but pictures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from brain_tumor.classifier import Result
from brain_tumor.input.scan import FloatArray
from brain_tumor.presentation.heatmap import MapKind, to_heat_maps
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH, RgbArray, draw_sides, render_overlay, to_square_pixels

# As large as a slice on a viewer's screen, and less than a megabyte without compression.
SIDE_PX = 512
_MARGIN_PX = 10
_LETTERS_PX, _TITLE_PX = 15, 24
_LINE_SHARE = 1.35  # from line to line, in letters' sizes
# Viewers show pictures on black.
_GROUND, _TEXT, _ALARM = (0, 0, 0), (235, 235, 235), (255, 196, 0)


def render_key_slice(result: Result) -> RgbArray:
    """The slice in grey, under its location map with its box where a tumor is named; its sides are marked.

    Returns:
        (rows, columns, 3), the longer side SIDE_PX long, at true proportions.
    """
    small = to_square_pixels(result.scan, SIDE_PX)
    nothing: FloatArray = np.zeros((1, 1), np.float32)
    shown = next((heat_map for heat_map in to_heat_maps(result) if heat_map.kind is MapKind.LOCATION), None)
    if shown is None:
        pixels = render_overlay(small, nothing, DEFAULT_STRENGTH)
    else:
        pixels = render_overlay(small, shown.heat, DEFAULT_STRENGTH, shown.box, shown.region)
    return draw_sides(pixels, result.scan.sides)


def render_key_picture(slice_pixels: RgbArray, notice: str, title: str, lines: Sequence[str]) -> RgbArray:
    """A slice between the notice above and the words below.

    Args:
        slice_pixels: of `render_key_slice`.
        notice: stands on top, in another colour.
        title: the answer in a few words.
        lines: what else is said; lines that are too long are broken.

    Returns:
        (rows, columns, 3), SIDE_PX wide.
    """
    above = [(line, _LETTERS_PX, _ALARM) for line in _wrap(notice, _LETTERS_PX)]
    below = [(line, _TITLE_PX, _TEXT) for line in _wrap(title, _TITLE_PX)]
    below += [(part, _LETTERS_PX, _TEXT) for line in lines for part in _wrap(line, _LETTERS_PX)]
    top, rows = _height(above), slice_pixels.shape[0]
    picture = Image.new("RGB", (SIDE_PX, top + rows + _height(below)), _GROUND)
    picture.paste(Image.fromarray(slice_pixels), ((SIDE_PX - slice_pixels.shape[1]) // 2, top))
    draw = ImageDraw.Draw(picture)
    for y, texts in ((0, above), (top + rows, below)):
        baseline = y + _MARGIN_PX
        for text, size, color in texts:
            draw.text((_MARGIN_PX, baseline), text, font=_font(size), fill=color)
            baseline += round(size * _LINE_SHARE)
    return np.asarray(picture)


def _height(texts: Sequence[tuple[str, int, object]]) -> int:
    return 2 * _MARGIN_PX + sum(round(size * _LINE_SHARE) for _, size, _ in texts)


def _wrap(text: str, size: int) -> list[str]:
    font, lines = _font(size), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > SIDE_PX - 2 * _MARGIN_PX:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # comes with Pillow, so pictures are the same on every machine
