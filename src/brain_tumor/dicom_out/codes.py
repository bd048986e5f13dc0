"""Coded terms: the standard's where it has them, else those of this project's own scheme, 99BTMRI."""

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.coding import Code

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesReason
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label

SCHEME = "99BTMRI"
# A network has four classes of pictures, not diagnoses, so a class is always the value of OUTPUT_CLASS or
# LIKELIEST_CLASS, and never a finding by itself. SNOMED CT, International Edition.
_CLASSES = {
    Label.GLIOMA: Code("393564001", "SCT", "Glioma"),
    Label.MENINGIOMA: Code("302820008", "SCT", "Intracranial meningioma"),
    Label.PITUITARY: Code("127024001", "SCT", "Neoplasm of pituitary gland"),
}


def _own(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, SCHEME, meaning)


OUTPUT_CLASS = _own("output_class", "Output class of the algorithm")
LIKELIEST_CLASS = _own("likeliest_class", "Most likely output class, in doubt")
STATUS = _own("status", "Status of the answer")
REASON = _own("reason", "Reason of the status")
GATE_SCORE = _own("gate_score", "Log-odds that the image is of the kind the algorithm answers")
LOCATION_SCORE = _own("location_score", "Highest probability on the location map")
LOCATION_REGION = _own("location_region", "Region above half of the location map's peak")
LOCATION_MAP = _own("location_map", "Heat map of a location, no outline of a finding")
SLICES = _own("slices", "Slices of the series")
ANALYSED = _own("analysed", "Slices that were analysed")
_STATUSES = {
    Status.CLASSIFIED: _own("classified", "Classified"),
    Status.UNCERTAIN: _own("uncertain", "Uncertain, needs a human look"),
    Status.NOT_A_BRAIN_MRI: _own("not_analysed", "Not analysed, not of the kind the algorithm answers"),
}


def status_code(status: Status) -> CodedConcept:
    """How far an answer may be trusted."""
    return _STATUSES[status]


def class_code(label: Label) -> CodedConcept:
    """A class; one without a finding is the algorithm's output and not the absence of a disease."""
    if code := _CLASSES.get(label):
        return CodedConcept.from_code(code)
    if label.is_finding:
        return _own(label.slug, f"Output class {label}"[:64])
    return _own(label.slug, f"Output class {label}, no statement on absence of disease"[:64])


def probability_code(label: Label) -> CodedConcept:
    """The name of a class's probability."""
    return _own(f"p_{label.slug}", f"Probability of output class {label}"[:64])


def share_code(label: Label) -> CodedConcept:
    """The name of a class's share of the analysed slices."""
    return _own(f"share_{label.slug}", f"Share of analysed slices with class {label}"[:64])


def reason_code(reason: Reason | SeriesReason, words: str) -> CodedConcept:
    """Why an answer has its status.

    Args:
        words: for a person.
    """
    return _own(reason.value, words[:64])


def own_scheme() -> CodingSchemeIdentificationItem:
    """What an object says of the scheme."""
    return CodingSchemeIdentificationItem(
        SCHEME, name="Terms of brain-tumor-mri", responsible_organization="The brain-tumor-mri authors"
    )
