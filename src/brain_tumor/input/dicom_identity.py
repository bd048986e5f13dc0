"""Which object a DICOM file is: its class and its unique identifiers, and who made it."""

import re
from dataclasses import dataclass

from brain_tumor.input.dicom_file import as_scan_error, read_elements
from brain_tumor.problems import Problem

_ELEMENTS = """
    SOPClassUID SOPInstanceUID SeriesInstanceUID StudyInstanceUID Manufacturer
""".split()
# Source: DICOM PS3.5, 9.1. Whatever else stands there is not repeated: it may be a person's.
_UID = re.compile(r"(?=.{1,64}$)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a DICOM object says it is; empty where it does not say."""

    sop_class: str
    instance: str
    series: str
    study: str
    manufacturer: str

    @property
    def is_complete(self) -> bool:
        """Whether all of its identifiers can be referred to."""
        return all(map(is_uid, (self.sop_class, self.instance, self.series, self.study)))


def read_identity(data: bytes, name: str) -> Identity:
    """Read it from a whole file; pixels are not touched.

    Args:
        data: the file's content.
        name: used in messages only.

    Raises:
        ScanError: the file is damaged.
    """
    dataset = read_elements(data, name, _ELEMENTS)
    with as_scan_error(name, Problem.BAD_HEADER):
        return Identity(*(str(dataset.get(keyword) or "").strip(" \x00") for keyword in _ELEMENTS))


def is_uid(text: str) -> bool:
    """Whether a text is a unique identifier."""
    return _UID.fullmatch(text) is not None
