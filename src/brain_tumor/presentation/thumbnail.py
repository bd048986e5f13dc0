"""A small picture of a scan, for pages that show many."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.input.scan import FloatArray, Scan

MAX_SIDE_PX = 300
# Keeps the fine lines of a slice in about 10 KB; even pure noise stays below 60 KB.
JPEG_QUALITY = 80


def render_thumbnail(scan: Scan) -> bytes:
    """A grey JPEG of at most MAX_SIDE_PX a side; smaller scans keep their size, true proportions always stay."""
    grey = Image.fromarray(_to_bytes(scan.pixels))
    width, height = _true_size(scan)
    shrink = min(1.0, MAX_SIDE_PX / max(width, height))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    if size != grey.size:
        grey = grey.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    grey.save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


def _to_bytes(pixels: FloatArray) -> NDArray[np.uint8]:
    """0 to 1 as 0 to 255; with one copy at work only, since a scan may weigh 100 MB."""
    shades = np.clip(pixels, 0.0, 1.0)
    shades *= 255
    return np.round(shades, out=shades).astype(np.uint8)


def _true_size(scan: Scan) -> tuple[float, float]:
    """Width and height in pixels that are as high as wide; no side gets shorter."""
    rows, columns = scan.pixels.shape
    row_mm, column_mm = scan.pixel_size
    finest = min(row_mm, column_mm)
    return columns * column_mm / finest, rows * row_mm / finest
