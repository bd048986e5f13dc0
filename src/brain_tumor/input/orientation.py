"""How a slice lies in the patient, and how it is turned to be shown as radiologists are used to.

Directions are unit vectors in DICOM's patient coordinates: x runs to the patient's left, y to posterior, z to superior.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import Sides, View
from brain_tumor.input.series import Plane

# Letters of the two ends of x, y and z.
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
# An oblique edge gets a second letter from 22.5 degrees on: half the way to where both count the same.
_SECOND_LETTER = float(np.tan(np.pi / 8))
# To the right and down in a picture of each plane: the patient's right, or anterior of a sagittal slice, is on the
# left, and superior or anterior is up.
_SHOWN = {
    Plane.AXIAL: ((1, 0, 0), (0, 1, 0)),
    Plane.CORONAL: ((1, 0, 0), (0, 0, -1)),
    Plane.SAGITTAL: ((0, 1, 0), (0, 0, -1)),
}
# Slices count from right to left, from posterior to anterior and from inferior to superior.
_ASCENDING = {Plane.SAGITTAL: (1, 0, 0), Plane.CORONAL: (0, -1, 0), Plane.AXIAL: (0, 0, 1)}


def normal(along_row: Sequence[float], along_column: Sequence[float]) -> NDArray[np.float64]:
    """Unit vector, (x, y, z), across rows and columns; source: DICOM PS3.3, C.7.6.2.1.1."""
    across = np.cross(along_row, along_column)
    unit: NDArray[np.float64] = across / np.linalg.norm(across)
    return unit


def ascending_normal(along_row: Sequence[float], along_column: Sequence[float]) -> NDArray[np.float64]:
    """The normal, a unit vector (x, y, z), turned so that it runs as slices count: to superior, anterior or left."""
    unit = normal(along_row, along_column)
    plane = nearest_plane(along_row, along_column)
    return unit if float(unit @ np.array(_ASCENDING[plane])) > 0 else -unit


def nearest_plane(along_row: Sequence[float], along_column: Sequence[float]) -> Plane:
    """The plane of the body that is nearest to a slice."""
    planes = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)  # across x, y and z
    return planes[int(np.abs(normal(along_row, along_column)).argmax())]


def radiological_view(along_row: Sequence[float], along_column: Sequence[float]) -> tuple[View, Sides]:
    """How a slice is turned to be shown, and what its edges are then.

    Args:
        along_row: direction in which the columns of the stored picture follow each other.
        along_column: direction in which its rows follow each other.
    """
    row, column = (np.asarray(item, np.float64) / np.linalg.norm(item) for item in (along_row, along_column))
    right, down = (np.array(item) for item in _SHOWN[nearest_plane(along_row, along_column)])
    # Of the two ways to lay the picture, the one whose edges are nearer to the wanted ones.
    is_transposed = bool(abs(row @ right) + abs(column @ down) < abs(column @ right) + abs(row @ down))
    if is_transposed:
        row, column = column, row
    view = View(is_transposed, flips_rows=bool(column @ down < 0), flips_columns=bool(row @ right < 0))
    return view, to_sides(-row if view.flips_columns else row, -column if view.flips_rows else column)


def to_sides(to_right: NDArray[np.float64], to_bottom: NDArray[np.float64]) -> Sides:
    """The edges of a picture that is shown; of each the direction towards it.

    Args:
        to_right: where the picture's columns run, (x, y, z).
        to_bottom: where its rows run, the same.
    """
    return Sides(_letters(-to_right), _letters(to_right), _letters(-to_bottom), _letters(to_bottom))


def _letters(direction: NDArray[np.float64]) -> str:
    sizes = np.abs(direction)
    axes = [axis for axis in np.argsort(-sizes, kind="stable") if sizes[axis] >= _SECOND_LETTER * sizes.max()]
    return "".join(_LETTERS[axis][int(direction[axis] > 0)] for axis in axes[:2])
