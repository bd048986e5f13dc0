"""Tables that go to the standard output, row by row."""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from brain_tumor.labels import LABELS, Label
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile, SeriesCsvFile, StudyCsvFile
from brain_tumor.tables.resumable import NO_OPTIONS, Options, TableFile
from brain_tumor.tables.rows import Row


class _StandardOutput(TableFile):
    """Nothing lies on a disk, so nothing is resumed."""

    path = Path("-")

    @property
    def paths(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def begin(self, options: Options = NO_OPTIONS, rows: Iterable[Row] | None = None) -> None:
        """Write what stands before the first row."""
        self._show(self._head())

    def write(self, row: Row) -> None:
        """Write one row."""
        self._show(self._to_bytes(row))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the standard output open."""

    def _show(self, content: bytes) -> None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


class CsvOutput(_StandardOutput, CsvFile):
    """CSV."""

    def __init__(self, for_excel: bool = False, classes: Iterable[Label] = LABELS, with_ids: bool = False) -> None:
        self._for_excel, self._file, self._columns = for_excel, None, self._to_columns(classes, with_ids)


class SeriesCsvOutput(SeriesCsvFile, CsvOutput):
    """CSV, one row per series."""

    __init__ = CsvOutput.__init__


class StudyCsvOutput(StudyCsvFile, CsvOutput):
    """CSV, one row per study."""

    __init__ = CsvOutput.__init__


class JsonLinesOutput(_StandardOutput, JsonLinesFile):
    """JSON Lines."""

    def __init__(self) -> None:
        self._file = None
