"""Two small pictures -> how far they are one picture, whatever was done to their grey values."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.fingerprint import ByteArray

# Detail is what a blur of this many pixels takes away.
_BLUR_PX = 1.33


def agreement(first: ByteArray, second: ByteArray) -> FloatArray:
    """How well the detail of each first frame explains that of its second, or the other way round.

    The multiple correlation of one frame's detail with the detail of the other's grey values, their squares and
    cubes: a change of contrast, even an inverted one, costs little. A frame without detail agrees with none.

    Args:
        first: (pairs, side, side).
        second: the same.

    Returns:
        (pairs, 2), 0 to 1: over the whole frame, and in the middle half of its sides.
    """
    first_powers, second_powers = _detail_of_powers(first), _detail_of_powers(second)
    side = first.shape[-1]
    columns = []
    for part in (slice(None), slice(side // 4, side - side // 4)):
        basis, target = flat_unit(first_powers[..., part, part]), flat_unit(second_powers[..., part, part])
        columns.append(np.maximum(_explained(basis, target[:, :1]), _explained(target, basis[:, :1])))
    return np.stack(columns, axis=1)


def flat_unit(pictures: FloatArray) -> FloatArray:
    """Pictures, (..., rows, columns), as rows of numbers of mean 0 and length 1; a flat picture stays 0."""
    flat = pictures.reshape(*pictures.shape[:-2], -1)
    centred = flat - flat.mean(axis=-1, keepdims=True)
    unit: FloatArray = centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-6)
    return unit


def blur(pictures: FloatArray, sigma_px: float) -> FloatArray:
    """Pictures, (..., side, side), through a Gaussian of this many pixels; edges are mirrored."""
    # As a matrix: the blur of a row is a sum over its pixels, and matrix products are what a processor does best.
    dots = np.eye(pictures.shape[-1])
    kernel: FloatArray = gaussian_filter1d(dots, sigma_px, axis=0, truncate=3.0).astype(np.float32)
    blurred: FloatArray = np.matmul(np.matmul(kernel, pictures), kernel.T)
    return blurred


def _detail_of_powers(frames: ByteArray) -> FloatArray:
    # From -1 to 1, where powers resemble each other least.
    grey = frames.astype(np.float32) / np.float32(127.5) - 1
    square = grey * grey
    powers = np.stack([grey, square, square * grey], axis=1)
    detail: FloatArray = powers - blur(powers, _BLUR_PX)
    return detail


def _explained(basis: FloatArray, target: FloatArray) -> FloatArray:
    inner = (basis @ basis.transpose(0, 2, 1)).astype(np.float64)
    along = (basis @ target.transpose(0, 2, 1)).astype(np.float64)
    # A binary picture's cube is the picture itself; the small ridge keeps the three solvable.
    weights = np.linalg.solve(inner + 1e-6 * np.eye(inner.shape[1]), along)
    squared: FloatArray = (along * weights).sum(axis=(1, 2)).astype(np.float32)
    return np.sqrt(np.clip(squared, 0.0, 1.0))
