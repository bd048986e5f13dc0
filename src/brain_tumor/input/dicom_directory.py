"""DICOMDIR: the list of a disc's files. Somebody who names it means these."""

import os
from collections.abc import Iterator

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_file import as_scan_error, read_elements
from brain_tumor.problems import Problem

# A disc holds some thousand files; each takes a few hundred bytes in the list.
MAX_LISTED = 50_000
_RECORDS, _IMAGE = "DirectoryRecordSequence", "IMAGE"


def list_images(data: bytes, name: str) -> Iterator[tuple[str, ...]]:
    """The images that a DICOMDIR lists, each by the parts of its path from the DICOMDIR's folder on.

    Parts that would lead out of that folder are left out with their file.

    Args:
        data: the whole DICOMDIR.
        name: used in messages only.

    Raises:
        ScanError: it is damaged, or lists more than MAX_LISTED files.
    """
    with as_scan_error(name, Problem.BAD_ELEMENTS):
        records = read_elements(data, name, [_RECORDS]).get(_RECORDS) or ()
        if len(records) > MAX_LISTED:
            raise ScanError(name, Problem.TOO_MANY_MEMBERS, limit=MAX_LISTED)
        listed = [record.get("ReferencedFileID") for record in records if record.get("DirectoryRecordType") == _IMAGE]
        paths = [(path,) if isinstance(path, str) else tuple(map(str, path or ())) for path in listed]
    yield from (parts for parts in paths if parts and all(map(_is_plain, parts)))


def find_listed(folder: str, parts: tuple[str, ...]) -> str:
    """Where a listed file lies; discs are copied in small letters too."""
    exact = os.path.join(folder, *parts)  # noqa: PTH118 - Path drops "./"
    small = os.path.join(folder, *map(str.lower, parts))  # noqa: PTH118
    return small if not os.path.lexists(exact) and os.path.lexists(small) else exact


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and not any(letter in part for letter in "/\\\0:")
