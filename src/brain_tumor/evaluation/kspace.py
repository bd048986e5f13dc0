"""What goes wrong while a scanner measures, line by line, the spectrum of the picture (k-space).

Pure functions: pixels are (rows, columns), 0 to 1; the result is the magnitude of what is reconstructed and may
pass 1. Phase is encoded along rows or columns, by draw, as operators choose either.
"""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from brain_tumor.input.scan import FloatArray

Pixels = NDArray[np.floating[Any]]

# One movement of a restless patient, small beside the 10 degrees and 10 mm up to which TorchIO augments.
_DEGREES = 5.0
_SHIFT = 0.03  # of the shorter side
# The middle lines decide where the head lies and how bright it is; disturbed, they would move or dim the picture.
_KEPT_CENTRE = 0.04
# A comb of every n-th line shows the head n - 1 times more, a part of the picture apart.
_GHOST_SPACINGS = (2, 3, 4)


def add_motion(pixels: FloatArray, share: float, rng: Generator) -> Pixels:
    """The picture when some lines were measured while the head lay turned and shifted.

    Source: Shaw et al. 2019, "MRI k-Space Motion Artefact Augmentation", MIDL; here with one movement only, and
    the moved head is seen in lines drawn at random.

    Args:
        pixels: (rows, columns), 0 to 1.
        share: of the lines outside the centre, 0 to 1.
        rng: draws movement, direction and lines.
    """
    axis, rotation_sign, down, right = rng.integers(2), *rng.choice((-1, 1), 3)
    shift = _SHIFT * min(pixels.shape)
    turned = ndimage.rotate(pixels, rotation_sign * _DEGREES, reshape=False, order=1)
    moved = ndimage.shift(turned, (down * shift, right * shift), order=1)
    lines = rng.permutation(_outer_lines(pixels.shape[axis]))
    chosen = lines[: round(share * len(lines))]
    spectrum = np.fft.fft2(pixels)
    np.moveaxis(spectrum, axis, 0)[chosen] = np.moveaxis(np.fft.fft2(moved), axis, 0)[chosen]
    return np.abs(np.fft.ifft2(spectrum))


def add_ghosts(pixels: FloatArray, missing: float, rng: Generator) -> Pixels:
    """The picture when every second, third or fourth line lost a part of its signal.

    Args:
        pixels: (rows, columns), 0 to 1.
        missing: the lost part, 0 to 1.
        rng: draws spacing and direction.
    """
    axis, spacing = rng.integers(2), rng.choice(_GHOST_SPACINGS)
    lines = _outer_lines(pixels.shape[axis])
    spectrum = np.fft.fft2(pixels)
    np.moveaxis(spectrum, axis, 0)[lines[lines % spacing == 0]] *= 1 - missing
    return np.abs(np.fft.ifft2(spectrum))


def _outer_lines(lines: int) -> NDArray[np.intp]:
    return np.flatnonzero(np.abs(np.fft.fftfreq(lines)) > _KEPT_CENTRE / 2)
