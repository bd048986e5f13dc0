"""Where a slice lies, in a few hundred bytes: what one process sends to another in place of pixels."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from brain_tumor.errors import ScanError
from brain_tumor.input.file_names import find_folder
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import ReadOptions, Series, Slice
from brain_tumor.input.series_builder import open_series, unpack_archives
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem

# Finds the files of a path; a function of a module, so that it is sent by its name.
Find: TypeAlias = Callable[[Iterable[str]], Iterator[SourceFile]]

# A volume that is open here holds its voxels.
_KEPT = 2


@dataclass(frozen=True, slots=True)
class SliceRef:
    """A slice that any process can read that sees the same files; it gives the same pixels there."""

    file: str  # as Slice.file
    number: int | None  # as Slice.number
    options: ReadOptions
    # The file, or the folder with all files of its series: their values choose one window for all of them.
    source: str
    find: Find

    @property
    def path(self) -> str:
        """The file on the disk or in the store, an archive perhaps; asks whether it is there."""
        return _split(self.file, self.find)[0]

    @property
    def member(self) -> str | None:
        """The slice's file within that archive; None where it is no archive."""
        return _split(self.file, self.find)[1]

    def read(self) -> Scan:
        """The slice's pixels.

        Raises:
            ScanError: it cannot be read, or is not there any more.
        """
        return self.open().read()

    def content(self) -> bytes:
        """The whole file of a DICOM slice.

        Raises:
            ScanError: as read.
        """
        opened = self.open()
        return opened.content() if opened.content else b""

    def open(self) -> Slice:
        """The slice, opened in this process; what was opened last stays open for its neighbours.

        Raises:
            ScanError: it is not there any more.
        """
        found = _open(self.source, self.options, self.find).get((os.path.normpath(self.file), self.number))
        if found is None:
            raise ScanError(self.file, Problem.UNREADABLE, found="the slice is not in its file")
        return found


def with_refs(opened: Iterable[Series], options: ReadOptions, find: Find) -> Iterator[Series]:
    """The same series, whose slices are pickled as references.

    Args:
        opened: of open_series.
        options: that they were opened with.
        find: finds the files of a path, as the files of these series were found.
    """
    for series in opened:
        source = _common([slice_.file for slice_ in series.slices])
        yield replace(
            series,
            slices=tuple(
                replace(slice_, ref=SliceRef(slice_.file, slice_.number, options, source or slice_.file, find))
                for slice_ in series.slices
            ),
        )


def _common(files: list[str]) -> str | None:
    """The file, or the folder that holds all files; None for pictures, which are read one by one."""
    first, *rest = dict.fromkeys(files)
    if not rest:
        return first
    return find_folder(files) or "."


@lru_cache(maxsize=_KEPT)
def _open(source: str, options: ReadOptions, find: Find) -> dict[tuple[str, int | None], Slice]:
    path, _ = _split(source, find)
    inside = os.path.normpath(source)
    files = (
        file
        for file in unpack_archives(find([path]))
        if inside == "."
        or os.path.normpath(file.name) == inside
        or os.path.normpath(file.name).startswith(f"{inside}/")
    )
    return {
        (os.path.normpath(slice_.file), slice_.number): slice_
        for series in open_series(files, options)
        for slice_ in series.slices
    }


def _split(file: str, find: Find) -> tuple[str, str | None]:
    """The path that is there, and what lies in it."""
    if os.path.isdir(file):  # noqa: PTH112 - Path.is_dir raises for names that are too long
        return file, None
    paths = [file]
    while (parent := os.path.dirname(paths[-1])) not in ("", paths[-1]):  # noqa: PTH120 - Path drops "./"
        paths.append(parent)
    for path in paths:
        found = next(iter(find([path])), None) if not os.path.isdir(path) else None  # noqa: PTH112 - as above
        try:
            if found is not None and found.name == path and found.find_format():
                return path, file[len(path) + 1 :] or None
        except ScanError:
            continue
    return file, None
