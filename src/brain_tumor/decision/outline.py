"""Location map -> the outline of the region around its peak, whose bounding box decision.location gives."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from brain_tumor.decision.location import REGION_SHARE, connected_cells
from brain_tumor.input.scan import Box, FloatArray

Point: TypeAlias = tuple[float, float]  # x, y
_Sample: TypeAlias = tuple[int, int]  # row, column
_Side: TypeAlias = frozenset[_Sample]  # the two samples that it joins


def find_outline(heat: FloatArray, region: Box = (0.0, 0.0, 1.0, 1.0)) -> tuple[Point, ...]:
    """The line along which the map falls to REGION_SHARE of its peak, around the cells joined to the peak.

    The map is taken as linear between the centres of two cells side by side (marching squares, after Lorensen and
    Cline 1987). Cells that touch at corners only stay apart, as they do for the box. From the outermost centres to the
    picture's edge the map keeps its value. Holes are left out.

    Args:
        heat: (rows, columns), 0 to 1, with a maximum above 0.
        region: which part of the picture the map covers.

    Returns:
        Corners in fractions of the picture's width and height, the last one equal to the first.
    """
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    limit = REGION_SHARE * float(heat[row, column])
    above = heat >= limit
    # Other cells above the limit touch the region at corners at most, so they are no part of a crossing.
    own = np.where(above & ~connected_cells(above, row, column), 0.0, heat)
    # The outermost values reach up to the edge; right behind it there is nothing.
    samples = np.pad(np.pad(own.astype(np.float64), 1, mode="edge"), 1)
    following = _cross_squares(samples >= limit)
    loops = []
    while following:
        side, end = following.popitem()
        loop = [side]
        while end != loop[0]:
            loop.append(end)
            end = following.pop(end)
        loops.append([_crossing(samples, side, limit) for side in (*loop, loop[0])])
    left, top, right, bottom = region
    return tuple(
        (left + x / heat.shape[1] * (right - left), top + y / heat.shape[0] * (bottom - top))
        for x, y in max(loops, key=_area)
    )


def _cross_squares(inside: NDArray[np.bool_]) -> dict[_Side, _Side]:
    """Where the line that leaves a square of four samples through one side goes on, for every crossed side."""
    following = {}
    count = inside[:-1, :-1].astype(int) + inside[1:, :-1] + inside[:-1, 1:] + inside[1:, 1:]
    for row, column in np.argwhere((count > 0) & (count < 4)):
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]  # clockwise
        sides = [frozenset(pair) for pair in pairwise([*corners, corners[0]])]
        within = [bool(inside[corner]) for corner in corners]
        for index in range(4):
            if within[index] or not within[(index + 1) % 4]:
                continue
            # The line cuts off the corners from here up to the next one outside.
            last = next(step for step in range(1, 4) if not within[(index + step + 1) % 4])
            following[sides[index]] = sides[(index + last) % 4]
    return following


def _crossing(samples: NDArray[np.float64], side: _Side, limit: float) -> Point:
    """Where the line crosses a side, in cells from the map's upper left corner."""
    first, second = sorted(side)
    share = (samples[first] - limit) / (samples[first] - samples[second])
    # Samples stand half a cell beyond the first edge, on it, and at the centres from half a cell on.
    edges = [
        (_clamp_to_cells(start, count), _clamp_to_cells(end, count))
        for start, end, count in zip(first, second, samples.shape, strict=True)
    ]
    (y0, y1), (x0, x1) = edges
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


def _clamp_to_cells(index: int, count: int) -> float:
    return min(max(index - 1.5, 0.0), count - 4.0)


def _area(loop: list[Point]) -> float:
    """Twice the area inside; source: the shoelace formula."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(loop)))
