"""Files behind a URL, in an object store or on a mounted disk, through pyarrow's file systems."""

import io
import os
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import quote, unquote, urlsplit

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.extras import require_extra
from brain_tumor.input.formats import read_limited
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem  # type: ignore[import-untyped]

# What pyarrow takes behind the ? of a URL. Behind each name it would stand in tables, and hide the name's ending.
OPTIONS = "BRAIN_TUMOR_OBJECT_STORE"
# A request to a store takes longer than the bytes that it brings.
_READ_AHEAD_BYTES = 2**20


def find_objects(url: str) -> Iterator[tuple[str, bool]]:
    """The files that a URL names: itself, or what lies below it, one folder listed at a time.

    Args:
        url: as `pyarrow.fs.FileSystem.from_uri` takes it, without a ``?``. Credentials come from the environment, and
            options from the variable OPTIONS.

    Yields:
        URLs in the order of `walk`, and whether a search found them. What cannot be listed is given as it is, so that
        reading it says why.

    Raises:
        BrainTumorError: the URL holds a password or options, or its kind is not known.
        MissingExtraError: pyarrow is not installed.
    """
    filesystem, root = _resolve(url)
    address = url.rstrip("/")
    for path in walk(filesystem, root):
        below = path.removeprefix(root).lstrip("/")
        yield f"{address}/{quote(below)}" if below else address, bool(below)


def walk(filesystem: "FileSystem", root: str) -> Iterator[str]:
    """The files at and below a path: a folder's own files, then its subfolders, both sorted; hidden ones left out.

    Args:
        filesystem: of pyarrow.
        root: a path in it.

    Yields:
        Paths; no more than one folder's entries and the names of folders to come are held.
    """
    from pyarrow.fs import FileSelector, FileType

    pending = [root.rstrip("/")]
    while pending:
        here = pending.pop()
        try:
            if filesystem.get_file_info(here).type != FileType.Directory:
                yield here
                continue
            entries = sorted(filesystem.get_file_info(FileSelector(here)), key=lambda entry: entry.base_name)
        except OSError:
            yield here
            continue
        shown = [entry for entry in entries if not entry.base_name.startswith(".")]
        yield from (entry.path for entry in shown if entry.type != FileType.Directory)
        pending += [entry.path for entry in reversed(shown) if entry.type == FileType.Directory]


def to_remote_source(url: str, is_found: bool = False) -> SourceFile:
    """A URL as `open_series` takes it; nothing is read yet.

    Args:
        url: of a file.
        is_found: whether a search found it.
    """
    return SourceFile(url, partial(_read, url), partial(_open, url), stays_open=True, is_found=is_found)


def _read(url: str) -> bytes:
    with _open(url) as content:
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        try:
            return read_limited(content, size)
        except OSError as error:
            raise ScanError(url, Problem.UNREADABLE, found=error.strerror or type(error).__name__) from None


def _open(url: str) -> BinaryIO:
    filesystem, path = _resolve(url)
    try:
        found = filesystem.open_input_file(path)
    except OSError as error:
        # Without the library's words, which repeat the name.
        raise ScanError(url, Problem.UNREADABLE, found=error.strerror or type(error).__name__) from None
    return cast(BinaryIO, io.BufferedReader(found, _READ_AHEAD_BYTES))


def _resolve(url: str) -> "tuple[FileSystem, str]":
    require_extra("a file behind a URL", "cluster", "pyarrow")
    parts = urlsplit(url)
    if parts.password is not None:
        raise BrainTumorError(
            f"{parts.scheme}://: holds a password, which tables would show; give it through the environment instead"
        )
    if parts.query:
        raise BrainTumorError(
            f"{parts.scheme}://: holds options behind a ?, which tables would repeat for each file; give them through "
            f"the variable {OPTIONS}, and write a ? of a name as %3F"
        )
    try:
        filesystem, root = _connect(parts.scheme, parts.netloc, os.environ.get(OPTIONS, ""))
    except (ValueError, OSError) as error:
        raise BrainTumorError(
            f"{url}: is no address that can be read ({error}); s3://, gs://, hdfs:// and file:// are accepted"
        ) from None
    return filesystem, root.rstrip("/") + unquote(parts.path)


@lru_cache(maxsize=16)
def _connect(scheme: str, netloc: str, options: str) -> "tuple[FileSystem, str]":
    """A store's client, made once, and the path of its root."""
    from pyarrow.fs import FileSystem

    question = f"?{options}" if options and scheme != "file" else ""  # a disk has none
    found: tuple[FileSystem, str] = FileSystem.from_uri(f"{scheme}://{netloc}/{question}")
    return found
