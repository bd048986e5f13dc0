"""Lists of files that a person or another program gives."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from brain_tumor.csv_reader import UTF_16_MARKS, read_csv
from brain_tumor.errors import BrainTumorError

_CHUNK_BYTES = 2**20
# Editors of other systems begin with it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_file_list(source: str) -> list[str]:
    """The paths in a list, at once; see iterate_file_list.

    Raises:
        BrainTumorError: it cannot be read, or names no file.
    """
    if not (found := list(iterate_file_list(source))):
        raise BrainTumorError(f"{source}: names no files; give one path a line")
    return found


def iterate_file_list(source: str) -> Iterator[str]:
    """The paths in a list: one a line, or ended by zero bytes as ``find -print0`` writes them, or a CSV's column.

    A list in UTF-16, as PowerShell writes it, begins with its byte order mark.

    Args:
        source: the list's path, ``-`` for the standard input; of a path that ends with .csv, the column ``path`` or
            ``file`` is read.

    Yields:
        One path at a time; of a CSV all are held.

    Raises:
        BrainTumorError: it cannot be read.
    """
    if source.lower().endswith(".csv"):
        rows = read_csv(Path(source), option="--files-from")
        column = next((name for name in ("path", "file") if rows and name in rows[0]), None)
        if column is None:
            raise BrainTumorError(f"{source}: has no rows with a column path or file; give a list of files")
        yield from (row[column] for row in rows if row[column])
        return
    try:
        if source == "-":
            yield from _split(sys.stdin.buffer)
        else:
            with Path(source).open("rb") as content:
                yield from _split(content)
    except OSError as error:
        raise BrainTumorError(f"{source}: cannot be read ({error.strerror}); give a list of files") from None
    except UnicodeError as error:
        raise BrainTumorError(f"{source}: begins as UTF-16 but is damaged ({error}); write it again") from None


def _split(content: BinaryIO) -> Iterator[str]:
    """Names between line ends, or between zero bytes where one of them is in the beginning."""
    chunk = content.read(_CHUNK_BYTES).removeprefix(_BYTE_ORDER_MARK)
    if chunk.startswith(UTF_16_MARKS):
        content = io.BytesIO((chunk + content.read()).decode("utf-16").encode())
        chunk = content.read(_CHUNK_BYTES)
    separator = b"\0" if b"\0" in chunk else b"\n"
    left = b""
    while chunk:
        *names, left = (left + chunk).split(separator)
        yield from filter(None, (_to_path(name, separator) for name in names))
        chunk = content.read(_CHUNK_BYTES)
    if last := _to_path(left, separator):
        yield last


def _to_path(name: bytes, separator: bytes) -> str:
    # Other systems end a line with a carriage return too.
    return os.fsdecode(name.removesuffix(b"\r") if separator == b"\n" else name)
