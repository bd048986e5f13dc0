"""Pixels that a program holds already, through NumPy."""

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.raster import MAX_SCAN_PIXELS, MAX_SIDE_PX, mix_channels
from brain_tumor.input.scan import FloatArray, Scan

_COLOUR_CHANNELS = 3


def read_array(pixels: NDArray[np.generic], name: str) -> Scan:
    """Take a slice from memory; `name` only appears in messages. The array is not changed.

    pixels: (rows, columns), or (rows, columns, 3) in the order red, green, blue; booleans, integers or floats.
    Integers from 0 on are divided by the largest value of the smallest bit depth that holds them all, at least 8
    bit, as in files: 255, 4095, 65535. Floats within 0 to 1 are kept. All else, such as Hounsfield units, is
    stretched from its smallest value (black) to its largest (white); an array of one such value is black.
    Colour becomes ITU-R 601 luma. Raises ScanError for another shape or type, for NaN and infinity, and for more
    than MAX_SCAN_PIXELS or MAX_SIDE_PX.
    """
    values = np.asarray(pixels)
    _check(values, name)
    scaled = _scale(values)
    if scaled.ndim == _COLOUR_CHANNELS:
        grey, chroma = mix_channels(np.rint(scaled * 255).astype(np.uint8))
        return Scan(grey, chroma, "array")
    return Scan(scaled, 0.0, "array")


def _check(values: NDArray[np.generic], name: str) -> None:
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (_COLOUR_CHANNELS,)) or not values.size:
        raise ScanError(
            f"{name}: has the shape {values.shape}, (rows, columns) or (rows, columns, 3) is taken; pass one slice"
        )
    if values.dtype.kind not in "buif":
        raise ScanError(f"{name}: holds {values.dtype}, integers and floats are taken; convert it first")
    rows, columns = values.shape[:2]
    if rows * columns > MAX_SCAN_PIXELS:
        raise ScanError(
            f"{name}: has {columns} x {rows} pixels, at most {MAX_SCAN_PIXELS // 10**6} million are taken; "
            "pass the slice at its own size"
        )
    if max(rows, columns) > MAX_SIDE_PX:
        raise ScanError(
            f"{name}: has {columns} x {rows} pixels, at most {MAX_SIDE_PX} in a row or column are taken; "
            "pass the slice at its own size"
        )
    if not np.isfinite(values).all():
        raise ScanError(f"{name}: holds NaN or infinity, finite values are taken; replace them first")


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
