"""How a DICOM file is told from everything else by its bytes, without loading what reads it."""

import struct

_MARK, _MARK_OFFSET = b"DICM", 128
_LONG_LENGTHS = {b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT", b"OD", b"OL", b"UC", b"UR"}
# What stands in groups 0002 and 0008 up to the SOP class. Source: DICOM PS3.6, and PS3.5, table 7.1-1, for the lengths.
_SHORT_LENGTHS = {b"UL", b"UI", b"SH", b"AE", b"CS", b"DA", b"TM", b"DT", b"LO", b"US"}
# File meta information: class of the object, transfer syntax; data set: class of the object.
_UID_TAGS = {(0x0002, 0x0002), (0x0002, 0x0010), (0x0008, 0x0016)}
_GROUPS = (0x0002, 0x0008)
_UID_BEGINNING = b"1.2."


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
