"""Unpacked copies of what packed files hold, in files without a name."""

import contextlib
import gzip
import tempfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_SCAN_BYTES, MAX_VOLUME_BYTES, read_limited
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem

# Larger ones go on disk, so that a folder of them does not fill the memory.
IN_MEMORY_BYTES = 16 * 2**20
_CHUNK_BYTES = 2**20
# Such files must be held whole, as those in a ZIP; see zip_archive.py.
_MAX_RATIO_IN_MEMORY = 20


def copy_unpacked(stream: BinaryIO, limit: int, name: str) -> BinaryIO:
    """Up to limit bytes of a stream, from where it stands, as a file that goes when it is closed.

    Args:
        stream: what reading it raises goes through.
        limit: bytes to copy at most.
        name: used in messages only.

    Raises:
        ScanError: the folder for temporary files cannot take it.
    """
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
    try:
        while limit > 0 and (chunk := stream.read(min(limit, _CHUNK_BYTES))):
            limit -= len(chunk)
            with _as_no_room(name):
                copy.write(chunk)
        with _as_no_room(name):
            copy.seek(0)  # writes what is still buffered
    except BaseException:
        with contextlib.suppress(OSError):  # there is no room for what is still buffered either
            copy.close()
        raise
    return cast(BinaryIO, copy)


def unpack_gzip(stream: BinaryIO, limit: int, name: str) -> BinaryIO:
    """What a gzip file holds, as a file that goes when it is closed.

    Args:
        stream: of the whole file.
        limit: bytes that it may hold at most.
        name: used in messages only.

    Raises:
        ScanError: it holds more, or the folder for temporary files cannot take it.
        OSError: it is damaged, as EOFError and zlib.error say too.
    """
    stream.seek(0)
    with gzip.GzipFile(fileobj=stream) as unpacked:
        copy = copy_unpacked(cast(BinaryIO, unpacked), limit + 1, name)
    if copy.seek(0, 2) > limit:
        copy.close()
        raise ScanError(name, Problem.INFLATED_PACKED, limit_mib=limit // 2**20)
    copy.seek(0)
    return copy


def unpacked_source(file: SourceFile) -> SourceFile:
    """A file that gzip packed, such as a .dcm.gz, as the file inside; it keeps its name."""
    return SourceFile(file.name, partial(_read, file), partial(_open, file), False, file.is_found, file.find_beside)


def _read(file: SourceFile) -> bytes:
    with _open(file) as unpacked:
        return read_limited(unpacked)


def _open(file: SourceFile) -> BinaryIO:
    with file.stream() as stream:
        limit = min(MAX_VOLUME_BYTES, max(MAX_SCAN_BYTES, _MAX_RATIO_IN_MEMORY * stream.seek(0, 2)))
        try:
            return unpack_gzip(stream, limit, file.name)
        except (OSError, EOFError, zlib.error) as error:
            raise ScanError(file.name, Problem.DAMAGED, format="gzip", found=str(error)) from None


@contextlib.contextmanager
def _as_no_room(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ScanError(name, Problem.NO_ROOM, found=error.strerror or str(error)) from None
