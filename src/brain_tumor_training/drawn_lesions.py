"""Lesions drawn into tumor-free images: a tumor that no source, sequence or scanner goes along with."""

import numpy as np
from scipy import ndimage

from brain_tumor.input.scan import Box, FloatArray
from brain_tumor_training.head_mask import depth_in_head

# Shares of the side. Smaller lesions are not seen by eye, larger ones leave no head.
_RADIUS = (0.035, 0.15)
_LEAST_DEPTH = 0.09  # below the outline: not in scalp and skull
_NECK = 0.7  # lower than this part of the picture there may be neck and face
_IN_NECK = 0.2  # share of the draws that may lie there all the same, as the cerebellum does in axial slices
_ELONGATION = (0.6, 1.0)
_ROUGHNESS = (0.05, 0.25)  # of the radius, how far the border bends
_PUSH = 0.35  # of the radius, how far tissue around is displaced at most
_HALO_SHARE, _HALO, _HALO_CONTRAST = 0.55, (1.3, 2.4), (0.08, 0.35)  # oedema
_CORE_CONTRAST, _BRIGHT_SHARE = (0.15, 0.7), 0.7
_EDGE = (0.04, 0.2)  # of the radius
_TEXTURE = (0.0, 0.15)
_RING_SHARE, _RING = 0.35, (0.4, 0.75)  # of these the inside has another grey
# In dark surroundings a share of their grey would not be seen.
_LEAST_GREY = 0.25
_LEAST_CHANGE = 0.06
_WAVES = 6


def draw_lesion(image: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, Box] | None:
    """The image with a lesion, and its box in shares of the side; None where none fits or none would be seen.

    The lesion is an irregular blob or ring, brighter or darker than its surroundings. It has a soft edge and mostly a
    halo, and pushes its surroundings away.

    Args:
        image: (side, side), 0 to 1, without a tumor.
        rng: draws position, shape and brightness.
    """
    side = len(image)
    depth = depth_in_head(image)
    possible = depth > _LEAST_DEPTH
    if rng.random() >= _IN_NECK:
        possible[int(_NECK * len(possible)) :] = False
    candidates = np.flatnonzero(possible)
    if not candidates.size:
        return None
    row, column = np.array(divmod(int(rng.choice(candidates)), len(depth))) * (side / len(depth))
    radius = float(np.exp(rng.uniform(*np.log(_RADIUS)))) * side

    distance, down, right = _distance(side, row, column, radius, rng)
    pushed = _push(image, distance, down, right, rng)
    around = pushed[(distance > 1) & (distance < 2)]
    grey = float(np.median(around)) if around.size else 0.0
    drawn = pushed
    if rng.random() < _HALO_SHARE:
        soft = _inside(distance, rng.uniform(*_HALO), 0.3)
        drawn = drawn + soft * np.float32(_contrast(_HALO_CONTRAST, rng) * max(grey, _LEAST_GREY))
    core = grey + _contrast(_CORE_CONTRAST, rng) * max(grey, _LEAST_GREY)
    values = np.full_like(drawn, core)
    if rng.random() < _RING_SHARE:
        middle = grey + _contrast(_CORE_CONTRAST, rng) * max(grey, _LEAST_GREY)
        values += _inside(distance, rng.uniform(*_RING), 0.1) * np.float32(middle - core)
    values *= 1 + np.float32(rng.uniform(*_TEXTURE)) * _smooth_noise(side, 4 * _WAVES, rng)
    soft = _inside(distance, 1.0, rng.uniform(*_EDGE))
    drawn = np.clip(drawn * (1 - soft) + values * soft, 0, 1).astype(np.float32)

    inside = distance < 1
    if not inside.any() or float(np.abs(drawn - image)[inside].mean()) < _LEAST_CHANGE:
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = (columns[0] / side, rows[0] / side, (columns[-1] + 1) / side, (rows[-1] + 1) / side)
    return drawn, tuple(map(float, box))  # type: ignore[return-value]  # four of them


def _distance(
    side: int, row: float, column: float, radius: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distance from the centre in radii of a bent ellipse, and the plain offsets in pixels, each (side, side)."""
    down, right = np.mgrid[:side, :side].astype(np.float32)
    down, right = down - np.float32(row), right - np.float32(column)
    angle, long = rng.uniform(0, np.pi), radius / np.sqrt(rng.uniform(*_ELONGATION))
    short = radius**2 / long
    along = (np.cos(angle) * right + np.sin(angle) * down) / long
    across = (np.cos(angle) * down - np.sin(angle) * right) / short
    distance = np.hypot(along, across) + rng.uniform(*_ROUGHNESS) * _smooth_noise(side, _bends(side, radius), rng)
    return np.maximum(distance, 0).astype(np.float32), down, right


def _bends(side: int, radius: float) -> int:
    # About three bends along a diameter.
    return int(np.clip(1.5 * side / radius, _WAVES, 40))


def _push(
    image: FloatArray, distance: FloatArray, down: FloatArray, right: FloatArray, rng: np.random.Generator
) -> FloatArray:
    nearer = 1 - rng.uniform(0, _PUSH) * np.exp(-(distance**2) / 2)
    side = len(image)
    rows = np.arange(side, dtype=np.float32)[:, None] + down * (nearer - 1)
    columns = np.arange(side, dtype=np.float32)[None] + right * (nearer - 1)
    pushed: FloatArray = ndimage.map_coordinates(image, [rows, columns], order=1, mode="nearest", output=np.float32)
    return pushed


def _contrast(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return float(rng.uniform(*limits)) * (1 if rng.random() < _BRIGHT_SHARE else -1)


def _inside(distance: FloatArray, edge: float, softness: float) -> FloatArray:
    share: FloatArray = (1 / (1 + np.exp(np.clip((distance - edge) / (softness / 2), -30, 30)))).astype(np.float32)
    return share


def _smooth_noise(side: int, waves: int, rng: np.random.Generator) -> FloatArray:
    coarse = rng.standard_normal((waves, waves)).astype(np.float32)
    noise: FloatArray = ndimage.zoom(coarse, side / waves, order=1, grid_mode=True, mode="nearest")
    return noise[:side, :side]
