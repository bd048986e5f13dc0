"""A small picture of a scan, for pages that show many."""

import io

import numpy as np
from PIL import Image

from brain_tumor.input.scan import Scan

MAX_SIDE_PX = 300
# Keeps the fine lines of a slice in about 10 KB; even pure noise stays below 60 KB.
JPEG_QUALITY = 80


def render_thumbnail(scan: Scan) -> bytes:
    """A grey JPEG of at most MAX_SIDE_PX a side; smaller scans keep their size, proportions always stay."""
    grey = Image.fromarray(np.round(np.clip(scan.pixels, 0.0, 1.0) * 255).astype(np.uint8))
    grey.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    grey.save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
