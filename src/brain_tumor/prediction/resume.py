"""An earlier run's rows: which slices are done, so that none is lost or answered twice."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from os import stat_result
from pathlib import Path
from stat import S_ISREG

from brain_tumor.input.series import Slice
from brain_tumor.presentation.wording import to_printable
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
        wanted = (to_printable(slice_.file), slice_.number)
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


class FileStates:
    """Size and time of files, with which a later run knows which ones were changed."""

    def __init__(self) -> None:
        self._last: tuple[str, Row] | None = None  # the slices of a volume come one after the other

    def to_cells(self, file: str) -> Row:
        """The columns file_bytes and file_modified.

        Args:
            file: path of a file, or of one in an archive, which counts as the archive.

        Returns:
            None in both where there is no such file.
        """
        if self._last is None or self._last[0] != file:
            self._last = file, _find_state(file)
        return self._last[1]


def resume_tables(
    tables: Sequence[TableFile], options: Options, find: Callable[[], Iterable[str]] = lambda: ()
) -> DoneRows:
    """Open the tables where an earlier run left them; gives the rows that it wrote.

    The table with the most rows counts, the others are written again from it: a program that is killed may have
    written a row to one of them only. A whole table is gone on with too. Without any table all begin empty. Rows of
    files that were found and have another size or time now are left out, so that they are answered again.

    Args:
        tables: of the same slices.
        options: of this run.
        find: the files of this run.

    Raises:
        BrainTumorError: tables were made under other options, or are damaged.
    """
    counts = {
        table: sum(1 for _ in table.read_rows(options))
        for table in tables
        if table.part.exists() or table.path.exists()
    }
    source = max(counts, key=lambda table: counts[table], default=None)
    if source is None:
        for table in tables:
            table.begin(options)
        return DoneRows()
    changed = _find_changed(source.read_rows(options), find)

    def kept() -> Iterator[Row]:
        return (row for row in source.read_rows(options) if not changed or _on_disk(str(row["file"])) not in changed)

    is_part_current = source.part.exists() and not changed
    left = sum(1 for _ in kept()) if changed else counts[source]
    # The source last: the others are filled from it as it was.
    for table in tables:
        if table is not source:
            table.begin(options, kept())
    if is_part_current:
        source.resume(options)
    else:
        source.begin(options, kept())
    return DoneRows(islice(source.read_rows(options), left))  # not those that this run appends


def keep_unchanged(rows: Sequence[Row], files: Iterable[str]) -> list[Row]:
    """The rows of an earlier run but for those whose file has another size or time now.

    Args:
        rows: as a file holds them.
        files: of this run.
    """
    changed = _find_changed(rows, lambda: files)
    return [row for row in rows if not changed or _on_disk(str(row["file"])) not in changed]


def _find_changed(rows: Iterable[Row], find: Callable[[], Iterable[str]]) -> set[str]:
    states, others = FileStates(), {}
    for row in rows:
        known = {name: row.get(name) for name in ("file_bytes", "file_modified")}
        if states.to_cells(str(row["file"])) != known:
            others[_on_disk(str(row["file"]))] = known
    if not others:
        return set()
    # Tables hold printable names only, so the files that were found have the last word.
    return {name for file in find() if (name := to_printable(file)) in others and states.to_cells(file) != others[name]}


def _on_disk(file: str) -> str:
    """The file, or the archive that holds it; the name itself where neither is there."""
    found = next((path for path in (file, *map(str, Path(file).parents)) if _stat(path)), file)
    return to_printable(f"./{found}" if file.startswith("./") and not found.startswith(("./", "/")) else found)


def _find_state(file: str) -> Row:
    found = next(filter(None, map(_stat, (file, *map(str, Path(file).parents)))), None)
    modified = found and datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="microseconds")
    return {"file_bytes": found and found.st_size, "file_modified": modified}


def _stat(path: str) -> stat_result | None:
    """Of a file only."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found if S_ISREG(found.st_mode) else None


def _key(row: Row) -> tuple[str, int | None]:
    number = row["slice"]
    return to_printable(str(row["file"])), None if number is None else int(number)
