"""Stored grey values to what a screen shows: rescale, window, padding, 0 to 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import FloatArray
from brain_tumor.input.series import WindowMode

# What WindowMode.ROBUST leaves out at each end: a few hot pixels would make everything else dark.
ROBUST_PERCENTILES = (1, 99)
# A window fits where the series' values, from the 1st to the 99th percentile, fill at least this share of the greys,
# and where at least that share of what is brighter than the mean, which is the head, is neither black nor white. Chosen
# on training images by benchmarks/chosen_constants.py: the lowest tenths with which 19 right and wrong windows together
# lose less than one in a hundred of the right and sure answers that robust limits give.
_MIN_FILLED = 0.5
_MIN_GREY_SHARE = 0.7
_BLACK, _WHITE = 0.01, 0.99
_OF_THE_FILE = (WindowMode.FILE, WindowMode.STORED)
# Shown at a time: numbers at work are eight times as large as what most files store.
_BAND_PIXELS = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A table from stored values to others; values before and after it get its first and its last entry."""

    first: int  # the value that the first entry stands for
    entries: NDArray[np.float64]  # (entries,)
    bits: int  # depth of the entries


@dataclass(frozen=True, slots=True)
class VoiWindow:
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
    window: VoiWindow | None = None  # the file's own, the first of several
    other_windows: tuple[VoiWindow, ...] = ()  # the rest
    window_table: LookupTable | None = None  # goes before the window
    padding: tuple[int, int] | None = None  # stored values from, to (both included) that are no measurement
    white_is_low: bool = False  # MONOCHROME1


def to_grey(stored: NDArray[Any], scale: GreyScale, window: WindowMode) -> FloatArray:
    """Rescale and window stored values.

    Padding and values that are no numbers become black and count in no range; an image of one value is all 0.

    Args:
        stored: (rows, columns), of any depth and sign.
        scale: what they mean.
        window: FILE takes the file's table, else its window, else the full range.

    Returns:
        (rows, columns), finite, 0 to 1.
    """
    return to_grey_and_range(stored, scale, window)[0]


def to_grey_and_range(
    stored: NDArray[Any], scale: GreyScale, window: WindowMode, limits: tuple[float, float] | None = None
) -> tuple[FloatArray, tuple[float, float] | None]:
    """As `to_grey`, and the values that became 0 and 1; of a sigmoid, where its middle line reaches them.

    The first is the higher value where white is low. None where a table decides, and for an image of one value.

    Args:
        stored: (rows, columns), of any depth and sign.
        scale: what they mean.
        window: as for `to_grey`.
        limits: values that become 0 and 1 instead of those that the window mode says; with FULL.
    """
    shown = np.zeros(stored.shape, np.float32)
    with np.errstate(all="ignore"):
        low, high = _full_range(stored, scale)
        if not low < high:
            return shown, None
        if limits is not None:
            low, high = limits
        elif window is WindowMode.ROBUST:
            low, high = _robust_range(stored, scale) or (low, high)
        for band in bands(*stored.shape):
            values, unknown = rescale(stored[band], scale)
            grey = _show(values, (low, high), scale, window)
            if scale.white_is_low:
                grey = 1 - grey
            grey[unknown] = 0
            # Values near the largest float overflow on the way.
            shown[band] = np.nan_to_num(grey, nan=0.0, posinf=1.0, neginf=0.0)
    shades = _shades((low, high), scale, window)
    return shown, shades[::-1] if shades and scale.white_is_low else shades


def _shades(full: tuple[float, float], scale: GreyScale, window: WindowMode) -> tuple[float, float] | None:
    if window in _OF_THE_FILE and scale.window_table is not None:
        return None
    if window in _OF_THE_FILE and scale.window is not None and scale.window.is_usable:
        center, width = scale.window.center, scale.window.width
        return center - width / 2, center + width / 2
    return full


def window_fits(shown: FloatArray, values: NDArray[np.float64]) -> bool:
    """Whether a window shows what values hold; the arguments are those of `fit_of`."""
    filled, grey = fit_of(shown, values)
    return filled >= _MIN_FILLED and grey >= _MIN_GREY_SHARE


def fit_of(shown: FloatArray, values: NDArray[np.float64]) -> tuple[float, float]:
    """How well a window shows what values hold.

    Args:
        shown: grey values, 0 to 1, of all slices of a series or of a sample of their pixels.
        values: the same pixels before the window, not all the same.

    Returns:
        The share of the greys that the values fill, but for outliers, and the share of what is brighter than the mean
        that is neither black nor white.
    """
    head = shown[values > values.mean()]
    return _filled(shown), float(((head > _BLACK) & (head < _WHITE)).mean())


def fills_greys(shown: NDArray[Any]) -> bool:
    """Whether grey values, 0 to 1, spread over enough of the range; a few outliers do not count."""
    return _filled(shown) >= _MIN_FILLED


def _filled(shown: NDArray[Any]) -> float:
    dark, bright = np.percentile(shown, ROBUST_PERCENTILES)
    return float(bright - dark)


def bands(rows: int, columns: int) -> Iterator[slice]:
    """The rows of a picture, some at a time, so that working on them takes little memory."""
    step = max(1, _BAND_PIXELS // columns)
    for start in range(0, rows, step):
        yield slice(start, start + step)


def _full_range(stored: NDArray[Any], scale: GreyScale) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for known in _known(stored, scale):
        low, high = min(low, float(known.min())), max(high, float(known.max()))
    return low, high


def _robust_range(stored: NDArray[Any], scale: GreyScale) -> tuple[float, float] | None:
    known, count = np.empty(stored.size), 0
    for found in _known(stored, scale):
        known[count : count + found.size] = found
        count += found.size
    low, high = np.percentile(known[:count], ROBUST_PERCENTILES, overwrite_input=True)
    # On a nearly empty picture both may be its background.
    return (float(low), float(high)) if low < high else None


def _known(stored: NDArray[Any], scale: GreyScale) -> Iterator[NDArray[np.float64]]:
    for band in bands(*stored.shape):
        values, unknown = rescale(stored[band], scale)
        if (known := values[~unknown]).size:
            yield known


def rescale(stored: NDArray[Any], scale: GreyScale) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What stored numbers mean, in the file's own units, and which of them are padding or no number.

    Args:
        stored: of any shape; both results have it.
        scale: what they mean.
    """
    values = stored.astype(np.float64)
    if scale.modality_table is not None:
        values = _look_up(values, scale.modality_table)
    else:
        # What becomes too large to be a number is unknown below.
        with np.errstate(over="ignore", invalid="ignore"):
            values *= scale.slope
            values += scale.intercept
    unknown = ~np.isfinite(values)
    if scale.padding is not None:
        unknown |= (stored >= scale.padding[0]) & (stored <= scale.padding[1])
    return values, unknown


def _show(
    values: NDArray[np.float64], shades: tuple[float, float], scale: GreyScale, window: WindowMode
) -> NDArray[np.float64]:
    if window in _OF_THE_FILE and scale.window_table is not None:
        return _clip(_look_up(values, scale.window_table) / (2**scale.window_table.bits - 1))
    if window in _OF_THE_FILE and scale.window is not None and scale.window.is_usable:
        return _through_window(values, scale.window)
    low, high = shades
    return _clip((values - low) / (high - low))


def _through_window(values: NDArray[np.float64], window: VoiWindow) -> NDArray[np.float64]:
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
    indices = np.clip(np.rint(np.nan_to_num(values)) - table.first, 0, len(table.entries) - 1)
    found: NDArray[np.float64] = table.entries[indices.astype(np.intp)]
    return found
