"""The kinds of tables that grow row by row: CSV and JSON Lines."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from brain_tumor.labels import LABELS, Label
from brain_tumor.tables.dicom_ids import study_columns
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import COLUMNS, Row, slice_columns
from brain_tumor.tables.serialize import from_cells, from_json_line, to_cells, to_csv_line, to_json_line
from brain_tumor.tables.series_rows import SERIES_COLUMNS, join_numbers, series_columns


class CsvFile(TableFile):
    """A table for spreadsheets; None is an empty cell."""

    _signature = _part_signature = ",".join(COLUMNS[:2]).encode()

    def __init__(
        self, path: Path, for_excel: bool = False, classes: Iterable[Label] = LABELS, with_ids: bool = False
    ) -> None:
        """Nothing is opened yet.

        Args:
            path: of the table.
            for_excel: whether it begins with a byte order mark, without which Excel takes UTF-8 for something else.
            classes: of the model, in the order of `Rules.classes`.
            with_ids: whether DICOM's identifiers stand in it, too.

        Raises:
            BrainTumorError: something else than such a table lies there.
        """
        super().__init__(path)
        self._for_excel, self._columns = for_excel, self._to_columns(classes, with_ids)

    @staticmethod
    def _to_columns(classes: Iterable[Label], with_ids: bool) -> tuple[str, ...]:
        return slice_columns(classes, with_ids)

    def _head(self) -> bytes:
        return (BOM_UTF8 if self._for_excel else b"") + to_csv_line(self._columns).encode()

    def _to_bytes(self, row: Row) -> bytes:
        cells = to_cells(row)
        return to_csv_line(cells[column] for column in self._columns).encode()

    def _parse(self, file: io.BufferedReader) -> Iterator[tuple[Row, int]]:
        lines = _Lines(file)
        reader = csv.reader(lines)
        header = next(reader, [])
        if lines.is_torn() or not header:
            return
        if tuple(header) != self._columns:
            raise ValueError("its columns are those of another version")
        for cells in reader:
            # No text of the last column holds a line end, so half a row that ends with one has fewer cells.
            if lines.is_torn() or (len(cells) != len(self._columns) and not file.peek(1)):
                return
            if len(cells) != len(self._columns):
                raise ValueError(f"a row of {len(cells)} cells")
            yield from_cells(dict(zip(self._columns, cells, strict=True))), lines.end


class SeriesCsvFile(CsvFile):
    """The table of series, of to_series_row's rows."""

    _can_resume = False
    _signature = _part_signature = ",".join(SERIES_COLUMNS[:2]).encode()

    @staticmethod
    def _to_columns(classes: Iterable[Label], with_ids: bool) -> tuple[str, ...]:
        return series_columns(classes, with_ids)

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one row; of the slices to look at first it makes one cell."""
        super().write(join_numbers(row))

    def read_old(self) -> dict[str, dict[str, str]]:
        """The cells of every row of the whole table, by what its first column holds; empty without a table.

        Raises:
            BrainTumorError: it cannot be read.
        """
        if not self.path.exists():
            return {}
        return {cells[self._columns[0]]: cells for cells in self._read(self.path, self._parse_cells)}

    def _parse_cells(self, file: io.BufferedReader) -> Iterator[dict[str, str]]:
        reader = csv.reader(_Lines(file))
        if tuple(next(reader, ())) != self._columns:
            raise ValueError("its columns are those of another version")
        yield from (dict(zip(self._columns, cells, strict=True)) for cells in reader)


class StudyCsvFile(SeriesCsvFile):
    """The table of studies, of StudyCounts' rows."""

    _signature = _part_signature = ",".join(study_columns(())[:2]).encode()

    @staticmethod
    def _to_columns(classes: Iterable[Label], with_ids: bool) -> tuple[str, ...]:
        return study_columns(classes)

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one row."""
        super(SeriesCsvFile, self).write(dict(row))


class JsonLinesFile(TableFile):
    """One JSON object per line, each with the notice."""

    _signature = _part_signature = b'{"file": '

    def _to_bytes(self, row: Row) -> bytes:
        return f"{to_json_line(row)}\n".encode("ascii")

    def _parse(self, file: io.BufferedReader) -> Iterator[tuple[Row, int]]:
        lines = _Lines(file)
        for line in lines:
            if lines.is_torn():
                return
            yield from_json_line(line), lines.end


class _Lines:
    """Lines of text, with the offset behind the last one."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.end = 0  # bytes from the file's beginning
        self._last = b""

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.end += len(line)
            self._last = line
            yield line.removeprefix(BOM_UTF8 if self.end == len(line) else b"").decode("utf-8", "replace")

    def is_torn(self) -> bool:
        """Whether the last line was not written to its end."""
        return not self._last.endswith(b"\n")
