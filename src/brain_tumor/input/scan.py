"""The value that leaves the first stage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One slice as the file stored it, not yet resized."""

    pixels: FloatArray  # (rows, columns), 0 to 1, grey
    chroma: float  # mean distance between the strongest and weakest colour channel, 0 (grey) to 1
    file_format: str  # what the bytes are, whatever the name says: "PNG", "JPEG", ...
