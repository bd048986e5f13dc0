"""A table on disk that takes its name only when it is whole, and can be resumed after an interruption."""

import contextlib
import csv
import io
import json
import os
from abc import ABC, abstractmethod
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.errors import BrainTumorError
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import Row

Options: TypeAlias = Mapping[str, str]
NO_OPTIONS: Options = {}
Parsed = TypeVar("Parsed")


class TableFile(ABC):
    """One row after another into NAME.part, which becomes NAME when the block ends well; kept when it does not.

    Every row reaches the system at once, so that a part lacks nothing but the row that was being written when the
    program was killed. Beside it, NAME.part.options holds under which options its rows were made; beside the whole
    table NAME.run.json says that, what else is known of the run, and the notice.
    """

    _signature: ClassVar[bytes]  # how every file of this kind begins
    _part_signature: ClassVar[bytes]
    _part_ending: ClassVar = ".part"
    _can_resume: ClassVar = True  # --resume finds the rows of a part again

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet.

        Raises:
            BrainTumorError: something else than such a table lies there.
        """
        self.path = path
        self.part = path.with_name(path.name + self._part_ending)
        self._options_file = path.with_name(f"{path.name}.part.options")
        self._run_file = path.with_name(f"{path.name}.run.json")
        self._facts: Mapping[str, Any] = {}
        self._file: io.BufferedIOBase | None = None
        _refuse_other_content(self.path, self._signature)
        _refuse_other_content(self.part, self._part_signature)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that it may write."""
        return self.path, self.part, self._options_file, self._run_file

    def __enter__(self) -> Self:
        """Begin a new part, in place of an older one.

        Raises:
            BrainTumorError: it cannot be written.
        """
        if self._file is None:
            self.begin()
        return self

    def begin(self, options: Options = NO_OPTIONS, rows: Iterable[Row] | None = None) -> None:
        """Open a new part.

        Args:
            options: by their names, those that change what a row says; a part with others is not resumed.
            rows: what it holds from the start; they may be those of an older part with the same options.

        Raises:
            BrainTumorError: it cannot be written.
        """
        try:
            if rows is None:
                self.part.unlink(missing_ok=True)  # never rows of one run beside the options of another
            with written_whole(self.part, self.part.with_name(f"{self.part.name}.new")) as new, new.open("wb") as file:
                file.write(self._head())
                for row in rows or ():
                    file.write(self._to_bytes(row))
                file.flush()
                if options:
                    write_whole(self._options_file, _render({"options": dict(options)}))
            self._file = self.part.open("ab")
        except OSError as error:
            raise BrainTumorError(f"{self.path}: cannot be written ({error.strerror}); name another file") from None

    def resume(self, options: Options) -> None:
        """Open the part behind its last whole row.

        Raises:
            BrainTumorError: as for `read_rows`, or the part cannot be written.
        """
        self._check_options(options, self.part, self._options_file)
        end = 0
        for _, end in self._whole_rows():  # noqa: B007 - the last one is meant
            pass
        if not end:
            self.begin(options)
            return
        try:
            self._file = self.part.open("r+b")
            self._file.truncate(end)
            self._file.seek(end)
        except OSError as error:
            raise BrainTumorError(f"{self.part}: cannot be written ({error.strerror}); check permissions") from None

    def write(self, row: Row) -> None:
        """Append one row; numbers get DECIMALS decimals.

        Raises:
            BrainTumorError: it cannot be written.
        """
        assert self._file  # noqa: S101 - used as a context manager
        try:
            self._file.write(self._to_bytes(row))
            self._file.flush()
        except OSError as error:
            raise self._stopped(error) from None

    def describe(self, facts: Mapping[str, Any]) -> None:
        """What NAME.run.json says beside the options: JSON's own types, by their names."""
        self._facts = facts

    def read_rows(self, options: Options) -> Iterator[Row]:
        """The part's whole rows, one by one, without half a row at its end; without a part, those of the whole table.

        Raises:
            BrainTumorError: they were made under other options, or the file is damaged elsewhere.
        """
        if self.part.exists():
            self._check_options(options, self.part, self._options_file)
            return (row for row, _ in self._whole_rows())
        self._check_options(options, self.path, self._run_file)
        return self._finished_rows()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the part; give it its final name unless the block failed.

        Raises:
            BrainTumorError: it cannot be written.
        """
        if self._file is None:
            return
        if kind is not None:
            with contextlib.suppress(OSError):  # the row that did not fit into a full disk still does not
                self._file.close()
            return
        try:
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())
            if self._options_file.exists():
                options = {"options": _read_options(self._options_file) or {}}
                write_whole(self._run_file, _render({**options, **self._facts}))
            self._finish()
            self._options_file.unlink(missing_ok=True)
        except OSError as failure:
            raise self._stopped(failure) from None

    def _finish(self) -> None:
        self.part.replace(self.path)

    def _stopped(self, error: OSError) -> BrainTumorError:
        reason = error.strerror or error
        if not self.part.exists():
            return BrainTumorError(f"{self.path}: is gone before it was whole ({reason}); run again, in another folder")
        again = "go on with the same command and --resume" if self._can_resume else "run again"
        kept = f"the rows so far are in {self.part.name}"
        return BrainTumorError(f"{self.path}: cannot be written ({reason}); {kept}; make room, then {again}")

    def _head(self) -> bytes:
        return b""

    @abstractmethod
    def _to_bytes(self, row: Row) -> bytes:
        """A row as the part holds it."""

    @abstractmethod
    def _parse(self, file: io.BufferedReader) -> Iterator[tuple[Row, int]]:
        """Rows, each with the offset in bytes behind it; ends before half a row at the end.

        Raises:
            ValueError: another row is damaged.
        """

    def _whole_rows(self) -> Iterator[tuple[Row, int]]:
        yield from self._read(self.part, self._parse)

    def _finished_rows(self) -> Iterator[Row]:
        """Rows of the whole table."""
        return (row for row, _ in self._read(self.path, self._parse))

    def _read(self, path: Path, parse: Callable[[io.BufferedReader], Iterator[Parsed]]) -> Iterator[Parsed]:
        try:
            with path.open("rb") as file:
                yield from parse(file)
        except (ValueError, csv.Error) as error:
            raise BrainTumorError(f"{path}: is damaged ({error}); delete it and start again") from None
        except OSError as error:
            raise BrainTumorError(f"{path}: cannot be read ({error.strerror}); check permissions") from None

    def _check_options(self, options: Options, path: Path, options_file: Path) -> None:
        found = _read_options(options_file)
        if found is None:
            raise BrainTumorError(
                f"{path}: nothing says how its rows were made ({options_file.name} is missing or damaged); "
                "delete it, or start again with --overwrite"
            )
        for name in {**found, **options}:
            before, now = found.get(name), options.get(name)
            if before != now:
                raise BrainTumorError(
                    f"{path}: was started with the {name} {before}, not {now}; "
                    "choose that again, or start again with --overwrite"
                )


def _render(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps({"notice": NOTICE, **facts}, indent=2) + "\n").encode()


def _read_options(file: Path) -> dict[str, str] | None:
    """The options in a file of `_render`; None where it is missing, damaged or something else."""
    try:
        found = json.loads(file.read_bytes())["options"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _refuse_other_content(path: Path, signature: bytes) -> None:
    # `--csv *.png` hands us the first image as the file to write: a scan is never overwritten.
    try:
        if not path.exists():
            return
        if not path.is_file():
            raise BrainTumorError(f"{path}: is not a file that can be written; name another one")
        with path.open("rb") as file:
            begin = file.read(len(BOM_UTF8) + len(signature)).removeprefix(BOM_UTF8)
            if not signature.startswith(begin[: len(signature)]):
                raise BrainTumorError(f"{path}: exists and holds something else; name another file")
    except OSError as error:
        raise BrainTumorError(f"{path}: cannot be written ({error.strerror}); name another file") from None
