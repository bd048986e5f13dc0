"""Pixels that a program holds already, through NumPy."""

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.raster import check_pixels, to_luma_and_chroma
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.problems import Problem

_COLOUR_CHANNELS = 3


def read_array(pixels: NDArray[np.generic], name: str) -> Scan:
    """Take a slice from memory; the array is not changed.

    Integers from 0 on are divided by the largest value of the smallest bit depth that holds them all, at least 8
    bit, as in files: 255, 4095, 65535. Floats within 0 to 1 are kept. All else, such as Hounsfield units, is
    stretched from its smallest value (black) to its largest (white); an array of one such value is black.
    Colour becomes ITU-R 601 luma.

    Args:
        pixels: (rows, columns), or (rows, columns, 3) in the order red, green, blue; booleans, integers or floats.
        name: used in messages only.

    Raises:
        ScanError: another shape or type, NaN or infinity, more than MAX_SCAN_PIXELS or MAX_SIDE_PX.
    """
    values = np.asarray(pixels)
    _check(values, name)
    scaled = _scale(values)
    if scaled.ndim == _COLOUR_CHANNELS:
        grey, chroma = to_luma_and_chroma(np.rint(scaled * 255).astype(np.uint8))
        return Scan(grey, chroma, "array")
    return Scan(scaled, 0.0, "array")


def _check(values: NDArray[np.generic], name: str) -> None:
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (_COLOUR_CHANNELS,)) or not values.size:
        raise ScanError(name, Problem.ARRAY_SHAPE, found=str(values.shape))
    if values.dtype.kind not in "buif":
        raise ScanError(name, Problem.ARRAY_TYPE, found=str(values.dtype))
    rows, columns = values.shape[:2]
    check_pixels(rows, columns, name)
    if not np.isfinite(values).all():
        raise ScanError(name, Problem.NOT_FINITE)


def _scale(values: NDArray[np.generic]) -> FloatArray:
    low, high = values.min(), values.max()
    if values.dtype.kind in "bf" and low >= 0 and high <= 1:
        return values.astype(np.float32)
    if values.dtype.kind in "ui" and low >= 0:
        bits = max(8, int(high).bit_length())
        return values.astype(np.float32) / np.float32(2**bits - 1)
    # Halves: the distance between two very large floats would be infinite.
    halves = values.astype(np.float64) / 2
    span = halves.max() - halves.min()
    stretched: FloatArray = ((halves - halves.min()) / (span or 1.0)).astype(np.float32)
    return stretched
