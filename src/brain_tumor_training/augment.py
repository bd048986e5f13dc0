"""One draw of augmentation: an image and its tumor box are moved together, grey values are changed."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.head_mask import depth_in_head, full_size
from brain_tumor_training.recipes import Augmentation

_CURVE_STEPS, _CURVE_SHAPE = 5, 2.5
# How far a window may cut into a picture: up to the darkest tenth, and from 0.65 of the brightest on.
_BLACK, _WHITE = 0.1, 0.65


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Everything about one view of an image that chance decided."""

    matrix: NDArray[np.float64]  # (2, 2), output to input offsets from the centre, rows and columns
    shift: NDArray[np.float64]  # (2,), share of the side
    gamma: float
    brightness: float
    bias: FloatArray  # (4, 4), coarse grid of factors
    noise: float  # standard deviation, 0 for none
    blur_px: float  # at 224 px, 0 for none
    coarseness: float  # share of the side that is kept, 1 for all
    noise_seed: int
    curve: FloatArray | None  # grey values that equally spaced ones become; None for no curve
    inverted: bool
    window: tuple[float, float]  # grey values that become black and white

    @classmethod
    def sample(cls, augmentation: Augmentation, rng: np.random.Generator) -> Self:
        """Draw within the ranges; the same generator state gives the same view."""
        a = augmentation
        angle = np.deg2rad(rng.uniform(-a.rotation_deg, a.rotation_deg))
        zoom = np.exp(rng.uniform(*np.log(a.zoom)))
        stretch = np.exp(rng.uniform(-a.stretch, a.stretch) / 2)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        scale = np.diag([1 / (zoom * stretch), stretch / zoom])
        mirror = np.diag([1.0, -1.0 if a.mirror and rng.random() < 0.5 else 1.0])
        upside_down = -1.0 if rng.random() < a.upside_down else 1.0
        return cls(
            matrix=upside_down * rotation @ scale @ mirror,
            shift=rng.uniform(-a.shift, a.shift, 2),
            gamma=float(np.exp(rng.uniform(-a.gamma, a.gamma))),
            brightness=float(rng.uniform(1 - a.brightness, 1 + a.brightness)),
            bias=rng.uniform(1 - a.bias_field, 1 + a.bias_field, (4, 4)).astype(np.float32),
            noise=float(rng.uniform(0, a.noise)) * (rng.random() < 1 / 3),
            blur_px=float(rng.uniform(0, a.blur_px)) * (rng.random() < 0.25),
            coarseness=float(rng.uniform(a.coarsest, 1)) if rng.random() < 0.25 else 1.0,
            noise_seed=int(rng.integers(2**31)),
            curve=_monotone_curve(rng) if rng.random() < a.curve else None,
            inverted=bool(rng.random() < a.inverted),
            window=(rng.uniform(0, _BLACK), rng.uniform(_WHITE, 1)) if rng.random() < a.window else (0.0, 1.0),
        )


def move(image: FloatArray, draw: Draw) -> FloatArray:
    """Mirror, turn, zoom, stretch and shift an image or a mask, (side, side); black comes in from outside."""
    side = len(image)
    centre = (side - 1) / 2
    offset = centre - draw.matrix @ np.full(2, centre) + draw.shift * side
    moved: FloatArray = ndimage.affine_transform(image, draw.matrix, offset, order=1, output=np.float32)
    return moved


def change_grey(image: FloatArray, draw: Draw) -> FloatArray:
    """Inversion, curve, gamma, window, brightness, bias field, resolution, blur, noise: (side, side), 0 to 1."""
    side = len(image)
    if draw.inverted:
        # Inside the head only: an inverted picture of white air is nothing that a scanner makes.
        image = (image.max() - image) * full_size(depth_in_head(image) > 0, side)
    if draw.curve is not None:
        knots = np.linspace(0, 1, len(draw.curve))
        image = np.interp(image, knots, draw.curve).astype(np.float32)
    if draw.window != (0.0, 1.0):
        black, white = draw.window
        image = (image - np.float32(black)) / np.float32(white - black)
    spread = _linear(len(draw.bias), side)
    field = (spread @ draw.bias @ spread.T).astype(np.float32, copy=False)
    grey = np.clip(image, 0, 1) ** np.float32(draw.gamma) * field * np.float32(draw.brightness)
    if draw.coarseness < 1:
        small = ndimage.zoom(grey, draw.coarseness, order=1, grid_mode=True, mode="nearest")
        grey = ndimage.zoom(small, side / np.array(small.shape), order=1, grid_mode=True, mode="nearest")
    if draw.blur_px > 0:
        grey = ndimage.gaussian_filter(grey, draw.blur_px * side / 224)
    if draw.noise > 0:
        # The magnitude of a signal with Gaussian noise in both channels is Rician (Gudbjartsson and Patz 1995).
        rng = np.random.default_rng(draw.noise_seed)
        real, imaginary = rng.standard_normal((2, *grey.shape), np.float32) * np.float32(draw.noise)
        grey = np.hypot(grey + real, imaginary)
    clipped: FloatArray = np.clip(grey, 0, 1).astype(np.float32)
    return clipped


def _monotone_curve(rng: np.random.Generator) -> FloatArray:
    # Increments of a gamma distribution: mostly bent, never flat. Black stays black.
    steps = rng.gamma(_CURVE_SHAPE, size=_CURVE_STEPS)
    curve: FloatArray = np.concatenate([[0], np.cumsum(steps) / steps.sum()]).astype(np.float32)
    return curve


@lru_cache
def _linear(coarse: int, fine: int) -> FloatArray:
    """Linear interpolation along one axis, (fine, coarse): for a smooth field far faster than a zoom of it."""
    unit = np.eye(coarse, dtype=np.float32)
    matrix: FloatArray = ndimage.zoom(unit, (fine / coarse, 1), order=1, grid_mode=True, mode="nearest")
    return matrix
