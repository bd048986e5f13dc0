"""The original of one slice for the viewer: the source's own pixels, with what they mean."""

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.scan import FloatArray, Scan
from page.fair_queue import QUEUE
from page.series_item import SeriesItem

# A browser gets up to 8 MiB for one slice; scanners reconstruct 1024 x 1024 at most, and larger pictures are reduced.
MAX_PIXELS = 2**22
# Of values without a window of their own, what is left out at each end when they are first shown.
_ROBUST_PERCENTILES = (1, 99)


@dataclass(frozen=True, slots=True, eq=False)
class SourcePicture:
    """One slice as the viewer gets it."""

    rows: int
    columns: int
    bits: int  # 8 or 16, of each pixel
    packed: str  # (rows, columns), little-endian, deflated (zlib), as base64
    values: tuple[float, float]  # what the pixels 0 and 2**bits - 1 stand for
    window: tuple[float, float]  # the values that are black and white at first
    has_values: bool  # whether these are a scan's own values, and not the shades of a picture
    reduced_by: int  # factor; 1 for every pixel of the source

    def to_data(self) -> dict[str, Any]:
        """As the component takes it."""
        return {name: getattr(self, name) for name in self.__slots__}


def read_source(item: SeriesItem, index: int) -> SourcePicture | None:
    """Read one answered slice again; None where its file is gone, or cannot be read any more.

    Args:
        item: that it belongs to.
        index: of the slice, counted from 0.
    """
    cached = item.records[index].cached
    if cached is None:
        return None
    with QUEUE.exclusive():  # a picture of 25 million pixels takes 300 MB for a moment
        try:
            found = item.find_source(index)
            scan = found.read() if found else None
        except ScanError:
            return None
        return to_source_picture(scan, cached.result.scan.value_range) if scan else None


def to_source_picture(scan: Scan, window: tuple[float, float] | None) -> SourcePicture:
    """Pack a scan for the viewer.

    Args:
        scan: over the full range of its values.
        window: the values that are black and white at first; None where the file does not say.
    """
    pixels, factor = _reduce(scan.pixels)
    scaled = pixels * np.float32(255)
    bits = 16 if scan.value_range or np.abs(scaled - np.rint(scaled)).max() > 0.01 else 8
    if bits == 16:
        scaled = pixels * np.float32(2**16 - 1)
    packed = np.rint(scaled).astype("<u2" if bits == 16 else np.uint8)
    low, high = values = scan.value_range or (0.0, 255.0)
    if scan.value_range and window is None:
        black, white = np.percentile(pixels, _ROBUST_PERCENTILES)
        window = float(low + (high - low) * black), float(low + (high - low) * white)
    rows, columns = pixels.shape
    return SourcePicture(
        rows,
        columns,
        bits,
        base64.b64encode(zlib.compress(packed.tobytes(), 1)).decode(),
        values,
        window if window and window[0] != window[1] else values,
        scan.value_range is not None,
        factor,
    )


def _reduce(pixels: FloatArray) -> tuple[FloatArray, int]:
    factor = 1
    while pixels.size / factor**2 > MAX_PIXELS:
        factor += 1
    if factor == 1:
        return pixels, factor
    return np.asarray(Image.fromarray(pixels).reduce(factor)), factor
