"""ModelOutput -> Location: where the network's location map sees a tumor, whatever class is named in the end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import Box, FloatArray
from brain_tumor.model.card import Rules
from brain_tumor.model.output import ModelOutput

# A tumor's cells are those of at least half the peak's probability: the width of a peak at half its maximum does
# not change when the whole map is fainter, so a faint tumor gets no larger box than a clear one.
REGION_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Location:
    """Where in the image a tumor is; positions are fractions of its width (x) and height (y), from the upper left."""

    box: Box
    peak: tuple[float, float]  # x, y: centre of the most probable cell
    score: float  # 0 to 1, probability that a tumor is in that cell

    def placed_in(self, region: Box) -> "Location":
        """Positions in a region of the picture as positions in the whole picture.

        Args:
            region: which the map covers.
        """
        left, top, right, bottom = region
        x0, x1, x = (left + share * (right - left) for share in (self.box[0], self.box[2], self.peak[0]))
        y0, y1, y = (top + share * (bottom - top) for share in (self.box[1], self.box[3], self.peak[1]))
        return Location((x0, y0, x1, y1), (x, y), self.score)


def find_location(output: ModelOutput, rules: Rules) -> Location | None:
    """The box around the map's peak, in fractions of what the map covers.

    It holds the cells of at least REGION_SHARE of the peak that touch it, side by side or through each other. Each of
    its edges lies where the map, taken as linear between the centres of two cells, crosses that value.

    Returns:
        None when the peak is below the threshold, and without a map or a threshold.
    """
    heat, threshold = output.location, rules.min_location
    if heat is None or threshold is None:
        return None
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    score = float(heat[row, column])
    if not score >= threshold or score == 0:  # the first is also true for NaN
        return None
    limit = REGION_SHARE * score
    region = connected_cells(heat >= limit, row, column)
    rows, columns = heat.shape
    x0, x1 = _first_edge(heat.T, region.T, limit), columns - _first_edge(heat.T[::-1], region.T[::-1], limit)
    y0, y1 = _first_edge(heat, region, limit), rows - _first_edge(heat[::-1], region[::-1], limit)
    box = (x0 / columns, y0 / rows, x1 / columns, y1 / rows)
    return Location(box, ((column + 0.5) / columns, (row + 0.5) / rows), score)


def connected_cells(mask: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    """The cells of the mask that steps up, down, left and right join to the given one.

    Args:
        mask: (rows, columns).
        row: of the given cell, which counts even outside of the mask.
        column: of the same.

    Returns:
        (rows, columns), true where a cell is joined.
    """
    region = np.zeros_like(mask)
    region[row, column] = True
    while True:
        grown = region.copy()
        grown[1:] |= region[:-1]
        grown[:-1] |= region[1:]
        grown[:, 1:] |= region[:, :-1]
        grown[:, :-1] |= region[:, 1:]
        grown &= mask
        if (grown == region).all():
            return region
        region = grown


def _first_edge(heat: FloatArray, region: NDArray[np.bool_], limit: float) -> float:
    """Distance of the region's first row edge from the first cell's outer edge, in cells."""
    first = int(region.any(axis=1).argmax())
    if first == 0:
        return 0.0  # the image ends here, and so does the tumor as far as it can be seen
    # Every neighbour above is below the limit, or it would belong to the region.
    inside, outside = heat[first][region[first]], heat[first - 1][region[first]]
    reach = (inside - limit) / (inside - outside)  # from a cell's centre outwards, 0 to 1
    return first + 0.5 - float(reach.max())
