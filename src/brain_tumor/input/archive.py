"""ZIP archives: their files as sources. Nothing is unpacked by its name; names are labels only."""

import re
import weakref
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import PurePath
from typing import BinaryIO, cast

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_SCAN_BYTES, MAX_VOLUME_BYTES, Kind, read_limited
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.input.unpacked import copy_unpacked
from brain_tumor.problems import Problem

# A study of several series with thousands of slices each; the directory of so many takes some 30 MiB.
MAX_MEMBERS = 50_000
# Archives in an archive that are followed: an export may hold a ZIP per patient, and that one per series.
MAX_DEPTH = 2
# Whole volumes with much air shrink by 20 to 50; a bomb by 1000 and, since members can overlap, by any number.
MAX_RATIO = 100
# zipfile unpacks these piece by piece. Of the others (BZIP2, LZMA) it unpacks whatever 4 KiB hold, gigabytes perhaps.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# DICOM files must be held whole. Measured images shrink by 2 to 4, and by 20 where most of them is black.
_MAX_RATIO_IN_MEMORY = 20
_CHUNK_BYTES = 2**20
# Every entry of a ZIP's directory begins with it. Source: APPNOTE.TXT 6.3.10, section 4.3.12.
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1  # general purpose bit flag, section 4.4.4


def list_members(archive: SourceFile) -> Iterator[SourceFile]:
    """The files of a ZIP archive, and of the archives in it down to MAX_DEPTH.

    A folder's own files come first, then its subfolders', both in sorted order; what archives hold comes after the
    folder's other files. Hidden files, __MACOSX and empty names are left out; absolute paths, drives and ``..`` lose
    what leads out of the archive.

    Yields:
        Sources. Nothing is raised: what cannot be used (encrypted, damaged, packed by an unknown method, too large) is
        a source whose functions raise ScanError, the archive itself included.
    """
    yield from _list(archive, _Budget(MAX_MEMBERS), MAX_DEPTH)


@dataclass(slots=True)
class _Budget:
    """What may still be listed and unpacked."""

    members: int
    # Of all, nested archives included, by the size of what a person handed over; None until that is known.
    unpacked_bytes: int | None = None


def _list(archive: SourceFile, budget: _Budget, depth: int) -> Iterator[SourceFile]:
    try:
        opened = _open_archive(archive, budget)
    except ScanError as error:
        yield refused_source(error)
        return
    # Not is_dir(): some versions of it fail on a name that is empty, as one is that begins with a null character.
    labelled = [(_label(entry), entry) for entry in opened.infolist() if not entry.filename.endswith("/")]
    visible = [(parts, entry) for parts, entry in labelled if parts and not is_hidden(parts)]
    if not visible:
        yield refused_source(ScanError(archive.name, Problem.EMPTY_ARCHIVE))
    visible.sort(key=lambda member: folders_last(member[0]))
    members = (_member("/".join((archive.name, *parts)), opened, entry) for parts, entry in visible)
    for member, is_archive in archives_last(members):
        name = member.name
        if not is_archive:
            yield member
        elif depth > 0:
            yield from _list(SourceFile(name, member.read, partial(_copy, member)), budget, depth - 1)
        else:
            yield refused_source(ScanError(name, Problem.NESTED_TOO_DEEP, depth=MAX_DEPTH + 1))


def _member(name: str, opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SourceFile:
    return SourceFile(name, partial(_read, opened, entry, name), partial(_open, opened, entry, name))


def _open_archive(archive: SourceFile, budget: _Budget) -> zipfile.ZipFile:
    stream = archive.stream()
    try:
        # Counted before zipfile reads the directory, since it would hold millions of entries in memory.
        size, count = _measure(stream)
        left = max(MAX_VOLUME_BYTES, MAX_RATIO * size) if budget.unpacked_bytes is None else budget.unpacked_bytes
        if size > MAX_VOLUME_BYTES:
            raise ScanError(archive.name, Problem.ARCHIVE_TOO_LARGE, limit_mib=MAX_VOLUME_BYTES // 2**20)
        if count > budget.members:
            raise ScanError(archive.name, Problem.TOO_MANY_MEMBERS, limit=MAX_MEMBERS)
        opened = zipfile.ZipFile(stream)
        weakref.finalize(opened, stream.close)  # the slices decide how long it is needed
        budget.members -= len(opened.infolist())  # not count, which has those of archives stored in it too
        total = sum(entry.file_size for entry in opened.infolist())
        budget.unpacked_bytes = left - total
        if budget.unpacked_bytes < 0:
            raise ScanError(
                archive.name,
                Problem.UNPACKS_TOO_LARGE,
                size_gib=total / 2**30,
                packed_mib=size / 2**20,
                limit=MAX_RATIO,
            )
    except Exception as error:
        stream.close()
        if isinstance(error, ScanError):
            raise
        # On damaged directories zipfile raises nearly any type, and one bad archive must never end a batch.
        raise ScanError(archive.name, Problem.DAMAGED_ARCHIVE, found=_words(error)) from None
    return opened


def _measure(stream: BinaryIO) -> tuple[int, int]:
    """Bytes of an archive, and at least as many entries as its directory can have."""
    size, count, tail = 0, 0, b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        size += len(chunk)
        chunk = tail + chunk  # an entry may begin in one chunk and go on in the next
        count += chunk.count(_ENTRY)
        tail = chunk[1 - len(_ENTRY) :]
    return size, count


def _label(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    parts = re.split(r"[\\/]", entry.filename)
    return tuple(part for part in parts if part not in ("", ".", "..") and not re.fullmatch(r"[A-Za-z]:", part))


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Whether a path, given by its parts, is or lies in what no person put there: a dot file, or __MACOSX."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def folders_last(parts: tuple[str, ...]) -> tuple[tuple[bool, str], ...]:
    """Sort key of a path, given by its parts: a folder's own files come before those of its subfolders."""
    return tuple((level < len(parts) - 1, part) for level, part in enumerate(parts))


def archives_last(files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, bool]]:
    """The same files, each with whether it is an archive; those that follow each other in a folder, archives last.

    What an archive holds lies below the folder, and between the folder's files it would tear their series in two.
    """
    for _, neighbours in groupby(files, lambda file: PurePath(file.name).parent):
        archives = []
        for file in neighbours:
            if _is_archive(file):
                archives.append(file)
            else:
                yield file, False
        for archive in archives:
            yield archive, True


def _is_archive(file: SourceFile) -> bool:
    try:
        found = file.find_format()
    except ScanError:
        return False  # reading it will say why
    return found is not None and found.kind is Kind.ARCHIVE


def _open(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> BinaryIO:
    if entry.flag_bits & _ENCRYPTED:
        raise ScanError(name, Problem.ENCRYPTED)
    if entry.compress_type not in _METHODS:
        raise ScanError(name, Problem.UNKNOWN_PACKING)
    try:
        return cast(BinaryIO, opened.open(entry))
    except Exception as error:
        raise _damaged(name, error) from None


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    with _open(opened, entry, name) as stream:
        if entry.file_size > max(MAX_SCAN_BYTES, _MAX_RATIO_IN_MEMORY * entry.compress_size):
            raise ScanError(
                name, Problem.MEMBER_TOO_LARGE, size_mib=entry.file_size / 2**20, limit=_MAX_RATIO_IN_MEMORY
            )
        try:
            return read_limited(stream)  # whatever the directory says, no more than that is unpacked
        except Exception as error:
            raise _damaged(name, error) from None


def _copy(member: SourceFile) -> BinaryIO:
    """An archive in an archive as a file of its own, because in a packed one nobody can go back and forth."""
    try:
        with member.stream() as stream:
            return copy_unpacked(stream, MAX_VOLUME_BYTES + 1, member.name)  # one byte more says that it is too large
    except Exception as error:
        raise error if isinstance(error, ScanError) else _damaged(member.name, error) from None


def _damaged(name: str, error: Exception) -> ScanError:
    return ScanError(name, Problem.BAD_MEMBER, found=_words(error))


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
