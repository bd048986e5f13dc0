"""Twelve ways in which a scan can be worse than the test set's, at five strengths each.

All functions are pure: pixels are (rows, columns), 0 to 1; one number says how strong. Lengths are given for a
picture of 224 pixels, as in ImageNet-C, and grow with the shorter side; noise acts on the stored pixels.
"Hendrycks" below is Hendrycks and Dietterich 2019, arXiv:1903.12261, with the strengths of their published
ImageNet-C; where no source is named, the strengths are this project's choice.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from brain_tumor.evaluation.kspace import Pixels, add_ghosts, add_motion
from brain_tumor.input.raster import to_jpeg_and_back
from brain_tumor.input.scan import FloatArray, Scan

STRENGTHS = range(1, 6)

_REFERENCE_SIDE_PX = 224

# Standard deviations of the noise. Hendrycks.
GAUSSIAN_NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
# Standard deviations in each of the two channels: BrainWeb's noise levels, relative to white here, and one beyond.
# https://brainweb.bic.mni.mcgill.ca/faq.html
RICIAN_NOISE = (0.03, 0.05, 0.07, 0.09, 0.15)
# Standard deviations of the Gaussian, in pixels of 224. Hendrycks.
BLUR = (1.0, 2.0, 3.0, 4.0, 6.0)
# Pixels that are left, as a share of 224 a side. Hendrycks.
PIXELATION = (0.6, 0.5, 0.4, 0.3, 0.25)
# Pillow's quality. Hendrycks.
JPEG = (25, 18, 15, 10, 7)
# Added to every pixel. Hendrycks.
BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)
# What is left of each pixel's distance from the mean. Hendrycks.
CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
# Logarithms of the exponent. TorchIO augments with up to 0.3; the strongest makes mid-grey 0.15 or 0.77.
GAMMA = (0.2, 0.4, 0.6, 0.8, 1.0)
# How far the field leaves 1. BrainWeb's 20 % and 40 % are the first two; at 0.5 one side is three times the other.
BIAS_FIELD = (0.1, 0.2, 0.3, 0.4, 0.5)
# Shares of the phase-encoding lines that were measured while the head had moved.
MOTION = (0.1, 0.2, 0.3, 0.4, 0.5)
# What is missing of the signal in every n-th phase-encoding line; all of it at the end, as in an unsampled line.
GHOSTING = (0.2, 0.4, 0.6, 0.8, 1.0)
# Degrees. A head in a coil tilts by a few; training never turned an image.
ROTATION = (3.0, 6.0, 10.0, 15.0, 25.0)


class Corruption(StrEnum):
    """What was done to the images."""

    GAUSSIAN_NOISE = "Gaussian noise"
    RICIAN_NOISE = "Rician noise"
    BLUR = "Blur"
    PIXELATION = "Pixelation"
    JPEG = "JPEG"
    BRIGHTNESS = "Brightness"
    CONTRAST = "Contrast"
    GAMMA = "Gamma"
    BIAS_FIELD = "Bias field"
    MOTION = "Motion"
    GHOSTING = "Ghosting"
    ROTATION = "Rotation"


def corrupt(scan: Scan, corruption: Corruption, strength: int, name: str) -> Scan:
    """The scan with one corruption, 1 (weakest) to 5 (strongest); raises KeyError for another strength.

    Equal arguments give equal pixels. The draws come from the name and the corruption, not from the strength,
    so that a step in strength is nothing but that: the same noise grows, the same movement lasts longer.
    """
    apply, amounts = _KINDS[corruption]
    amount = dict(zip(STRENGTHS, amounts, strict=True))[strength]
    seed = hashlib.sha256(f"{corruption}:{name}".encode()).digest()
    changed = apply(scan.pixels, amount, np.random.default_rng(list(seed)))
    return replace(scan, pixels=np.ascontiguousarray(np.clip(changed, 0, 1), dtype=np.float32))


def _add_gaussian_noise(pixels: FloatArray, sigma: float, rng: Generator) -> Pixels:
    noise: Pixels = sigma * rng.standard_normal(pixels.shape)
    return pixels + noise


def _add_rician_noise(pixels: FloatArray, sigma: float, rng: Generator) -> Pixels:
    # A scanner shows the magnitude of a complex signal whose two channels are equally noisy.
    # Source: Gudbjartsson and Patz 1995, doi:10.1002/mrm.1910340618.
    noise: Pixels = sigma * rng.standard_normal((2, *pixels.shape))
    magnitude: Pixels = np.hypot(pixels + noise[0], noise[1])
    return magnitude


def _blur(pixels: FloatArray, sigma: float, _: Generator) -> Pixels:
    return ndimage.gaussian_filter(pixels, sigma * min(pixels.shape) / _REFERENCE_SIDE_PX, mode="nearest")


def _pixelate(pixels: FloatArray, part: float, _: Generator) -> Pixels:
    # Of a picture that is smaller already, the same share of its own pixels is left.
    scale = part * min(1.0, _REFERENCE_SIDE_PX / min(pixels.shape))
    changed: Pixels = pixels
    for axis, size in enumerate(pixels.shape):
        blocks = max(1, round(size * scale))
        block = np.arange(size) * blocks // size  # of each row, then of each column
        first, sizes = np.unique(block, return_index=True, return_counts=True)[1:]
        means = np.add.reduceat(changed, first, axis) / np.expand_dims(sizes, 1 - axis)
        changed = means.take(block, axis)
    return changed


def _compress(pixels: FloatArray, quality: int, _: Generator) -> Pixels:
    return to_jpeg_and_back(pixels, quality)


def _brighten(pixels: FloatArray, shift: float, _: Generator) -> Pixels:
    return pixels + shift


def _flatten_contrast(pixels: FloatArray, part: float, _: Generator) -> Pixels:
    mean = float(pixels.mean())
    return mean + part * (pixels - mean)


def _bend(pixels: FloatArray, logarithm: float, rng: Generator) -> Pixels:
    return np.power(pixels, np.exp(_sign(rng) * logarithm))


def _shade(pixels: FloatArray, reach: float, rng: Generator) -> Pixels:
    # Slowly varying, as the field of a coil: a random polynomial of second degree in both directions.
    y, x = np.meshgrid(*(np.linspace(-1, 1, size) for size in pixels.shape), indexing="ij")
    field = np.tensordot(rng.standard_normal(5), (x, y, x * x, x * y, y * y), axes=1)
    return pixels * np.interp(field, (field.min(), field.max()), (1 - reach, 1 + reach))


def _rotate(pixels: FloatArray, degrees: float, rng: Generator) -> Pixels:
    return ndimage.rotate(pixels, _sign(rng) * degrees, reshape=False, order=1)


def _sign(rng: Generator) -> int:
    return int(rng.choice((-1, 1)))


_KINDS: dict[Corruption, tuple[Callable[[FloatArray, Any, Generator], Pixels], tuple[float, ...]]] = {
    Corruption.GAUSSIAN_NOISE: (_add_gaussian_noise, GAUSSIAN_NOISE),
    Corruption.RICIAN_NOISE: (_add_rician_noise, RICIAN_NOISE),
    Corruption.BLUR: (_blur, BLUR),
    Corruption.PIXELATION: (_pixelate, PIXELATION),
    Corruption.JPEG: (_compress, JPEG),
    Corruption.BRIGHTNESS: (_brighten, BRIGHTNESS),
    Corruption.CONTRAST: (_flatten_contrast, CONTRAST),
    Corruption.GAMMA: (_bend, GAMMA),
    Corruption.BIAS_FIELD: (_shade, BIAS_FIELD),
    Corruption.MOTION: (add_motion, MOTION),
    Corruption.GHOSTING: (add_ghosts, GHOSTING),
    Corruption.ROTATION: (_rotate, ROTATION),
}
