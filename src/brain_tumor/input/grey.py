"""Stored grey values to what a screen shows: rescale, window, padding, 0 to 1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import FloatArray
from brain_tumor.input.series import Window

# What Window.ROBUST leaves out at each end: a few hot pixels would make everything else dark.
_ROBUST_PERCENTILES = (1, 99)


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A table from stored values to others; values before and after it get its first and its last entry."""

    first: int  # the value that the first entry stands for
    entries: NDArray[np.float64]  # (entries,)
    bits: int  # depth of the entries


@dataclass(frozen=True, slots=True)
class GreyWindow:
    """A window as DICOM describes it; source of the three functions: DICOM PS3.3, C.11.2.1."""

    center: float
    width: float
    function: str = "LINEAR"  # or LINEAR_EXACT or SIGMOID

    @property
    def is_usable(self) -> bool:
        """Whether centre and width are numbers and the width is above zero."""
        return bool(np.isfinite(self.center) and np.isfinite(self.width) and self.width > 0)


@dataclass(frozen=True, slots=True, eq=False)
class GreyScale:
    """What a file says about the meaning of its stored grey values."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_table: LookupTable | None = None  # instead of slope and intercept
    window: GreyWindow | None = None  # the file's own
    window_table: LookupTable | None = None  # goes before the window
    padding: tuple[int, int] | None = None  # stored values from, to (both included) that are no measurement
    white_is_low: bool = False  # MONOCHROME1


def to_grey(stored: NDArray[Any], scale: GreyScale, window: Window) -> FloatArray:
    """Stored values, (rows, columns), of any depth and sign, to grey, same shape, float32, finite, 0 to 1.

    window: Window.FILE takes the file's table, else its window, else the full range.
    Padding and values that are no numbers become black and count in no range; an image of one value is all 0.
    """
    unknown = np.zeros(stored.shape, bool)
    if scale.padding is not None:
        unknown |= (stored >= scale.padding[0]) & (stored <= scale.padding[1])
    with np.errstate(all="ignore"):
        values = _rescale(stored, scale)
        unknown |= ~np.isfinite(values)
        known = values[~unknown]
        if not known.size or known.min() == known.max():
            return np.zeros(stored.shape, np.float32)
        grey = _show(values, known, scale, window)
        if scale.white_is_low:
            grey = 1 - grey
    grey[unknown] = 0
    # Values near the largest float overflow on the way.
    shown: FloatArray = np.nan_to_num(grey, nan=0.0, posinf=1.0, neginf=0.0).astype(np.float32)
    return shown


def _rescale(stored: NDArray[Any], scale: GreyScale) -> NDArray[np.float64]:
    if scale.modality_table is not None:
        return _look_up(stored.astype(np.float64), scale.modality_table)
    values = stored.astype(np.float64)
    values *= scale.slope
    values += scale.intercept
    return values


def _show(
    values: NDArray[np.float64], known: NDArray[np.float64], scale: GreyScale, window: Window
) -> NDArray[np.float64]:
    if window is Window.FILE and scale.window_table is not None:
        return _clip(_look_up(values, scale.window_table) / (2**scale.window_table.bits - 1))
    if window is Window.FILE and scale.window is not None and scale.window.is_usable:
        return _through_window(values, scale.window)
    low, high = known.min(), known.max()
    if window is Window.ROBUST:
        robust_low, robust_high = np.percentile(known, _ROBUST_PERCENTILES)
        # On a nearly empty picture both may be its background.
        low, high = (robust_low, robust_high) if robust_low < robust_high else (low, high)
    return _clip((values - low) / (high - low))


def _through_window(values: NDArray[np.float64], window: GreyWindow) -> NDArray[np.float64]:
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        sigmoid: NDArray[np.float64] = 1 / (1 + np.exp(-4 * (values - center) / width))
        return sigmoid
    # LINEAR forbids widths below 1, yet files with values far below 1 have them; exactly is the way to read those.
    if window.function == "LINEAR_EXACT" or width < 1:
        return _clip((values - center) / width + 0.5)
    if width == 1:
        return (values > center - 0.5).astype(np.float64)
    return _clip((values - (center - 0.5)) / (width - 1) + 0.5)


def _clip(values: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped: NDArray[np.float64] = np.clip(values, 0, 1)
    return clipped


def _look_up(values: NDArray[np.float64], table: LookupTable) -> NDArray[np.float64]:
    places = np.clip(np.rint(np.nan_to_num(values)) - table.first, 0, len(table.entries) - 1)
    found: NDArray[np.float64] = table.entries[places.astype(np.intp)]
    return found
