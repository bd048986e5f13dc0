"""Archives, ZIP and tar: their files as sources. Nothing is unpacked by its name; names are labels only."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import PurePath
from typing import BinaryIO, cast

from brain_tumor.errors import ScanError
from brain_tumor.input.archive_entry import Entry, bad_member
from brain_tumor.input.formats import MAX_VOLUME_BYTES, Kind
from brain_tumor.input.no_images import HIDDEN, LeftOut, is_hidden, is_no_image, is_part_of_volume
from brain_tumor.input.reopened import ReopenedStream
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.input.tar_archive import list_tar_entries
from brain_tumor.input.unpacked import copy_unpacked, unpack_gzip
from brain_tumor.input.zip_archive import count_zip_entries, list_zip_entries
from brain_tumor.problems import Problem

# A study of several series with thousands of slices each; the directory of so many takes some 30 MiB.
MAX_MEMBERS = 50_000
# Archives in an archive that are followed: an export may hold a ZIP per patient, and that one per series.
MAX_DEPTH = 2
# Whole volumes with much air shrink by 20 to 50; a bomb by 1000 and, since members can overlap, by any number.
MAX_RATIO = 100
# A packed tar can be read from its start only, so it is unpacked whole, into the folder for temporary files.
MAX_UNPACKED_TAR_BYTES = 4 * 2**30


def list_members(archive: SourceFile, left_out: LeftOut | None = None) -> Iterator[SourceFile]:
    """The images of an archive, and of the archives in it down to MAX_DEPTH.

    A folder's own files come first, then its subfolders', both in sorted order; what archives hold comes after the
    folder's other files. Hidden files, __MACOSX, empty names and what is no image are left out; absolute paths, drives
    and ``..`` lose what leads out of the archive.

    Args:
        archive: one that a search found may hold no images at all.
        left_out: counts what is no image.

    Yields:
        Sources. Nothing is raised: what cannot be used (encrypted, damaged, packed by an unknown method, too large) is
        a source whose functions raise ScanError, the archive itself included.
    """
    yield from _list(archive, _Budget(MAX_MEMBERS), MAX_DEPTH, left_out or LeftOut())


@dataclass(slots=True)
class _Budget:
    """What may still be listed and unpacked."""

    members: int
    # Of all, nested archives included, by the size of what a person handed over; None until that is known.
    unpacked_bytes: int | None = None


def _list(archive: SourceFile, budget: _Budget, depth: int, left_out: LeftOut) -> Iterator[SourceFile]:
    try:
        entries = _open_archive(archive, budget)
    except ScanError as error:
        yield refused_source(error)
        return
    labelled = [(_label(entry.path), entry) for entry in entries]
    visible = [(parts, entry) for parts, entry in labelled if parts and not is_hidden(parts)]
    if hidden := sum(bool(parts) for parts, _ in labelled) - len(visible):
        left_out.kinds[HIDDEN] += hidden
    visible.sort(key=lambda member: folders_last(member[0]))
    by_name = {"/".join((archive.name, *parts)): entry for parts, entry in visible}
    members = (_member(by_name, "/".join((archive.name, *parts)), entry) for parts, entry in visible)
    is_empty = True
    for member, is_archive in archives_last(_images(members, left_out)):
        name, is_empty = member.name, False
        if not is_archive:
            yield member
        elif depth > 0:
            inner = SourceFile(name, member.read, partial(_copy, member), is_found=True)
            yield from _list(inner, budget, depth - 1, left_out)
        else:
            yield refused_source(ScanError(name, Problem.NESTED_TOO_DEEP, depth=MAX_DEPTH + 1))
    if is_empty and not archive.is_found:
        yield refused_source(ScanError(archive.name, Problem.EMPTY_ARCHIVE))


def _images(members: Iterable[SourceFile], left_out: LeftOut) -> Iterator[SourceFile]:
    for member in members:
        if is_part_of_volume(member):
            continue
        if is_no_image(member):
            left_out.add(member.name)
        else:
            yield member


def _member(by_name: dict[str, Entry], name: str, entry: Entry) -> SourceFile:
    def find_beside(other: str) -> SourceFile | None:
        path = str(PurePath(name).parent / other)
        beside = None if "/" in other else by_name.get(path)
        return _member(by_name, path, beside) if beside else None

    source = entry.to_source(name)
    return replace(source, is_found=True, find_beside=find_beside)


def _open_archive(archive: SourceFile, budget: _Budget) -> list[Entry]:
    # DICOM series are opened once all archives were listed, and those may be more than a process may open.
    stream = cast(BinaryIO, ReopenedStream(archive.stream))
    try:
        size = _measure(stream)
        left = max(MAX_VOLUME_BYTES, MAX_RATIO * size) if budget.unpacked_bytes is None else budget.unpacked_bytes
        if size > MAX_VOLUME_BYTES:
            raise ScanError(archive.name, Problem.ARCHIVE_TOO_LARGE, limit_mib=MAX_VOLUME_BYTES // 2**20)
        found = archive.find_format()
        if found is not None and found.name in ("TAR", "TAR.GZ"):
            if found.name == "TAR.GZ":
                packed, stream = stream, unpack_gzip(stream, min(left, MAX_UNPACKED_TAR_BYTES), archive.name)
                packed.close()
            entries = list_tar_entries(stream, budget.members)
        elif count_zip_entries(stream) > budget.members:
            raise ScanError(archive.name, Problem.TOO_MANY_MEMBERS, limit=MAX_MEMBERS)
        else:
            entries = list_zip_entries(stream)
        if len(entries) > budget.members:
            raise ScanError(archive.name, Problem.TOO_MANY_MEMBERS, limit=MAX_MEMBERS)
        budget.members -= len(entries)
        total = sum(entry.size for entry in entries)
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
        # On damaged directories libraries raise nearly any type, and one bad archive must never end a batch.
        raise ScanError(archive.name, Problem.DAMAGED_ARCHIVE, found=str(error) or type(error).__name__) from None
    return [entry for entry in entries if not entry.path.endswith("/")]


def _measure(stream: BinaryIO) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


def _label(path: str) -> tuple[str, ...]:
    parts = re.split(r"[\\/]", path)
    return tuple(part for part in parts if part not in ("", ".", "..") and not re.fullmatch(r"[A-Za-z]:", part))


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


def _copy(member: SourceFile) -> BinaryIO:
    """An archive in an archive as a file of its own, because in a packed one nobody can go back and forth."""
    try:
        with member.stream() as stream:
            return copy_unpacked(stream, MAX_VOLUME_BYTES + 1, member.name)  # one byte more says that it is too large
    except Exception as error:
        raise error if isinstance(error, ScanError) else bad_member(member.name, error) from None
