"""Paths, folders and patterns in; the names of files and their bytes out, one at a time."""

import contextlib
import glob
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from brain_tumor.errors import ScanError
from brain_tumor.input.reader import read_limited
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import open_series


def open_paths(paths: Iterable[str], options: ReadOptions | None = None) -> Iterator[Series]:
    """The series that paths, folders and glob patterns hold, opened one after the other.

    One that cannot be read is a series of one slice, whose read() raises ScanError. Found as find_files finds them.
    """
    return open_files(find_files(paths), options)


def open_files(files: Iterable[str], options: ReadOptions | None = None) -> Iterator[Series]:
    """The series that these files hold, opened one after the other; as open_paths, without searching."""
    return open_series(map(to_source, files), options or ReadOptions())


def find_files(paths: Iterable[str], skip: Collection[Path] = ()) -> Iterator[str]:
    """The files that paths, folders and glob patterns (``**`` included) name; folders are never held whole.

    A folder's own files come first, then its subfolders, both in sorted order; hidden ones and linked folders
    are left out. What cannot be found or listed is given as it is, so that reading it says why.
    skip: resolved paths to leave out, folders with all that they hold.
    A name that a spreadsheet takes for a formula gets ``./`` in front.
    """
    for path in paths:
        if Path(path).is_dir():
            found: Iterable[str] = _walk(path)
        elif os.path.lexists(path) or not glob.has_magic(path):
            found = [path]
        else:
            found = _expand(path)
        for file in found:
            if not skip or not _is_within(Path(file).resolve(), skip):
                yield f"./{file}" if file.startswith(("=", "+", "-", "@")) else file


def to_source(file: str) -> SourceFile:
    """A path as open_series takes it; nothing is read yet."""
    return SourceFile(file, partial(read_file, file), partial(open_file, file))


def read_file(file: str) -> bytes:
    """A file's content, one byte more than its format may have at most; raises ScanError when it cannot be read."""
    with open_file(file) as content, _told_as_scan_error(file):
        return read_limited(content, os.fstat(content.fileno()).st_size)


def open_file(file: str) -> BinaryIO:
    """A regular file to read from; raises ScanError when it cannot be opened."""
    with _told_as_scan_error(file):
        content = open(file, "rb", opener=_open_without_waiting)  # noqa: SIM115 - the caller closes it
        if stat.S_ISREG(os.fstat(content.fileno()).st_mode):
            return content
        content.close()
    raise ScanError(f"{file}: is not a regular file; give image files")


@contextlib.contextmanager
def _told_as_scan_error(file: str) -> Iterator[None]:
    try:
        yield
    except IsADirectoryError:
        raise ScanError(f"{file}: is a folder that cannot be listed; check its permissions") from None
    except OSError as error:
        raise ScanError(f"{file}: cannot be read ({error.strerror}); check the path and its permissions") from None


def _is_within(path: Path, places: Collection[Path]) -> bool:
    return any(one in places for one in (path, *path.parents))


def _walk(folder: str) -> Iterator[str]:
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            yield here
            continue
        visible = [entry for entry in entries if not entry.name.startswith(".")]
        yield from (entry.path for entry in visible if not entry.is_dir())
        pending.extend(entry.path for entry in reversed(visible) if entry.is_dir(follow_symlinks=False))


def _expand(pattern: str) -> Iterator[str]:
    matches = sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns
    for match in matches or [pattern]:
        if not Path(match).is_dir():
            yield match
        elif "**" not in pattern:  # ** has walked into the folders itself
            yield from _walk(match)


def _open_without_waiting(file: str, flags: int) -> int:
    # Opening a named pipe would wait for a writer that may never come. Windows has no such pipes.
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))
