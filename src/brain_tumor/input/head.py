"""Where in a picture the head is, so that bars, frames and page margins do not change the answer."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from brain_tumor.input.scan import Box, FloatArray

# A pixel is content when it differs from the background by this share of the picture's contrast: noise of the air and
# of JPEG is below, skin and fat are above.
_CONTENT = 0.08
_CONTRAST_PERCENTILE = 99.5  # letters and hot pixels above it do not set the contrast
# A row or column belongs to the head when more than this share of it is content; letters in the corners are thinner.
_ROW_SHARE = 0.02
_MARGIN = 0.04  # of the head's width and height, on each side
# The border is background where so much of it has one grey value.
_UNIFORM_SHARE = 0.6
_BRIGHT = 0.5  # a background above it is a frame or a page, not air
_MOST_FRAMES = 3  # a picture in a white frame on a dark slide has two
# A smaller head is no head: a scan of 64 pixels is the smallest that is answered, and few bars are four fifths.
_LEAST_SIDE_PX = 24
_LEAST_SHARE = 0.1
# A picture is searched at about this size; larger ones would only take longer.
_SEARCH_SIDE_PX = 640


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in pixels: rows from top up to bottom, columns from left up to right."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, pixels: FloatArray) -> Self:
        """All of a picture, (rows, columns)."""
        return cls(0, pixels.shape[0], 0, pixels.shape[1])

    def cut(self, pixels: FloatArray) -> FloatArray:
        """The region's pixels, a view."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def shares(self, pixels: FloatArray) -> Box:
        """The region as fractions of the whole picture, (rows, columns)."""
        rows, columns = pixels.shape
        return self.left / columns, self.top / rows, self.right / columns, self.bottom / rows


def find_head(pixels: FloatArray) -> Region:
    """Find the bounding box of what is not background, with a margin.

    The background is the grey value of the border where most of the border has one, else black. Bright frames and
    pages, with what is around them, are taken off first, up to three, without a margin.

    Args:
        pixels: (rows, columns), 0 to 1.

    Returns:
        The whole picture where nothing stands out.
    """
    step = max(1, max(pixels.shape) // _SEARCH_SIDE_PX)
    seen = pixels[::step, ::step]
    outer = inner = Region.whole(seen)
    for _ in range(_MOST_FRAMES):
        background = _background(outer.cut(seen))
        inner = _content(seen, outer, background)
        # Black around it is air, unless a frame or a page comes next.
        if inner == outer or (background < _BRIGHT and not _is_framed(seen, inner)):
            break
        outer = inner
    found = _widen(inner, outer)
    region = Region(
        found.top * step,
        min(found.bottom * step, pixels.shape[0]),
        found.left * step,
        min(found.right * step, pixels.shape[1]),
    )
    sides = region.bottom - region.top, region.right - region.left
    shares = sides[0] / pixels.shape[0], sides[1] / pixels.shape[1]
    return region if min(sides) >= _LEAST_SIDE_PX and min(shares) >= _LEAST_SHARE else Region.whole(pixels)


def _is_framed(pixels: FloatArray, within: Region) -> bool:
    frame = _background(within.cut(pixels))
    return frame >= _BRIGHT and _content(pixels, within, frame) != within


def _background(pixels: FloatArray) -> float:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    value = float(np.median(border))
    return value if float((np.abs(border - value) <= _CONTENT).mean()) >= _UNIFORM_SHARE else 0.0


def _content(pixels: FloatArray, within: Region, background: float) -> Region:
    contrast = np.abs(within.cut(pixels) - np.float32(background))
    content = contrast > _CONTENT * float(np.percentile(contrast, _CONTRAST_PERCENTILE))
    rows = np.flatnonzero(content.mean(axis=1) > _ROW_SHARE)
    columns = np.flatnonzero(content.mean(axis=0) > _ROW_SHARE)
    if not rows.size or not columns.size:
        return within
    top, left = within.top, within.left
    return Region(top + int(rows[0]), top + int(rows[-1]) + 1, left + int(columns[0]), left + int(columns[-1]) + 1)


def _widen(region: Region, within: Region) -> Region:
    high, wide = (
        round((region.bottom - region.top) * _MARGIN),
        round((region.right - region.left) * _MARGIN),
    )
    return Region(
        max(region.top - high, within.top),
        min(region.bottom + high, within.bottom),
        max(region.left - wide, within.left),
        min(region.right + wide, within.right),
    )
