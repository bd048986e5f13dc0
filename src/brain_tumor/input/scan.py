"""The value that leaves the first stage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
# x0, y0, x1, y1: a part of a picture, in fractions of its width and height from the upper left corner.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One slice as the file stored it, not yet resized."""

    pixels: FloatArray  # (rows, columns), 0 to 1, grey, after rescale and window
    chroma: float  # mean distance between the strongest and weakest colour channel, 0 (grey) to 1
    file_format: str  # what the bytes are, whatever the name says: "PNG", "JPEG", "DICOM", "NIfTI", ...
    spacing_mm: tuple[float, float] | None = None  # from row to row, from column to column; None where unknown
    modality: str | None = None  # DICOM's code, such as "MR" or "CT"; None where the file does not say
    # The own values, after rescale, that became 0 and 1; None of pictures and where a table or a single value decides.
    value_range: tuple[float, float] | None = None
