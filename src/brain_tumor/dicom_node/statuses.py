"""What a C-STORE is answered with."""

from enum import IntEnum


class StoreStatus(IntEnum):
    """Status codes of the storage service. Source: DICOM PS3.4, B.2.3, and PS3.7, annex C."""

    SUCCESS = 0x0000
    CLASS_NOT_SUPPORTED = 0x0122
    OUT_OF_RESOURCES = 0xA700  # for now: the sender tries again later
    DOES_NOT_MATCH_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000


# The receiver keeps the object all the same: elements coerced or discarded, or not of its class.
WARNINGS = frozenset({0xB000, 0xB006, 0xB007})


def is_stored(status: int) -> bool:
    """Whether the receiver of an object has it."""
    return status == StoreStatus.SUCCESS or status in WARNINGS
