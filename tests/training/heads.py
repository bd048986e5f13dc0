"""Drawn heads with a look of their own, a next slice, and the changes that copies go through."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps

from brain_tumor.input.reader import read_scan
from brain_tumor_training.fingerprint import Fingerprint, to_fingerprint
from tests.factories import encode

SIDE_PX = 160


def draw_head(seed: int, depth: float = 0.0) -> Image.Image:
    """A bright rim around soft and fine spots; with depth, each spot wanders and changes as from slice to slice."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[-1 : 1 : SIDE_PX * 1j, -1 : 1 : SIDE_PX * 1j]
    radius = np.hypot(row / 0.85, column / (rng.uniform(0.6, 0.75) + 0.02 * depth))
    grey = 0.3 * (radius < 0.95)
    for _ in range(80):
        centre, drift = rng.uniform(-0.7, 0.7, 2), rng.normal(0, 0.03, 2)
        size, height, growth = rng.uniform(0.03, 0.12), rng.uniform(-0.2, 0.4), rng.normal(0, 0.1)
        position = centre + depth * drift
        distance = ((row - position[0]) ** 2 + (column - position[1]) ** 2) / size**2
        grey += (height + depth * growth) * np.exp(-distance) * (radius < 0.9)
    grey = np.where(np.abs(radius - 0.93) < 0.03, 0.6, grey)
    return Image.fromarray(np.round(np.clip(grey, 0, 1) * 255).astype(np.uint8))


def look(image: Image.Image) -> Fingerprint:
    """The fingerprint of the image, saved as PNG."""
    data = encode(image, "PNG")
    return to_fingerprint(data, read_scan(data, "head.png"))


def _curve(function: Callable[[float], float]) -> Callable[[Image.Image], Image.Image]:
    table = [round(255 * min(1.0, max(0.0, function(value / 255)))) for value in range(256)]
    return lambda image: image.point(table)


def _recompress(image: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(encode(image, "JPEG", quality=40)))


def _resize(image: Image.Image) -> Image.Image:
    return image.resize((120, 90), Image.Resampling.BICUBIC)


# Name -> the change, and how the changed picture is turned to match the original.
CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "mirrored": (ImageOps.mirror, "mirrored"),
    "upside down": (ImageOps.flip, "upside down"),
    "turned by 90": (lambda image: image.transpose(Image.Transpose.ROTATE_90), "turned right by 90 degrees"),
    "turned by 180": (lambda image: image.transpose(Image.Transpose.ROTATE_180), "turned by 180 degrees"),
    "turned by 270": (lambda image: image.transpose(Image.Transpose.ROTATE_270), "turned left by 90 degrees"),
    "diagonal": (lambda image: image.transpose(Image.Transpose.TRANSPOSE), "mirrored at the diagonal"),
    "other diagonal": (lambda image: image.transpose(Image.Transpose.TRANSVERSE), "mirrored at the other diagonal"),
    "saved as JPEG": (_recompress, "not turned"),
    "resized and stretched": (_resize, "not turned"),
    "brighter gamma": (_curve(lambda value: value**0.6), "not turned"),
    "darker gamma": (_curve(lambda value: value**1.6), "not turned"),
    "more contrast, clipped": (_curve(lambda value: 1.4 * value - 0.1), "not turned"),
    "less contrast": (_curve(lambda value: 0.3 + 0.4 * value), "not turned"),
    "inverted": (ImageOps.invert, "not turned"),
    "wide dark margin": (lambda image: ImageOps.expand(image, (20, 10, 5, 30), 4), "not turned"),
    "all at once": (
        lambda image: _recompress(_curve(lambda value: (1.1 * value) ** 0.8)(ImageOps.mirror(_resize(image)))),
        "mirrored",
    ),
}
