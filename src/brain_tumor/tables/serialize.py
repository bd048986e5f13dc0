"""Rows into the text that other programs read, CSV and JSON Lines, and back."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brain_tumor.presentation.wording import NOTICE, to_printable
from brain_tumor.tables.rows import COLUMNS, NUMBER_COLUMNS, TEXT_COLUMNS, Row

# A probability's seventh decimal differs between processors and helps nobody.
DECIMALS = 6


def to_rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its numbers as every file holds them, with DECIMALS decimals."""
    return {column: round(value, DECIMALS) if isinstance(value, float) else value for column, value in row.items()}


def to_json_line(row: Mapping[str, Any]) -> str:
    """One object on one line, in ASCII: the row's fields in their order, then the notice."""
    return json.dumps({**to_rounded(row), "notice": NOTICE})


def from_json_line(line: str) -> Row:
    """The row in a line of `to_json_line`.

    Raises:
        ValueError: there is none, as in half a line.
    """
    found = json.loads(line)
    if not isinstance(found, dict) or found.pop("notice", None) is None:
        raise ValueError("no row")
    return found


def to_cells(row: Row) -> dict[str, str | float | None]:
    """A row as CSV holds it: numbers with DECIMALS decimals, None for an empty cell.

    A file name that a spreadsheet takes for a formula gets ``./`` in front, as on the command line. Characters that
    could steer a terminal, and names that are no text in this system's encoding, are written with escapes.
    """
    return {
        column: f"{value:.{DECIMALS}f}" if isinstance(value, float) else _to_harmless(value)
        for column, value in row.items()
    }


def from_cells(cells: Mapping[str, str]) -> Row:
    """The row whose cells these are.

    Raises:
        ValueError: a cell of a number holds none.
    """
    return {column: _from_cell(column, cell) if cell else None for column, cell in cells.items()}


def render_csv(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """A whole table as text, as CsvFile writes it; for tables that fit in memory."""
    return to_csv_line(columns) + "".join(to_csv_line(to_cells(row).values()) for row in rows)


def to_csv_line(cells: Iterable[object]) -> str:
    """One line of CSV, with its end; a cell may hold any character."""
    line = io.StringIO()
    # With this end, csv also quotes cells with a lone carriage return, which readers take for the end of a row.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _to_harmless(value: str | float | None) -> str | float | None:
    if not isinstance(value, str):
        return value
    return to_printable(f"./{value}" if value.startswith(("=", "+", "-", "@")) else value)


def _from_cell(column: str, cell: str) -> str | float:
    if column in TEXT_COLUMNS:
        return cell
    return int(cell) if column in NUMBER_COLUMNS else float(cell)
