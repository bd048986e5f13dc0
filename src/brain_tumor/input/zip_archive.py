"""What a ZIP archive holds, through the standard library."""

import weakref
import zipfile
from functools import partial
from typing import BinaryIO, cast

from brain_tumor.errors import ScanError
from brain_tumor.input.archive_entry import Entry, bad_member
from brain_tumor.input.formats import MAX_SCAN_BYTES, read_limited
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem

# zipfile unpacks these piece by piece. Of the others (BZIP2, LZMA) it unpacks whatever 4 KiB hold, gigabytes perhaps.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# DICOM files must be held whole. Measured images shrink by 2 to 4, and by 20 where most of them is black.
_MAX_RATIO_IN_MEMORY = 20
_CHUNK_BYTES = 2**20
# Every entry of a ZIP's directory begins with it. Source: APPNOTE.TXT 6.3.10, section 4.3.12.
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1  # general purpose bit flag, section 4.4.4


def count_zip_entries(stream: BinaryIO) -> int:
    """At least as many entries as the directory can have, before zipfile holds millions of them in memory."""
    count, tail = 0, b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        chunk = tail + chunk  # an entry may begin in one chunk and go on in the next
        count += chunk.count(_ENTRY)
        tail = chunk[1 - len(_ENTRY) :]
    return count


def list_zip_entries(stream: BinaryIO) -> list[Entry]:
    """All entries; the stream stays open as long as one of them is in use.

    On damaged directories zipfile raises nearly any type.
    """
    opened = zipfile.ZipFile(stream)
    weakref.finalize(opened, stream.close)  # the slices decide how long it is needed
    return [Entry(entry.filename, entry.file_size, partial(_to_source, opened, entry)) for entry in opened.infolist()]


def _to_source(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> SourceFile:
    return SourceFile(name, partial(_read, opened, entry, name), partial(_open, opened, entry, name))


def _open(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> BinaryIO:
    if entry.flag_bits & _ENCRYPTED:
        raise ScanError(name, Problem.ENCRYPTED)
    if entry.compress_type not in _METHODS:
        raise ScanError(name, Problem.UNKNOWN_PACKING)
    try:
        return cast(BinaryIO, opened.open(entry))
    except Exception as error:
        raise bad_member(name, error) from None


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    with _open(opened, entry, name) as stream:
        if entry.file_size > max(MAX_SCAN_BYTES, _MAX_RATIO_IN_MEMORY * entry.compress_size):
            raise ScanError(
                name, Problem.MEMBER_TOO_LARGE, size_mib=entry.file_size / 2**20, limit=_MAX_RATIO_IN_MEMORY
            )
        try:
            return read_limited(stream)  # whatever the directory says, no more than that is unpacked
        except Exception as error:
            raise bad_member(name, error) from None
