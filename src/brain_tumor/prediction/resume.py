"""An interrupted run's rows: which slices are done, so that none is lost or answered twice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from brain_tumor.errors import BrainTumorError
from brain_tumor.input.series import Slice
from brain_tumor.tables.resumable import Options, TableFile
from brain_tumor.tables.rows import Row


class DoneRows:
    """Rows that an earlier run wrote, in its order, each given out once.

    One row is in memory at a time as long as the slices come as they did then; from the first other one on, when
    files were added or are gone, all rows that are left.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = iter(rows)
        self._by_slice: defaultdict[tuple[str, int | None], list[Row]] | None = None

    def take(self, slice_: Slice) -> Row | None:
        """The slice's row; None when it is still to be answered."""
        # As tables write names that are no text.
        wanted = (slice_.file.encode("utf-8", "backslashreplace").decode(), slice_.number)
        if self._by_slice is None:
            row = next(self._rows, None)
            if row is None or _key(row) == wanted:
                return row
            self._by_slice = defaultdict(list)
            for left in chain([row], self._rows):
                self._by_slice[_key(left)].append(left)
        rows = self._by_slice.get(wanted)
        return rows.pop(0) if rows else None

    def count_left(self) -> int:
        """How many rows were not taken: their files are gone, or other paths were given."""
        return sum(1 for _ in self._rows) + sum(map(len, (self._by_slice or {}).values()))


def resume_tables(tables: Sequence[TableFile], options: Options) -> DoneRows:
    """Open the tables where the interrupted run left them; gives the rows that it wrote.

    The part with the most rows counts, the others are written again from it: a program that is killed may have
    written a row to one of them only. Without any part all begin empty.

    Raises:
        BrainTumorError: parts were made under other options, or nothing was interrupted because a table is whole.
    """
    counts = {table: sum(1 for _ in table.read_rows(options)) for table in tables if table.part.exists()}
    whole = [table.path for table in tables if table.path.exists()]
    if whole and not counts:
        raise BrainTumorError(f"{whole[0]}: is whole, nothing was interrupted; leave --resume out to answer again")
    source = max(counts, key=lambda table: counts[table], default=None)
    for table in tables:
        if table is not source:
            table.begin(options, source.read_rows(options) if source else ())
    if source is None:
        return DoneRows()
    source.resume(options)
    return DoneRows(islice(source.read_rows(options), counts[source]))


def _key(row: Row) -> tuple[str, int | None]:
    number = row["slice"]
    return str(row["file"]).encode("utf-8", "backslashreplace").decode(), None if number is None else int(number)
