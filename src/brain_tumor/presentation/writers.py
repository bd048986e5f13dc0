"""Rows into the formats that other programs read: CSV, written as it comes, and JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from brain_tumor.errors import BrainTumorError
from brain_tumor.presentation.rows import COLUMNS, Row
from brain_tumor.presentation.wording import NOTICE

# A probability's seventh decimal differs between processors and helps nobody.
DECIMALS = 6


def to_json_line(row: Row) -> str:
    """One object on one line, in ASCII: the row's fields in their order, then the notice."""
    rounded = {column: round(value, DECIMALS) if isinstance(value, float) else value for column, value in row.items()}
    return json.dumps({**rounded, "notice": NOTICE})


def to_cells(row: Row) -> dict[str, str | None]:
    """A row as CSV holds it: numbers with DECIMALS decimals, None for an empty cell.

    A file name that a spreadsheet takes for a formula gets ``./`` in front, as on the command line.
    """
    cells = {column: f"{value:.{DECIMALS}f}" if isinstance(value, float) else value for column, value in row.items()}
    if (name := cells["file"]) and name.startswith(("=", "+", "-", "@")):
        cells["file"] = f"./{name}"
    return cells


def render_csv(rows: Iterable[Row]) -> str:
    """A whole table as text, as CsvFile writes it; for tables that fit in memory."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(to_cells(row) for row in rows)
    return text.getvalue()


class CsvFile:
    """A CSV file that takes its name only when it is whole; until then it is NAME.part.

    Used as a context manager. When the block ends with an exception, the part stays for a person to look at.
    """

    def __init__(self, path: Path) -> None:
        """Raises BrainTumorError when something else than such a table lies there; nothing is opened yet."""
        self.path = path
        self.part = path.with_name(f"{path.name}.part")
        for taken in filter(Path.exists, (self.path, self.part)):
            _refuse_other_content(taken)

    def __enter__(self) -> Self:
        """Open the part and write the header; raises BrainTumorError when that fails."""
        try:
            # Names that are no text in this system's encoding are written with escapes: one of them
            # must not make the whole table unreadable.
            self._file = self.part.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise BrainTumorError(f"{self.path}: cannot be written ({error.strerror}); name another file") from None
        self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
        self._writer.writeheader()
        return self

    def write(self, row: Row) -> None:
        """Append one row; numbers get DECIMALS decimals, None becomes an empty cell."""
        self._writer.writerow(to_cells(row))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the part; give it its final name unless the block failed."""
        self._file.close()
        if kind is None:
            self.part.replace(self.path)


def _refuse_other_content(path: Path) -> None:
    # `--csv *.png` hands us the first image as the file to write: a scan is never overwritten.
    header = ",".join(COLUMNS[:2]).encode()
    try:
        if not path.is_file():
            raise BrainTumorError(f"{path}: is not a file that can be written; name another one")
        with path.open("rb") as file:
            if file.read(len(header)) not in (header, b""):
                raise BrainTumorError(f"{path}: exists and holds something else; name another file")
    except OSError as error:
        raise BrainTumorError(f"{path}: cannot be written ({error.strerror}); name another file") from None
