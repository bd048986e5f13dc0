"""The folder of a run over many machines: one Parquet file a block, each there as a whole or not at all."""

import contextlib
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.parquet import read_parquet, render_parquet, render_series_parquet
from brain_tumor.tables.resumable import Options
from brain_tumor.tables.rows import Row

_NOTICE = "notice"
ABOUT, MANIFEST, RUN = "about.json", "manifest.jsonl", "run.json"
_SLICES, _SERIES, _STUDIES, _TRIES, _EARLIER = "slices", "series", "studies", "tries", "earlier"
_ENDINGS = {_SLICES: ".parquet", _SERIES: ".parquet", _STUDIES: ".json"}


@dataclass(frozen=True, slots=True)
class Committed:
    """A block's answers as they lie on the disk."""

    rows: list[Row]
    series_rows: list[Row]
    study_rows: list[Row]
    sha256: str  # of the file of slices


class BlockFolder:
    """slices/KEY.parquet of every block, about.json; at the end manifest.jsonl and run.json.

    Beside the slices lie series/KEY.parquet and, where studies are counted, studies/KEY.json.

    A block counts as answered when its file of slices has its name, which it gets last. Two processes that answer one
    block write the same rows, and the later one replaces the earlier one's file.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet; path: seen by all workers."""
        self.path = path

    @property
    def tries(self) -> Path:
        """Where the tries of blocks are noted."""
        return self.path / _TRIES

    def begin(self, options: Options, resume: bool, overwrite: bool) -> None:
        """Make the folder ready for a run.

        Args:
            options: by their names, those that change what a row says.
            resume: go on with what an earlier run answered.
            overwrite: drop it.

        Raises:
            BrainTumorError: the folder holds something else, answers that nobody said what to do with, or answers
                under other options; or it cannot be written.
            MissingExtraError: pyarrow is not installed.
        """
        require_extra("Parquet", "cluster", "pyarrow")
        try:
            if self.path.exists():
                self._check(options, resume, overwrite)
            if overwrite:
                for name in (*_ENDINGS, _EARLIER):
                    shutil.rmtree(self.path / name, ignore_errors=True)
            # Only of this run: a process that a person ended says nothing about a file.
            shutil.rmtree(self.tries, ignore_errors=True)
            for name in (MANIFEST, RUN):
                (self.path / name).unlink(missing_ok=True)
            for name in _ENDINGS:
                (self.path / name).mkdir(parents=True, exist_ok=True)
            write_whole(self.path / ABOUT, json.dumps({_NOTICE: NOTICE, **options}, indent=1).encode())
        except OSError as error:
            raise BrainTumorError(f"{self.path}: cannot be written ({error.strerror}); name another folder") from None

    def read(self, key: str) -> Committed | None:
        """A block's answers; None where it is not answered yet.

        Raises:
            BrainTumorError: they are damaged.
        """
        path = self._file(_SLICES, key)
        if not path.exists():
            return None
        series = self._file(_SERIES, key)
        series_rows = list(read_parquet(series)) if series.exists() else []
        studies = self._file(_STUDIES, key)
        study_rows = json.loads(studies.read_bytes()) if studies.exists() else []
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Committed(list(read_parquet(path)), series_rows, study_rows, sha256)

    def commit(
        self,
        key: str,
        rows: Sequence[Row],
        series_rows: Sequence[Mapping[str, Any]],
        classes: Sequence[Label] = LABELS,
        with_ids: bool = False,
        study_rows: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Put a block's answers in place.

        Args:
            key: of the block.
            rows: of its slices.
            series_rows: of its series.
            classes: of the model, in the order of `Rules.classes`.
            with_ids: whether rows have DICOM's identifiers.
            study_rows: counts of its answers by study.

        Returns:
            SHA-256 of the file of slices.

        Raises:
            OSError: it cannot be written.
        """
        series = self._file(_SERIES, key)
        if series_rows:
            _write(series, render_series_parquet(series_rows, classes, with_ids))
        else:
            series.unlink(missing_ok=True)
        if study_rows:
            _write(self._file(_STUDIES, key), json.dumps(study_rows).encode())
        else:
            self._file(_STUDIES, key).unlink(missing_ok=True)
        content = render_parquet(rows, classes, with_ids)
        _write(self._file(_SLICES, key), content)
        return hashlib.sha256(content).hexdigest()

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Say in run.json how the answers were made.

        Args:
            facts: JSON's own types, by their names.

        Raises:
            OSError: it cannot be written.
        """
        options = json.loads((self.path / ABOUT).read_bytes())
        write_whole(self.path / RUN, json.dumps({**options, **facts}, indent=1).encode())

    def has(self, key: str) -> bool:
        """Whether a block's answers are seen from here."""
        return self._file(_SLICES, key).exists()

    @contextlib.contextmanager
    def manifest(self) -> Iterator["Manifest"]:
        """Where each block is entered; it takes its name when the block of code ends well, and old blocks go.

        Blocks of an earlier run whose list of files was another one go to the folder earlier/: their files are
        answered in new blocks, or were not found now.
        """
        with written_whole(self.path / MANIFEST) as unfinished, unfinished.open("w", encoding="ascii") as file:
            manifest = Manifest(file)
            yield manifest
            file.flush()
        self._set_aside(manifest.keys)
        shutil.rmtree(self.tries, ignore_errors=True)

    def _set_aside(self, keys: set[str]) -> None:
        for kind, ending in _ENDINGS.items():
            for path in (self.path / kind).iterdir():
                if path.name.startswith("."):
                    path.unlink(missing_ok=True)  # half a file, of a process that was killed
                elif path.name.removesuffix(ending) not in keys:
                    aside = self.path / _EARLIER / kind
                    aside.mkdir(parents=True, exist_ok=True)
                    path.replace(aside / path.name)

    def _file(self, kind: str, key: str) -> Path:
        return self.path / kind / f"{key}{_ENDINGS[kind]}"

    def _check(self, options: Options, resume: bool, overwrite: bool) -> None:
        if not self.path.is_dir():
            raise BrainTumorError(f"{self.path}: is a file; with --ray, --parquet names a folder of files")
        if not any(self.path.iterdir()):
            return
        try:
            found = json.loads((self.path / ABOUT).read_bytes())
        except (OSError, ValueError):
            raise BrainTumorError(f"{self.path}: holds something else; name a new folder for the answers") from None
        if overwrite:
            return
        if not resume:
            if not any((self.path / _SLICES).glob(f"*{_ENDINGS[_SLICES]}")):
                return  # an earlier run ended before its first answer
            raise BrainTumorError(
                f"{self.path}: holds answers; go on with --resume, replace them with --overwrite, or name another"
            )
        for name in {**found, **options}:
            before, now = found.get(name), options.get(name)
            if before != now and name != _NOTICE:
                raise BrainTumorError(
                    f"{self.path}: was started with the {name} {before}, not {now}; "
                    "choose that again, or start again with --overwrite"
                )


class Manifest:
    """One line of JSON per block."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.keys: set[str] = set()  # 24 letters for a hundred files

    def enter(self, key: str, **facts: str | int) -> None:
        """Add a block; facts: what its line says."""
        self.keys.add(key)
        self._file.write(json.dumps({"block": key, "path": f"{_SLICES}/{key}{_ENDINGS[_SLICES]}", **facts}) + "\n")


def _write(path: Path, content: bytes) -> None:
    # A name of its own: a worker that was taken for dead may still write.
    unfinished = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")
    with written_whole(path, unfinished) as new:
        new.write_bytes(content)
