"""Paths, folders and patterns in; the names of files and their bytes out, one at a time."""

import contextlib
import glob
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO

from brain_tumor.errors import ScanError
from brain_tumor.input.archive import folders_last
from brain_tumor.input.formats import read_limited
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem

# ** as a whole part of a pattern, with the separator behind it.
_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
_ANY_FOLDERS = re.compile(rf"(?<![^{_SEPARATORS}])\*\*(?:[{_SEPARATORS}]+|$)")


def open_paths(paths: Iterable[str], options: ReadOptions | None = None) -> Iterator[Series]:
    """The series that paths, folders and glob patterns hold, opened one after the other.

    Args:
        paths: found as find_files finds them.
        options: how to read what can be read in several ways; None for the files' own way.

    Yields:
        One series at a time. A file that cannot be read is a series of one slice, whose read() raises ScanError.
    """
    return open_files(find_files(paths), options)


def open_files(files: Iterable[str], options: ReadOptions | None = None) -> Iterator[Series]:
    """The series that these files hold, opened one after the other; as open_paths, without searching."""
    return open_series(map(to_source, files), options or ReadOptions())


def find_files(paths: Iterable[str], skip: Collection[Path] = ()) -> Iterator[str]:
    """The files that paths, folders and glob patterns (``**`` included) name; folders are never held whole.

    A folder's own files come first, then its subfolders, both in sorted order; hidden ones and linked folders
    are left out. What cannot be found or listed is given as it is, so that reading it says why.

    Args:
        paths: as a person gives them.
        skip: resolved paths to leave out, folders with all that they hold.

    Yields:
        Paths; one that a spreadsheet takes for a formula gets ``./`` in front.
    """
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for names that are too long
            found: Iterable[str] = _walk(path)
        elif os.path.lexists(path) or not glob.has_magic(path):
            found = [path]
        else:
            found = _expand(path)
        for file in found:
            if not skip or not _is_within(Path(os.path.realpath(file)), skip):
                yield f"./{file}" if file.startswith(("=", "+", "-", "@")) else file


def to_source(file: str) -> SourceFile:
    """A path as open_series takes it; nothing is read yet."""
    return SourceFile(file, partial(read_file, file), partial(open_file, file), stays_open=True)


def read_file(file: str) -> bytes:
    """A file's content, one byte more than its format may have at most.

    Raises:
        ScanError: it cannot be read.
    """
    with open_file(file) as content, _as_scan_error(file):
        return read_limited(content, os.fstat(content.fileno()).st_size)


def open_file(file: str) -> BinaryIO:
    """A regular file to read from.

    Raises:
        ScanError: it cannot be opened.
    """
    with _as_scan_error(file):
        content = open(file, "rb", opener=_open_without_waiting)  # noqa: SIM115 - the caller closes it
        if stat.S_ISREG(os.fstat(content.fileno()).st_mode):
            return content
        content.close()
    raise ScanError(file, Problem.NOT_REGULAR)


@contextlib.contextmanager
def _as_scan_error(file: str) -> Iterator[None]:
    try:
        yield
    except IsADirectoryError:
        raise ScanError(file, Problem.FOLDER) from None
    except OSError as error:
        raise ScanError(file, Problem.UNREADABLE, found=error.strerror) from None


def _is_within(path: Path, folders: Collection[Path]) -> bool:
    return any(ancestor in folders for ancestor in (path, *path.parents))


def _walk(folder: str) -> Iterator[str]:
    for here, files in _list_folders(folder):
        yield from [here] if files is None else files


def _list_folders(folder: str) -> Iterator[tuple[str, list[str] | None]]:
    """A folder, then its subfolders, each with its own files, or None where it cannot be listed."""
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here or os.curdir) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            yield here, None
            continue
        files: list[str] = []
        folders: list[str] = []
        for entry in entries:
            path = entry.path if here else entry.name
            if not entry.name.startswith("."):
                if not _is_folder(entry):
                    files.append(path)
                elif not entry.is_symlink():
                    folders.append(path)
        yield here, files
        pending.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself; reading it says so
        return False


def _expand(pattern: str) -> Iterator[str]:
    # A folder comes before all that lies in it, so that a match in a folder that was searched is known.
    def order(match: str) -> tuple[tuple[bool, str], ...]:
        parts = PurePath(match).parts
        return folders_last((*parts, "") if match in folders else parts)

    matches = set(_match(pattern))
    folders = {match for match in matches if os.path.isdir(match or os.curdir)}  # noqa: PTH112 - as in find_files
    searched: PurePath | None = None
    for match in sorted(matches, key=order) or [pattern]:
        if searched is not None and PurePath(match).is_relative_to(searched):
            continue
        if match in folders:
            searched = PurePath(match)
            yield from _walk(match)
        else:
            yield match


def _match(pattern: str) -> Iterator[str]:
    """As glob.iglob, but ``**`` leaves out linked folders, as _walk does: they may lead back to where they lie."""
    head, *tails = _ANY_FOLDERS.split(pattern, maxsplit=1)
    if not tails:
        yield from glob.iglob(pattern)  # noqa: PTH207 - Path.glob refuses absolute patterns
        return
    for top in _match(head) if head else [""]:
        for folder, _ in _list_folders(top):
            if tails[0]:
                below = _match(glob.escape(os.path.join(folder, "")) + tails[0])  # noqa: PTH118 - Path drops "./"
                yield from (match for match in below if not _is_behind_link(match, folder))
            else:
                yield folder


def _is_behind_link(match: str, folder: str) -> bool:
    path, top = Path(match), Path(folder)
    between = [one for one in (path, *path.parents) if one != top and one.is_relative_to(top)]
    return any(os.path.islink(one) and os.path.isdir(one) for one in between)  # noqa: PTH112, PTH114 - as above


def _open_without_waiting(file: str, flags: int) -> int:
    # Opening a named pipe would wait for a writer that may never come. Windows has no such pipes.
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))
