"""The head in a training image, coarsely: where to draw a lesion, and what to take away for a missing skull."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brain_tumor.input.scan import FloatArray

_STEP = 2  # masks are made at half the size, in a quarter of the time
_TISSUE = 0.08  # of the 99th percentile; air and its noise are below
# Depths of the cut as depth_in_head() measures them, from about 1 % of the side outside the head's edge: so 2 to 7.5 %
# of a cropped head, as thick as scalp and skull are. The border that a program cuts wavers.
_SKULL = (0.03, 0.085)
_WAVER = 0.02
_WAVES = 8  # bends of the border along the image
# A convexity meningioma lies where the skull is taken off; with less than this of its box left there is none to see.
_LEAST_BOX_LEFT = 0.85


def depth_in_head(image: FloatArray) -> FloatArray:
    """How deep each place lies below the head's outline, in shares of the side; 0 outside. (side / 2, side / 2).

    The outline is that of the smoothed image, one pixel of the mask outside the head's edge.
    """
    small = ndimage.uniform_filter(image[::_STEP, ::_STEP], 3)
    tissue = small > _TISSUE * np.percentile(small, 99)
    parts, count = ndimage.label(ndimage.binary_fill_holes(tissue))
    if not count:
        return np.zeros(small.shape, np.float32)
    largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    if largest.all():
        return np.ones(small.shape, np.float32)  # no outline is seen, and none is near
    # A head that the picture cuts goes on outside of it: its edge is no skull.
    depth: FloatArray = (ndimage.distance_transform_edt(largest) / len(small)).astype(np.float32)
    return depth


def full_size(small: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """A mask of depth_in_head's size at the image's size, (side, side)."""
    return small.repeat(_STEP, axis=0).repeat(_STEP, axis=1)[:side, :side]


def remove_skull(
    image: FloatArray, box: tuple[float, float, float, float] | None, rng: np.random.Generator
) -> FloatArray:
    """The image without everything near the head's outline, which is cheap and nearly a stripped brain.

    Args:
        image: (side, side), 0 to 1.
        box: of the tumor, in shares of the sides; where the cut would take the tumor, the image stays as it is.
        rng: draws how much is removed.
    """
    depth = depth_in_head(image)
    waves = ndimage.zoom(rng.uniform(-1, 1, (_WAVES, _WAVES)), len(depth) / _WAVES, order=1)
    inside = depth > rng.uniform(*_SKULL) + _WAVER * waves[: len(depth), : len(depth)]
    parts, count = ndimage.label(inside)
    if not count:
        return image
    brain = full_size(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]), len(image))
    if box is not None:
        x0, y0, x1, y1 = (round(share * len(image)) for share in box)
        if brain[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].mean() < _LEAST_BOX_LEFT:
            return image
    stripped: FloatArray = image * brain
    return stripped
