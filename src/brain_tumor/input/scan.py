"""The value that leaves the first stage."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
# x0, y0, x1, y1: a part of a picture, in fractions of its width and height from the upper left corner.
Box = tuple[float, float, float, float]


class WindowUse(StrEnum):
    """Which values became black and white: stable codes; presentation.wording has the words."""

    FILE = "file"  # the file's own VOI LUT or first window
    FILE_OTHER = "file_other"  # another window of the file, since the first does not fit its values
    FULL = "full"  # the smallest and the largest value
    ROBUST = "robust"  # the 1st and the 99th percentile
    UNFIT = "robust_unfit"  # the same of the whole series, since the file's own does not fit its values
    OUTLIERS = "robust_outliers"  # the same, since no window is there and a few values are far from all others


@dataclass(frozen=True, slots=True)
class Sides:
    """Which side of the patient each edge of a picture shows.

    Letters as viewers have them: R right, L left, A anterior, P posterior, S superior, I inferior; two of them, the
    nearer first, where an edge lies between.
    """

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True)
class View:
    """How stored rows and columns became those that are shown: first transposed, then flipped."""

    is_transposed: bool = False
    flips_rows: bool = False  # the first row became the last
    flips_columns: bool = False

    def apply(self, stored: NDArray[Any]) -> NDArray[Any]:
        """A stored picture, (rows, columns, ...), as it is shown; a view of the same numbers."""
        turned = stored.swapaxes(0, 1) if self.is_transposed else stored
        return turned[:: -1 if self.flips_rows else 1, :: -1 if self.flips_columns else 1]

    def undo(self, shown: NDArray[Any]) -> NDArray[Any]:
        """A picture as it is shown, (rows, columns, ...), in the order in which the file stores it."""
        turned = shown[:: -1 if self.flips_rows else 1, :: -1 if self.flips_columns else 1]
        return turned.swapaxes(0, 1) if self.is_transposed else turned

    def to_stored(self, box: Box) -> Box:
        """A box in the picture as it is shown, in the picture as it is stored; both in fractions."""
        x0, y0, x1, y1 = box
        if self.flips_columns:
            x0, x1 = 1 - x1, 1 - x0
        if self.flips_rows:
            y0, y1 = 1 - y1, 1 - y0
        return (y0, x0, y1, x1) if self.is_transposed else (x0, y0, x1, y1)


AS_STORED = View()


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One slice as radiologists are shown it, not yet resized."""

    pixels: FloatArray  # (rows, columns), 0 to 1, grey, after rescale and window
    chroma: float  # mean distance between the strongest and weakest colour channel, 0 (grey) to 1
    file_format: str  # what the bytes are, whatever the name says: "PNG", "JPEG", "DICOM", "NIfTI", ...
    spacing_mm: tuple[float, float] | None = None  # from row to row, from column to column; None where unknown
    modality: str | None = None  # DICOM's code, such as "MR" or "CT"; None where the file does not say
    # The own values, after rescale, that became 0 and 1; None of pictures and where a table or a single value decides.
    value_range: tuple[float, float] | None = None
    sides: Sides | None = None  # of the picture's edges; None where the file does not say
    view: View = AS_STORED  # how a DICOM frame was turned to be shown; boxes and maps speak of the picture as shown
    window: WindowUse | None = None  # where black and white come from; None of pictures without a grey scale
    is_label_map: bool = False  # values are regions, as in a mask or a segmentation
    # Height and width of a pixel by each other, where the file states no spacing; None where it states neither.
    pixel_aspect: tuple[float, float] | None = None

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Height and width of a pixel: in mm where the spacing is known, else in proportion to each other."""
        return self.spacing_mm or self.pixel_aspect or (1.0, 1.0)
