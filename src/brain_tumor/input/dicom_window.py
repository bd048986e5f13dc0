"""Does a file's window fit the values of its series? One choice for all of its slices, made when the first is read."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.scan import FloatArray, WindowUse
from brain_tumor.input.series import WindowMode
from brain_tumor.input.voi import (
    ROBUST_PERCENTILES,
    GreyScale,
    fills_greys,
    rescale,
    to_grey,
    to_grey_and_range,
    window_fits,
)

# Slices that are looked at, evenly over the series, and pixels of each: the rest would only take time.
_LOOKED_AT_SLICES = 16
_LOOKED_AT_PIXELS = 2**14
# Too few to say what fits; and a picture as small is not analysed.
_MIN_VALUES = 32 * 32
GreyValues = Callable[[], tuple[NDArray[Any], GreyScale] | None]


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """Which values become black and white in every slice of a series."""

    mode: WindowMode
    use: WindowUse | None = None  # None: as each slice's own file says
    window: int = 0  # which of the file's windows, from 0
    limits: tuple[float, float] | None = None  # of the whole series, in every slice
    # Of the whole series, in slices without a window whose own full range a few values stretch.
    without_outliers: tuple[float, float] | None = None

    def show(self, stored: NDArray[Any], scale: GreyScale) -> tuple[FloatArray, tuple[float, float] | None, WindowUse]:
        """What a slice looks like.

        Args:
            stored: (rows, columns), as the file has them.
            scale: what they mean.

        Returns:
            Grey values, (rows, columns), 0 to 1; the values that became 0 and 1, as `to_grey_and_range` has them; and
            where these come from.
        """
        if self.limits is not None:
            return *to_grey_and_range(stored, scale, WindowMode.FULL, self.limits), WindowUse.UNFIT
        if self.mode not in (WindowMode.FILE, WindowMode.STORED):
            use = WindowUse.ROBUST if self.mode is WindowMode.ROBUST else WindowUse.FULL
            return *to_grey_and_range(stored, scale, self.mode), use
        own = self._pick(scale)
        shown, shades = to_grey_and_range(stored, own, WindowMode.FILE)
        if _has_window(own):
            return shown, shades, self.use or WindowUse.FILE
        if self.without_outliers is not None and _is_stretched(stored, scale, shades):
            return *to_grey_and_range(stored, scale, WindowMode.FULL, self.without_outliers), WindowUse.OUTLIERS
        return shown, shades, WindowUse.FULL

    def _pick(self, scale: GreyScale) -> GreyScale:
        if self.window == 0 or self.window > len(scale.other_windows):
            return scale
        return replace(scale, window=scale.other_windows[self.window - 1], window_table=None)


class SeriesWindow:
    """The choice for one series; made once, by the first slice that is read."""

    def __init__(self, mode: WindowMode, slices: Sequence[GreyValues]) -> None:
        """Nothing is read yet.

        Args:
            mode: only FILE looks at the values.
            slices: what gives the stored values of each slice.
        """
        self._slices = slices
        self._lock = threading.Lock()
        self._choice: WindowChoice | None = None if mode is WindowMode.FILE else WindowChoice(mode)

    @property
    def is_of_one(self) -> bool:
        """Whether it is the choice for a single slice, whose values are at hand when it is read."""
        return len(self._slices) == 1

    def choose(self, own: tuple[NDArray[Any], GreyScale] | None = None) -> WindowChoice:
        """The choice; slices that cannot be read do not count.

        Args:
            own: stored values, (rows, columns), and scale of the single slice; None: not at hand, or colours.
        """
        if self._choice is None:
            with self._lock:
                if self._choice is None:
                    at_hand = [_thin(*own)] if own else []
                    looked_at = at_hand if self.is_of_one else list(self._look())
                    self._choice = choose_window(looked_at)
        return self._choice

    def _look(self) -> Iterator[tuple[NDArray[Any], GreyScale]]:
        count = min(len(self._slices), _LOOKED_AT_SLICES)
        for index in sorted({round(index) for index in np.linspace(0, len(self._slices) - 1, count)}):
            try:
                found = self._slices[index]()
            except ScanError:
                continue  # reading it says why
            if found is None:
                return  # colours have no window
            yield _thin(*found)


def _thin(stored: NDArray[Any], scale: GreyScale) -> tuple[NDArray[Any], GreyScale]:
    step = max(1, int(np.sqrt(stored.size / _LOOKED_AT_PIXELS)))
    return np.array(stored[::step, ::step]), scale


def _has_window(scale: GreyScale) -> bool:
    return scale.window_table is not None or (scale.window is not None and scale.window.is_usable)


def _is_stretched(stored: NDArray[Any], scale: GreyScale, shades: tuple[float, float] | None) -> bool:
    """Whether nearly all values of a slice lie in a small part of its full range."""
    values, unknown = rescale(*_thin(stored, scale))
    known = values[~unknown]
    if shades is None or known.size < _MIN_VALUES:
        return False
    low, high = sorted(shades)
    with np.errstate(all="ignore"):
        return not fills_greys((known - low) / (high - low))


def choose_window(looked_at: Sequence[tuple[NDArray[Any], GreyScale]]) -> WindowChoice:
    """The first of the files' windows that fits the values, else the robust limits of all values.

    Slices without a window keep their full range, unless a few values stretch it.

    Args:
        looked_at: stored values, (rows, columns), and scale of some slices; each slice has its own window.
    """
    limits = _robust_limits(looked_at)
    windowed = [(stored, scale) for stored, scale in looked_at if _has_window(scale)]
    choice = _choose_own(windowed)
    return replace(choice, without_outliers=limits) if choice.limits is None else replace(choice, limits=limits)


def _robust_limits(looked_at: Sequence[tuple[NDArray[Any], GreyScale]]) -> tuple[float, float] | None:
    pooled = np.concatenate([np.empty(0), *_known_values(looked_at)])
    if pooled.size < _MIN_VALUES:
        return None
    low, high = (float(value) for value in np.percentile(pooled, ROBUST_PERCENTILES))
    return (low, high) if low < high else None


def _known_values(looked_at: Sequence[tuple[NDArray[Any], GreyScale]]) -> list[NDArray[np.float64]]:
    return [found[~unknown] for found, unknown in (rescale(stored, scale) for stored, scale in looked_at)]


def _choose_own(looked_at: Sequence[tuple[NDArray[Any], GreyScale]]) -> WindowChoice:
    """Of slices that all have a window."""
    limits = _robust_limits(looked_at)
    if limits is None:
        return WindowChoice(WindowMode.FILE)
    rescaled = [rescale(stored, scale) for stored, scale in looked_at]
    values = _known_values(looked_at)
    pooled = np.concatenate(values)
    windows = 1 + min(len(scale.other_windows) for _, scale in looked_at)
    for window in range(windows):
        choice = WindowChoice(WindowMode.FILE, WindowUse.FILE_OTHER if window else None, window)
        shown = [choice.show(stored, replace(scale, white_is_low=False))[0] for stored, scale in looked_at]
        greys = [item[~unknown] for item, (_, unknown) in zip(shown, rescaled, strict=True)]
        if window_fits(np.concatenate(greys), pooled) and _each_fits(looked_at, window, greys, values):
            return choice
    return WindowChoice(WindowMode.FILE, WindowUse.UNFIT, limits=limits)


def _each_fits(
    looked_at: Sequence[tuple[NDArray[Any], GreyScale]],
    window: int,
    greys: Sequence[FloatArray],
    values: Sequence[NDArray[np.float64]],
) -> bool:
    """Whether slices' windows that differ fit: each its slice, or, as in a slice of air, the values of all slices.

    A wrong window of a few slices goes unseen in all greys together.

    Args:
        looked_at: stored values and scale of some slices.
        window: which of each file's windows, from 0.
        greys: of each slice, in its window.
        values: of each slice, after rescale.
    """
    own = [(scale.window, *scale.other_windows)[window] for _, scale in looked_at]
    if len(set(own)) < 2 or any(scale.window_table is not None for _, scale in looked_at):
        return True
    pooled = np.concatenate(values)
    fitting = {
        item for item, grey, held in zip(own, greys, values, strict=True) if held.size and window_fits(grey, held)
    }
    return all(
        window_fits(to_grey(pooled[np.newaxis], GreyScale(window=item), WindowMode.FILE)[0], pooled)
        for item in set(own) - fitting
    )
