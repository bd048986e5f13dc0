"""Where the network sees a tumor: the region around the highest point of its location map."""

from dataclasses import dataclass

import numpy as np

from brain_tumor.input.scan import FloatArray
from brain_tumor.model.card import Rules
from brain_tumor.model.output import ModelOutput

# Half of the maximum, the usual width of a peak.
_EDGE = 0.5


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the image; x and y are fractions of width and height from the upper left corner."""

    box: tuple[float, float, float, float]  # x0, y0, x1, y1
    peak: tuple[float, float]  # x, y: centre of the highest cell
    score: float  # 0 to 1, of the highest cell


def find_location(output: ModelOutput, rules: Rules) -> Location | None:
    """The box around the highest cell and the cells joined to it by sides that reach half of its score.

    None when the network has no location map, the card has no threshold, or the highest cell lies below it.
    """
    heat = output.location
    if heat is None or rules.min_location is None or not heat.max() >= rules.min_location:
        return None
    rows, columns = heat.shape
    row, column = divmod(int(heat.argmax()), columns)
    inside = np.argwhere(_joined(heat >= _EDGE * heat.max(), row, column))
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    box = (float(left / columns), float(top / rows), float(right / columns), float(bottom / rows))
    return Location(box, ((column + 0.5) / columns, (row + 0.5) / rows), float(heat[row, column]))


def _joined(mask: FloatArray, row: int, column: int) -> FloatArray:
    reached = np.zeros_like(mask)
    pending = [(row, column)]
    while pending:
        row, column = pending.pop()
        if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and mask[row, column] and not reached[row, column]:
            reached[row, column] = True
            pending += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return reached
