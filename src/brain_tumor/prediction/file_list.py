"""Lists of files that a person or another program gives."""

import os
import sys
from pathlib import Path

from brain_tumor.errors import BrainTumorError
from brain_tumor.evaluation.csv_table import read_csv


def read_file_list(source: str) -> list[str]:
    """The paths in a list: one a line, or ended by zero bytes as ``find -print0`` writes them, or a CSV's column.

    Args:
        source: the list's path, ``-`` for the standard input; of a path that ends with .csv, the column ``path`` or
            ``file`` is read.

    Raises:
        BrainTumorError: it cannot be read, or names no file.
    """
    if source.lower().endswith(".csv"):
        rows = read_csv(Path(source), option="--files-from")
        column = next((name for name in ("path", "file") if rows and name in rows[0]), None)
        if column is None:
            raise BrainTumorError(f"{source}: has no rows with a column path or file; give a list of files")
        paths = [row[column] for row in rows]
    else:
        try:
            content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        except OSError as error:
            raise BrainTumorError(f"{source}: cannot be read ({error.strerror}); give a list of files") from None
        # Editors of other systems begin with a byte order mark, and end lines with a carriage return.
        text = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf"))
        paths = text.split("\0") if "\0" in text else [line.removesuffix("\r") for line in text.split("\n")]
    if not (found := [path for path in paths if path]):
        raise BrainTumorError(f"{source}: names no files; give one path a line")
    return found
