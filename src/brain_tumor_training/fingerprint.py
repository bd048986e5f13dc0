"""One image file -> what is kept of it to compare it with all others: 8 KiB, whatever the file's size."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.scan import FloatArray, Scan

ByteArray = NDArray[np.uint8]

# Fine enough that the next slice of the same patient differs, coarse enough that another JPEG quality does not.
SIDE_PX = 64
_FRAME = InputContract(side_px=SIDE_PX)

# Brighter than this share of the picture's bright end is content; the noise of a background and of JPEG lies below.
_DARK = 0.12
# A row or column belongs to the margin when it has less than this share of the content of the fullest one, a measure
# that a wider margin leaves as it is.
_MIN_CONTENT = 0.15
# A picture that would lose more than this share of a side is mostly dark; nothing says where its margin ends.
_MAX_TRIM = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What identifies one image file."""

    bytes_sha256: str
    pixels_sha256: str  # of the decoded grey pixels and their shape
    frames: ByteArray  # (2, SIDE_PX, SIDE_PX): the whole picture, and the picture less its dark margin


def to_fingerprint(data: bytes, scan: Scan) -> Fingerprint:
    """The fingerprint of a file with this content, which read_scan decoded to this scan.

    Frames are stretched to a square and their grey values to the whole range, so neither size nor exposure shows.
    """
    pixels = np.ascontiguousarray(scan.pixels)
    digest = hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes())
    frames = np.stack([_to_frame(scan), _to_frame(_trim(scan))])
    return Fingerprint(hashlib.sha256(data).hexdigest(), digest.hexdigest(), frames)


def _to_frame(scan: Scan) -> ByteArray:
    grey: FloatArray = to_tensor(scan, _FRAME)[0, :, :, 0]
    low, high = float(grey.min()), float(grey.max())
    if high <= low:
        return np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    return np.round((grey - low) * (255 / (high - low))).astype(np.uint8)


def _trim(scan: Scan) -> Scan:
    bright = scan.pixels > _DARK * np.quantile(scan.pixels, 0.99)
    slices = []
    for axis in (1, 0):
        content = bright.sum(axis=axis)
        inside = np.flatnonzero(content >= max(1.0, _MIN_CONTENT * content.max()))
        if inside.size == 0 or inside[-1] + 1 - inside[0] < (1 - _MAX_TRIM) * content.size:
            return scan
        slices.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return Scan(scan.pixels[slices[0], slices[1]], scan.chroma, scan.file_format)
