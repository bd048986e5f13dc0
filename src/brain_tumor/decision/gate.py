"""Is this a brain MRI at all?"""

import numpy as np

from brain_tumor.decision.reasons import Reason
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.model.card import Rules
from brain_tumor.model.output import ModelOutput

# The coarsest acquisition matrix in clinical use is 64 x 64; below it nothing of a brain can be judged.
MIN_SIDE_PX = 64
# An empty slice or a blank page: nearly all grey values within one per cent of the range.
MIN_SPREAD = 0.01
# A mask or label map has two to a few values, and those in between where a program smoothed its edges or JPEG rounded.
# Chosen on training images by benchmarks/chosen_constants.py: of what is not black, 800 scans of the data set have at
# most 0.85 in six of 32 steps of grey, 800 of further sources at most 0.93, but for a slice of nothing but air. Masks
# drawn from scans, of one value and smoothed, have 0.937 to 0.98; of two values, saved as JPEG, 0.95 to 0.97.
_GREY_STEPS, _FEW_STEPS, _FEW_SHARE = 32, 6, 0.94
_WHITE_PERCENTILE = 99.9
# Enough of a large picture to tell; the rest would only take time.
_LOOKED_AT_PX = 512
# Codes of other scanners and pictures, of DICOM PS3.3 C.7.3.1.1.1. Other text is not repeated: it may be a name.
_OTHER_MODALITIES = frozenset(
    "CR CT DX ES IO MG NM OP OT PT PX RF RG SC SM US XA XC SEG RTIMAGE RTDOSE IVUS IVOCT".split()
)


def gate_reason(scan: Scan, output: ModelOutput, rules: Rules) -> tuple[Reason, str | None] | None:
    """Why the image is not taken for a brain MRI, and what was found instead; None when it is one.

    Returns:
        The first reason, and what was found: DICOM's code of another modality, or the size in pixels.
    """
    if scan.modality not in (None, "MR"):
        return Reason.OTHER_MODALITY, scan.modality if scan.modality in _OTHER_MODALITIES else None
    if scan.is_label_map:
        return Reason.LABEL_MAP, None
    rows, columns = scan.pixels.shape
    if min(rows, columns) < MIN_SIDE_PX:
        return Reason.TOO_SMALL, f"{columns} x {rows}"
    if float(scan.pixels.std()) < MIN_SPREAD:
        return Reason.BLANK, None
    if scan.chroma > rules.max_chroma:
        return Reason.COLOUR, None
    if has_few_greys(scan.pixels):
        return Reason.FEW_GREYS, None
    if float(output.gate_scores[0]) < rules.min_gate_score:
        return Reason.NOT_A_BRAIN, None
    return None


def has_few_greys(pixels: FloatArray) -> bool:
    """Whether nearly all that is not black has one of a few grey values, as in a mask or a label map.

    Args:
        pixels: (rows, columns), 0 to 1.
    """
    return share_of_few_greys(pixels) >= _FEW_SHARE


def share_of_few_greys(pixels: FloatArray) -> float:
    """The share of what is not black that lies in the six most frequent of 32 steps of grey; 1 of a black picture."""
    step = max(1, max(pixels.shape) // _LOOKED_AT_PX)
    seen = pixels[::step, ::step]
    white = float(np.percentile(seen, _WHITE_PERCENTILE))
    if not white > 0:
        return 1.0
    steps = np.minimum((seen * (_GREY_STEPS / white)).astype(np.int64), _GREY_STEPS - 1)
    counts = np.bincount(steps.ravel(), minlength=_GREY_STEPS)[1:]  # the first step is black
    return float(np.sort(counts)[-_FEW_STEPS:].sum() / counts.sum())
