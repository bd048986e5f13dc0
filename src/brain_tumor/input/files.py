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
from brain_tumor.input.no_images import HIDDEN, LINKED_FOLDERS, LeftOut, is_hidden, is_no_image, is_part_of_volume
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.slice_ref import with_refs
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.problems import Problem

# ** as a whole part of a pattern, with the separator behind it.
_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
_ANY_FOLDERS = re.compile(rf"(?<![^{_SEPARATORS}])\*\*(?:[{_SEPARATORS}]+|$)")


def open_paths(
    paths: Iterable[str], options: ReadOptions | None = None, left_out: LeftOut | None = None
) -> Iterator[Series]:
    """The series that paths, folders and glob patterns hold, opened one after the other.

    Args:
        paths: found as find_files finds them.
        options: how to read what can be read in several ways; None for the files' own way.
        left_out: counts what a search finds and is no image.

    Yields:
        One series at a time. A file that cannot be read is a series of one slice, whose read() raises ScanError.
    """
    options = options or ReadOptions()
    return with_refs(open_series(find_sources(paths, left_out=left_out), options, left_out), options, find_sources)


def find_files(paths: Iterable[str], skip: Collection[Path] = (), left_out: LeftOut | None = None) -> Iterator[str]:
    """The images that paths, folders and glob patterns (``**`` included) name; folders are never held whole.

    A folder's own files come first, then its subfolders', both in sorted order. Linked folders come last, unless they
    lie in what is searched anyway; a pattern's ``**`` does not follow them. Hidden files, and what is no image, are
    left out, unless they are named. What cannot be found or listed is given as it is, so that reading it says why.

    Args:
        paths: as a person gives them.
        skip: resolved paths to leave out, folders with all that they hold.
        left_out: counts what is left out.

    Yields:
        Paths; one that a spreadsheet takes for a formula gets ``./`` in front.
    """
    return (file.name for file in find_sources(paths, skip, left_out))


def find_sources(
    paths: Iterable[str], skip: Collection[Path] = (), left_out: LeftOut | None = None
) -> Iterator[SourceFile]:
    """As find_files, each file as open_series takes it; of those that were not named, the first bytes may be read."""
    left_out = left_out or LeftOut()
    for name, is_found in find_all(paths, skip, left_out):
        file = to_source(name, is_found)
        if not is_found:
            yield from open_named(file)
            continue
        if is_part_of_volume(file):
            continue
        if is_no_image(file):
            left_out.add(name)
        else:
            yield file


def open_named(file: SourceFile) -> Iterator[SourceFile]:
    """What somebody means who names a file: of a DICOMDIR the images that it lists, else the file itself."""
    if _is_dicomdir(file):
        yield from _open_dicomdir(file)
    else:
        yield file


def _is_dicomdir(file: SourceFile) -> bool:
    if "DICOMDIR" not in PurePath(file.name).name.upper():
        return False
    try:
        found = file.find_format()
    except ScanError:
        return False
    return found is not None and found.name == "DICOMDIR"


def _open_dicomdir(file: SourceFile) -> Iterator[SourceFile]:
    from brain_tumor.input.dicom_directory import find_listed, list_images  # pydicom is slow to import

    try:
        listed = list(list_images(file.content(), file.name))
        if not listed:
            raise ScanError(file.name, Problem.DICOMDIR)
    except ScanError as error:
        yield refused_source(error)
        return
    folder = os.path.dirname(file.name)  # noqa: PTH120 - Path drops "./"
    yield from (to_source(find_listed(folder, parts)) for parts in listed)


def find_names(paths: Iterable[str], skip: Collection[Path] = ()) -> Iterator[str]:
    """As find_files, with the files that are no images; none is opened."""
    return (name for name, _ in find_all(paths, skip, LeftOut()))


def find_all(paths: Iterable[str], skip: Collection[Path], left_out: LeftOut) -> Iterator[tuple[str, bool]]:
    """As find_names, each name with whether a search found it; hidden files and linked folders are counted."""
    for path in paths:
        is_found = True
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for names that are too long
            found: Iterable[str] = _walk(path, left_out)
        elif os.path.lexists(path) or not glob.has_magic(path):
            found, is_found = [path], False
        else:
            found = _expand(path, left_out)
        for file in found:
            if not skip or not _is_within(Path(os.path.realpath(file)), skip):
                yield (f"./{file}" if file.startswith(("=", "+", "-", "@")) else file), is_found


def to_source(file: str, is_found: bool = False) -> SourceFile:
    """A path as open_series takes it; nothing is read yet.

    Args:
        file: the path.
        is_found: whether a search found it.
    """
    source = SourceFile(file, partial(read_file, file), partial(open_file, file), stays_open=True, is_found=is_found)
    source.find_beside = partial(_find_beside, file, is_found)
    return source


def _find_beside(file: str, is_found: bool, name: str) -> SourceFile | None:
    """A file of the same folder; no link out of it is followed, for a file's content may have given the name."""
    if name in ("", ".", "..") or PurePath(name).name != name or "\\" in name or "\0" in name:
        return None
    path = os.path.join(os.path.dirname(file), name)  # noqa: PTH118, PTH120 - Path drops "./"
    is_inside = os.path.dirname(os.path.realpath(path)) == os.path.realpath(os.path.dirname(file))  # noqa: PTH120
    return to_source(path, is_found) if is_inside and os.path.isfile(path) else None  # noqa: PTH113


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
        # A search hands on a folder only where it cannot list it; any other one was given in place of a file.
        if _can_list(file):
            raise ScanError(file, Problem.IS_A_FOLDER) from None
        raise ScanError(file, Problem.FOLDER) from None
    except OSError as error:
        raise ScanError(file, Problem.UNREADABLE, found=error.strerror) from None


def _can_list(folder: str) -> bool:
    try:
        os.scandir(folder).close()
    except OSError:
        return False
    return True


def _is_within(path: Path, folders: Collection[Path]) -> bool:
    return any(ancestor in folders for ancestor in (path, *path.parents))


def _walk(folder: str, left_out: LeftOut) -> Iterator[str]:
    for here, files in _list_folders(folder, left_out, follow=True):
        yield from [here] if files is None else files


def _list_folders(folder: str, left_out: LeftOut, follow: bool = False) -> Iterator[tuple[str, list[str] | None]]:
    """A folder, then its subfolders, each with its own files, or None where it cannot be listed.

    Linked folders are followed last, if at all, each at most once and only where no search has been: a link may lead
    back to where it lies.
    """
    searched = [os.path.realpath(folder)]
    pending, links = [(folder, searched[0])], list[tuple[str, str]]()
    while pending or links:
        if not pending:
            here, real = links.pop(0)
            if any(_was_searched(Path(real), Path(other)) for other in searched):
                continue
            searched.append(real)
        else:
            here, real = pending.pop()
        try:
            with os.scandir(here or os.curdir) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            yield here, None
            continue
        files: list[str] = []
        folders: list[tuple[str, str]] = []
        for entry in entries:
            path, inner = entry.path if here else entry.name, os.path.join(real, entry.name)  # noqa: PTH118 - faster
            if is_hidden((entry.name,)):
                left_out.kinds[HIDDEN] += 1
            elif not _is_folder(entry):
                files.append(path)
            elif not entry.is_symlink():
                if inner not in searched:  # a link led to where a search was before
                    folders.append((path, inner))
            elif follow:
                links.append((path, os.path.realpath(path)))
            else:
                left_out.kinds[LINKED_FOLDERS] += 1
        yield here, files
        pending.extend(reversed(folders))


def _was_searched(folder: Path, top: Path) -> bool:
    return folder.is_relative_to(top) and not is_hidden(folder.relative_to(top).parts)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself; reading it says so
        return False


def _expand(pattern: str, left_out: LeftOut) -> Iterator[str]:
    # A folder comes before all that lies in it, so that a match in a folder that was searched is known.
    def order(match: str) -> tuple[tuple[bool, str], ...]:
        parts = PurePath(match).parts
        return folders_last((*parts, "") if match in folders else parts)

    matches = set(_match(pattern, left_out))
    folders = {match for match in matches if os.path.isdir(match or os.curdir)}  # noqa: PTH112 - as in find_files
    searched: PurePath | None = None
    for match in sorted(matches, key=order) or [pattern]:
        if searched is not None and PurePath(match).is_relative_to(searched):
            continue
        if match in folders:
            searched = PurePath(match)
            yield from _walk(match, left_out)
        else:
            yield match


def _match(pattern: str, left_out: LeftOut) -> Iterator[str]:
    """As glob.iglob, but ``**`` leaves out linked folders: they may lead back to where they lie."""
    head, *tails = _ANY_FOLDERS.split(pattern, maxsplit=1)
    if not tails:
        yield from glob.iglob(pattern)  # noqa: PTH207 - Path.glob refuses absolute patterns
        return
    for top in _match(head, left_out) if head else [""]:
        for folder, _ in _list_folders(top, left_out):
            if tails[0]:
                below = _match(glob.escape(os.path.join(folder, "")) + tails[0], left_out)  # noqa: PTH118 - Path drops "./"
                yield from (match for match in below if not _is_behind_link(match, folder))
            else:
                yield folder


def _is_behind_link(match: str, folder: str) -> bool:
    path, top = Path(match), Path(folder)
    between = [item for item in (path, *path.parents) if item != top and item.is_relative_to(top)]
    return any(os.path.islink(item) and os.path.isdir(item) for item in between)  # noqa: PTH112, PTH114 - as above


def _open_without_waiting(file: str, flags: int) -> int:
    # Opening a named pipe would wait for a writer that may never come. Windows has no such pipes.
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))
