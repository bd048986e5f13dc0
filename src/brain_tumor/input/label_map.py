"""Whether a volume's values are regions instead of a scanner's signal: a mask, a segmentation, an atlas."""

import re
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

# BIDS' suffixes and its entity "label"; source: BIDS 1.10, derivatives, "Masks" and "Segmentations". Further, shares of
# tissues as FSL and templates call them, and FreeSurfer's and 3D Slicer's own names. A "brainmask" of FreeSurfer is a
# scan without its skull.
_NAME = re.compile(
    r"((^|_)(mask|dseg|probseg|labels?|pveseg|pve_\d)|(^|_)(gm|wm|csf)(_(tal|prob|pve|map).*)?|_label-[a-z0-9]+.*"
    r"|(^|[._+-])(aseg|wmparc|ribbon)|aparc.*|\.seg)$"
)
_ENDINGS = (".gz", ".nii", ".hdr", ".img", ".mgh", ".mgz", ".nrrd", ".nhdr", ".mha", ".mhd")
# A scan has hundreds of values; a tumor's segmentation has up to five, one of tissues up to some ten.
_FEW_VALUES = 16
_LOOKED_AT = 2**16
# Fewer voxels may have few values by chance.
_MIN_VOXELS = 1000
# Of an atlas of many regions, voxels beside each other are equal but for the borders; those of a scan are by chance.
_EQUAL_SHARE, _MIN_PAIRS = 0.9, 500


def is_named_label_map(file: str) -> bool:
    """Whether a file's name says that it holds a mask or a segmentation."""
    return _NAME.search(without_endings(PurePath(file).name).lower()) is not None


def without_endings(name: str) -> str:
    """The name of a volume's file without ``.nii.gz`` and the like."""
    while ending := next((ending for ending in _ENDINGS if name.lower().endswith(ending)), None):
        name = name[: -len(ending)]
    return name


def holds_labels(voxels: NDArray[Any]) -> bool:
    """Whether voxels, (i, j, k), are labels: of few values, or of whole numbers that fill regions.

    A volume of one value is none.
    """
    if voxels.dtype.names or voxels.size < _MIN_VOXELS:
        return False
    # An odd step, so that rows of even length are not met at the same place again and again.
    sample = voxels.reshape(-1, order="A")[:: max(1, voxels.size // _LOOKED_AT) | 1]
    values, counts = np.unique(sample[np.isfinite(sample)], return_counts=True)
    if len(values) < 2:
        return False
    if len(values) <= _FEW_VALUES:
        return True
    if voxels.dtype.kind == "f" and (values != np.rint(values)).any():
        return False
    background = values[counts.argmax()]
    middle = voxels[:, :, voxels.shape[2] // 2]
    return _fills_regions(middle, background) and _fills_regions(middle.T, background)


def _fills_regions(picture: NDArray[Any], background: Any) -> bool:
    first, second = picture[1:], picture[:-1]
    inside = (first != background) & (second != background)
    return int(inside.sum()) >= _MIN_PAIRS and float((first == second)[inside].mean()) >= _EQUAL_SHARE
