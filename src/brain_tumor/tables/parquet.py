"""The adapter of Parquet."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from brain_tumor.atomic_write import written_whole
from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.csv_jsonl import JsonLinesFile
from brain_tumor.tables.rows import NUMBER_COLUMNS, TEXT_COLUMNS, Row, escape_names, slice_columns
from brain_tumor.tables.serialize import from_json_line, to_json_line, to_rounded
from brain_tumor.tables.series_rows import SERIES_NUMBER_COLUMNS, join_numbers, series_columns

# Rows that are in memory at once, about a megabyte.
ROW_GROUP = 1000


class ParquetFile(JsonLinesFile):
    """A table for data frames. Parquet cannot be appended to, so rows wait in NAME.part.jsonl until all are there."""

    _signature = b"PAR1"
    _part_ending = ".part.jsonl"

    def __init__(self, path: Path, classes: Iterable[Label] = LABELS, with_ids: bool = False) -> None:
        """Nothing is opened yet.

        Args:
            path: of the table.
            classes: of the model, in the order of `Rules.classes`.
            with_ids: whether DICOM's identifiers stand in it, too.

        Raises:
            MissingExtraError: pyarrow is not installed.
            BrainTumorError: something else than a Parquet file lies there.
        """
        require_extra("Parquet", "pandas", "pyarrow")
        super().__init__(path)
        self._columns = slice_columns(classes, with_ids)
        self._unfinished = path.with_name(f"{path.name}.part")

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that it may write."""
        return *super().paths, self._unfinished

    def _finish(self) -> None:
        with written_whole(self.path, self._unfinished) as unfinished, unfinished.open("wb") as file:
            _write(file, (row for row, _ in self._whole_rows()), self._columns)
        self.part.unlink()

    def _finished_rows(self) -> Iterator[Row]:
        return read_parquet(self.path)


def read_parquet(path: Path) -> Iterator[Row]:
    """The rows of a file, some at a time.

    Raises:
        BrainTumorError: it cannot be read.
    """
    import pyarrow as pa  # type: ignore[import-untyped] # as in _write
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        with pq.ParquetFile(path) as file:
            for group in file.iter_batches(ROW_GROUP):
                yield from group.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BrainTumorError(f"{path}: cannot be read ({error}); start again with --overwrite") from None


def render_parquet(rows: Iterable[Row], classes: Iterable[Label] = LABELS, with_ids: bool = False) -> bytes:
    """A whole table as a file's content, as ParquetFile writes it; for tables that fit in memory.

    Args:
        rows: of slices.
        classes: of the model, in the order of `Rules.classes`.
        with_ids: whether DICOM's identifiers stand in it, too.
    """
    file = io.BytesIO()
    # As the other tables hold them.
    _write(file, (from_json_line(to_json_line(row)) for row in rows), slice_columns(classes, with_ids))
    return file.getvalue()


def render_series_parquet(
    rows: Iterable[Mapping[str, Any]], classes: Iterable[Label] = LABELS, with_ids: bool = False
) -> bytes:
    """The table of series as a file's content, of to_series_row's rows; for tables that fit in memory.

    Args:
        rows: of series.
        classes: of the model, in the order of `Rules.classes`.
        with_ids: whether DICOM's identifiers stand in it, too.
    """
    file = io.BytesIO()
    _write(file, (to_rounded(join_numbers(row)) for row in rows), series_columns(classes, with_ids), _series_kind)
    return file.getvalue()


def _slice_kind(column: str) -> str:
    return "string" if column in TEXT_COLUMNS else "int64" if column in NUMBER_COLUMNS else "float64"


def _series_kind(column: str) -> str:
    return "int64" if column in SERIES_NUMBER_COLUMNS else "float64" if column.startswith("share_") else "string"


def _write(
    file: BinaryIO, rows: Iterator[Row], columns: Sequence[str], kind: Callable[[str], str] = _slice_kind
) -> None:
    import pyarrow as pa  # 50 MB that nothing before the last row needs
    import pyarrow.parquet as pq

    fields = [(column, pa.type_for_alias(kind(column))) for column in columns]
    schema = pa.schema(fields, metadata={"notice": NOTICE})
    with pq.ParquetWriter(file, schema) as writer:
        while group := [escape_names(row) for row in islice(rows, ROW_GROUP)]:
            writer.write_table(pa.Table.from_pylist(group, schema))
