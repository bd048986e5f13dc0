"""Unpacked copies of what packed files hold, in files without a name."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

# Larger ones go on disk, so that a folder of them does not fill the memory.
IN_MEMORY_BYTES = 16 * 2**20
_CHUNK_BYTES = 2**20


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


@contextlib.contextmanager
def _as_no_room(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ScanError(name, Problem.NO_ROOM, found=error.strerror or str(error)) from None
