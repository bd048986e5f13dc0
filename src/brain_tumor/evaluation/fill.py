"""Taking something out of an image: a box is filled with its surroundings, the tumor's or another in the same head."""

import hashlib

import numpy as np
from scipy.fft import dstn, idstn
from scipy.ndimage import binary_erosion, binary_fill_holes

from brain_tumor.evaluation.metrics import BoolArray, IntArray
from brain_tumor.input.scan import Box, FloatArray

# Air is black but for noise, tissue is not; the brightest hundredth of the pixels is fat or a contrast agent.
HEAD_LEVEL, _BRIGHT_PERCENTILE = 0.1, 99
# Filling air changes nothing, filling across the head's outline dents it, and neither would be a fair control.
# Scalp and skull are about one of the 24 cm that an image of a head usually shows.
_RIM_SHARE = 1 / 24


def fill_box(pixels: FloatArray, box: Box) -> FloatArray:
    """The image, (rows, columns), with the box filled smoothly from the pixels around it.

    Each filled pixel is the mean of its four neighbours (harmonic inpainting, the discrete Laplace equation, solved
    exactly by a sine transform: Press et al., Numerical Recipes, section 20.4). The image's outermost pixels stay.
    """
    top, bottom, left, right = _to_pixels(box, pixels.shape)
    frame = pixels[top - 1 : bottom + 1, left - 1 : right + 1].astype(np.float64)
    frame[1:-1, 1:-1] = 0
    known = frame[:-2, 1:-1] + frame[2:, 1:-1] + frame[1:-1, :-2] + frame[1:-1, 2:]
    down, across = (2 * np.cos(np.pi * np.arange(1, side + 1) / (side + 1)) for side in known.shape)
    filled = pixels.copy()
    filled[top:bottom, left:right] = idstn(dstn(known, type=1) / (4 - down[:, np.newaxis] - across), type=1)
    return filled


def control_box(pixels: FloatArray, box: Box, name: str) -> Box | None:
    """A box of the same size elsewhere inside the skull, without a common pixel.

    All places that lie wholly inside are equally likely.

    Args:
        pixels: (rows, columns), 0 to 1.
        box: of the tumor.
        name: the image's; it decides among the places, so the same image always gets the same box.

    Returns:
        None where there is no room.
    """
    rows, columns = pixels.shape
    top, bottom, left, right = _to_pixels(box, pixels.shape)
    height, width = bottom - top, right - left
    # [row, column] is about the box whose upper left pixel that is; the outermost pixels are never filled.
    free = _box_sums(_inside_the_skull(pixels), height, width) == height * width
    free[max(0, top - height + 1) : bottom, max(0, left - width + 1) : right] = False
    free[[0, -1], :] = free[:, [0, -1]] = False
    corners: IntArray = np.argwhere(free)
    if not len(corners):
        return None
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    row, column = map(int, corners[np.random.default_rng(seed).integers(len(corners))])
    return column / columns, row / rows, (column + width) / columns, (row + height) / rows


def _to_pixels(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the box as slices take them, at least one pixel, inside the outermost ones."""
    x0, y0, x1, y1 = box
    (top, bottom), (left, right) = (
        (start := min(max(round(low * side), 1), side - 2), max(min(round(high * side), side - 1), start + 1))
        for low, high, side in ((y0, y1, shape[0]), (x0, x1, shape[1]))
    )
    return top, bottom, left, right


def _inside_the_skull(pixels: FloatArray) -> BoolArray:
    head = binary_fill_holes(pixels > HEAD_LEVEL * np.percentile(pixels, _BRIGHT_PERCENTILE))
    inside: BoolArray = binary_erosion(head, iterations=max(1, round(_RIM_SHARE * max(pixels.shape))))
    return inside


def _box_sums(mask: BoolArray, height: int, width: int) -> IntArray:
    sums: IntArray = np.pad(mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
