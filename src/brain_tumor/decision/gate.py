"""Is this a brain MRI at all?"""

from brain_tumor.input.scan import Scan
from brain_tumor.model.card import Rules
from brain_tumor.model.output import ModelOutput

# The coarsest acquisition matrix in clinical use is 64 x 64; below it nothing of a brain can be judged.
MIN_SIDE_PX = 64
# An empty slice or a blank page: nearly all grey values within one per cent of the range.
MIN_SPREAD = 0.01
# Codes of other scanners and pictures, of DICOM PS3.3 C.7.3.1.1.1. Other text is not repeated: it may be a name.
_OTHER_MODALITIES = frozenset(
    "CR CT DX ES IO MG NM OP OT PT PX RF RG SC SM US XA XC SEG RTIMAGE RTDOSE IVUS IVOCT".split()
)


def gate_reason(scan: Scan, output: ModelOutput, rules: Rules) -> str | None:
    """Why the image is not taken for a brain MRI, in words; None when it is. The first reason counts."""
    if scan.modality not in (None, "MR"):
        other = scan.modality if scan.modality in _OTHER_MODALITIES else "of another kind"
        return f"the file says that it is {other}, not MR"
    rows, columns = scan.pixels.shape
    if min(rows, columns) < MIN_SIDE_PX:
        return f"the image is only {columns} x {rows} pixels, {MIN_SIDE_PX} a side are needed"
    if float(scan.pixels.std()) < MIN_SPREAD:
        return "the image is blank"
    if scan.chroma > rules.max_chroma:
        return "the image is a colour picture, MRI is grey"
    if float(output.gate_scores[0]) < rules.min_gate_score:
        return "the image does not look like a brain MRI"
    return None
