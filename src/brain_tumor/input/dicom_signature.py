"""How a DICOM file is recognised by its bytes, without loading what reads it."""

import struct

_MARK, _MARK_OFFSET = b"DICM", 128
_LONG_LENGTHS = {b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT", b"OD", b"OL", b"UC", b"UR"}
# What stands in groups 0002 and 0008 up to the SOP class. Source: DICOM PS3.6, and PS3.5, table 7.1-1, for the lengths.
_SHORT_LENGTHS = {b"UL", b"UI", b"SH", b"AE", b"CS", b"DA", b"TM", b"DT", b"LO", b"US"}
# File meta information: class of the object, transfer syntax; data set: class of the object.
_UID_TAGS = {(0x0002, 0x0002), (0x0002, 0x0010), (0x0008, 0x0016)}
_GROUPS = (0x0002, 0x0008)
_UID_BEGINNING = b"1.2."


# SOP classes of what is stored without an image, beside the name of such a format. Source: DICOM PS3.6, annex A.
_CLASS = b"1.2.840.10008.5.1.4.1.1."
_WITHOUT_IMAGES = (
    *(_CLASS + end for end in (b"9.", b"11.", b"88.", b"104.", b"66", b"67", b"68.", b"200.", b"481.", b"4.2")),
    *(b"1.2.840.10008.5.1.4." + end for end in (b"34.", b"38.", b"39.", b"43.", b"44.", b"45.")),
    b"1.3.12.2.1107.5.9.1",  # CSA Non-Image of Siemens: reports and spectra; source: gdcm, "gdcmUIDs.h"
    b"1.3.46.670589.11.0.0.12.",  # spectrum, series data and exam card of Philips; source: as above
)
_DICOMDIR = b"1.2.840.10008.1.3.10"


def is_dicom(data: bytes) -> bool:
    """Whether a file's content is DICOM: by its mark, or, in old files without one, by its first elements.

    Those must be elements of groups 0002 or 0008 in ascending order, one of them the identifier of a DICOM class or
    transfer syntax, so that no other file is taken for one by accident.
    """
    if data.startswith(_MARK, _MARK_OFFSET):
        return True
    return any(
        _begins_with_elements(data, order, explicit) for order, explicit in (("<", True), ("<", False), (">", True))
    )


def find_class(data: bytes) -> str:
    """What a DICOM file holds, by its first bytes: ``DICOM`` for images, or where the class does not stand in them."""
    found = _find_sop_class(data)
    if found.startswith(_DICOMDIR):
        return "DICOMDIR"
    if found.startswith(_WITHOUT_IMAGES):
        return "DICOM object"
    return "DICOM"


def _find_sop_class(data: bytes) -> bytes:
    for tag in (b"\x02\x00\x02\x00UI", b"\x08\x00\x16\x00UI"):  # of the file meta information, then of the data set
        if (at := data.find(tag)) >= 0 and at + 8 <= len(data):
            (length,) = struct.unpack_from("<H", data, at + 6)
            return data[at + 8 : at + 8 + length]
    return b""


def _begins_with_elements(data: bytes, order: str, explicit: bool) -> bool:
    offset, last = 0, (-1, -1)
    while offset + 8 <= len(data):
        group, element, kind, length = struct.unpack_from(f"{order}HH2sH", data, offset)
        tag = (group, element)
        if group not in _GROUPS or tag <= last:
            return False
        start = offset + 8
        if not explicit:
            (length,) = struct.unpack_from(f"{order}I", data, offset + 4)
        elif kind in _LONG_LENGTHS:
            if offset + 12 > len(data):
                return False
            (length,) = struct.unpack_from(f"{order}I", data, offset + 8)
            start = offset + 12
        elif kind not in _SHORT_LENGTHS:
            return False
        if start + length > len(data):
            return False
        if tag in _UID_TAGS:
            return data.startswith(_UID_BEGINNING, start)
        offset, last = start + length, tag
    return False
