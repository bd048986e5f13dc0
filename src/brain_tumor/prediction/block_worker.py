"""One process's share of a run over many: a block of files in, its answers committed and given back."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import ReadOptions, Series, Slice
from brain_tumor.input.series_builder import open_series, unpack_archives
from brain_tumor.input.slice_ref import with_refs
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.input.sources import find_any_sources, keep_images
from brain_tumor.model.choice import EngineName
from brain_tumor.prediction.attempts import TRIES, Attempts
from brain_tumor.prediction.batch import AnsweredBlock, Batch
from brain_tumor.prediction.block_folder import BlockFolder, Committed
from brain_tumor.prediction.by_folder import group_by_folder
from brain_tumor.prediction.file_folders import NO_FILES, FileFolders, WantedFiles, open_block_folders
from brain_tumor.prediction.resume import DoneRows, keep_unchanged
from brain_tumor.prediction.run_summary import RunSummary
from brain_tumor.prediction.shared_series import SeriesLocation, find_series
from brain_tumor.prediction.work_blocks import WorkBlock
from brain_tumor.problems import Problem
from brain_tumor.tables.rows import Row


@dataclass(frozen=True, slots=True)
class BlockJob:
    """What every worker of a run needs to know."""

    folder: Path  # of the answers, absolute
    working_folder: Path  # that relative paths start from, absolute
    model: Path | None  # None for the shipped one
    threads: int  # of each worker
    engine: EngineName
    flatbuffer_sha256: str  # of the network that this run is answered by
    options: ReadOptions
    by_folder: bool
    with_ids: bool  # whether rows have DICOM's identifiers
    as_json: bool  # the lines that are shown
    shows_lines: bool
    wants_rows: bool  # whether rows go anywhere but into the folder
    wants_studies: bool = False  # whether answers are counted by study
    files: WantedFiles = NO_FILES  # beside the rows, absolute


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """What a worker says of a block that is committed."""

    key: str
    files: int
    slices: int
    series: int
    sha256: str  # of its file of slices
    tries: int  # 1 where nothing went wrong, 0 where an earlier run answered it
    worker: str  # host name and process
    answered: AnsweredBlock

    def facts(self) -> dict[str, str | int]:
        """What the manifest says of the block."""
        return {
            "files": self.files,
            "slices": self.slices,
            "series": self.series,
            "failed": self.answered.failed,
            "tries": self.tries,
            "worker": self.worker,
            "sha256": self.sha256,
        }


class BlockWorker:
    """One classifier in one process, for one block after the other."""

    def __init__(self, job: BlockJob, classifier: Classifier | None = None) -> None:
        """Load the classifier.

        Args:
            job: of this run.
            classifier: in place of the one that the job names.

        Raises:
            BrainTumorError: this machine has another network, or none.
            OSError: it has no such working folder.
        """
        os.chdir(job.working_folder)
        self._job = job
        self._folder = BlockFolder(job.folder)
        self._classifier = classifier or load_classifier(job.model, job.threads, job.engine)
        if self._classifier.card.flatbuffer_sha256 != job.flatbuffer_sha256:
            raise BrainTumorError(
                f"{platform.node()}: has another network than the machine that started the run; install the same"
                " version on all of them"
            )

    def answer(self, block: WorkBlock) -> BlockAnswer:
        """Answer what is not answered yet, and commit it.

        Raises:
            RuntimeError: many processes have ended on this block, each on another file.
            BrainTumorError, OSError: the folder of answers cannot be read or written.
        """
        committed = self._folder.read(block.key)
        kept = keep_unchanged(committed.rows, [file.name for file in block.files]) if committed else []
        if committed and len(kept) == len(committed.rows):
            return self._kept(block, committed)
        attempts = Attempts(self._folder.tries, block.key)
        with open_block_folders(self._job.files, block.key) as folders:
            # Beside rows that are kept there would be no files: those of a block are written together.
            answered = self._answer_files(block, attempts, [] if self._job.files.folders else kept, folders)
        sha256 = self._folder.commit(
            block.key,
            answered.rows,
            answered.series_rows,
            self._classifier.card.rules.classes,
            self._job.with_ids,
            answered.study_rows,
        )
        attempts.end()
        return self._answer(block, answered, sha256, attempts.earlier + 1)

    def _answer_files(
        self, block: WorkBlock, attempts: Attempts, kept: list[Row], folders: FileFolders
    ) -> AnsweredBlock:
        rows, series_rows, study_rows, shown = _Rows(list(kept)), _Rows(), _Rows(), _Lines()
        batch = Batch(
            [rows],
            series_rows,
            folders.maps,
            folders.reports,
            DoneRows(kept),
            shown,
            self._job.as_json,
            self._job.shows_lines,
            folders.dicom,
            study_rows if self._job.wants_studies else None,
            with_ids=self._job.with_ids,
            at_once=1 if attempts.is_careful else None,
        )
        batch.answer(self._classifier, self._open(block, attempts, batch.summary.left_out))
        return AnsweredBlock(
            rows.rows, series_rows.rows, shown.lines, batch.summary, batch.failed, study_rows.rows, folders
        )

    def _kept(self, block: WorkBlock, committed: Committed) -> BlockAnswer:
        failed = sum(row["status"] == "error" for row in committed.rows)
        summary = RunSummary(kept=len(committed.rows))
        answered = AnsweredBlock(committed.rows, committed.series_rows, (), summary, failed, committed.study_rows)
        return self._answer(block, answered, committed.sha256, 0)

    def _answer(self, block: WorkBlock, answered: AnsweredBlock, sha256: str, tries: int) -> BlockAnswer:
        slices, series = len(answered.rows), len(answered.series_rows)
        if not self._job.wants_rows:
            answered = replace(answered, rows=(), series_rows=())
        worker = f"{platform.node()}:{os.getpid()}"
        return BlockAnswer(block.key, len(block.files), slices, series, sha256, tries, worker, answered)

    def _open(self, block: WorkBlock, attempts: Attempts, left_out: LeftOut) -> Iterator[Series]:
        sources = keep_images(block.files, left_out)
        if attempts.is_careful:
            sources = (_noted_source(source, attempts) for source in unpack_archives(sources, left_out))
        opened = with_refs(open_series(sources, self._job.options, left_out), self._job.options, find_any_sources)
        if attempts.is_careful:
            opened = (_noted_series(series, attempts) for series in opened)
        return group_by_folder(opened) if self._job.by_folder else opened


def find_block_series(job: BlockJob, block: WorkBlock) -> tuple[SeriesLocation, ...]:
    """The DICOM series of a block; a file that ends its process again and again is left out.

    Raises:
        RuntimeError: many processes have ended on this block, each on another file.
    """
    attempts = Attempts(BlockFolder(job.folder).tries, f"headers-{block.key}")

    def note(name: str) -> bool:
        attempts.note(name)
        return name not in attempts.given_up

    found = find_series(block, note)
    attempts.end()
    return found


def _noted_source(source: SourceFile, attempts: Attempts) -> SourceFile:
    attempts.note(what := f"open {source.name}")
    return refused_source(_given_up(source.name)) if what in attempts.given_up else source


def _noted_series(series: Series, attempts: Attempts) -> Series:
    return replace(series, slices=tuple(_noted_slice(slice_, attempts) for slice_ in series.slices))


def _noted_slice(slice_: Slice, attempts: Attempts) -> Slice:
    def read() -> Scan:
        attempts.note(what := f"read {slice_.name}")
        if what in attempts.given_up:
            raise _given_up(slice_.name)
        return slice_.read()

    return replace(slice_, read=read)


def _given_up(name: str) -> ScanError:
    return ScanError(name, Problem.ENDS_ITS_PROCESS, limit=TRIES)


@dataclass(slots=True)
class _Rows:
    """Rows in memory: those of one block."""

    rows: list[Any] = field(default_factory=list)

    def write(self, row: Any) -> None:
        self.rows.append(row)


@dataclass(slots=True)
class _Lines:
    """What would be shown, for the process that shows it."""

    lines: list[str] = field(default_factory=list)

    def expect(self, slices: int) -> None:
        pass

    def advance(self) -> None:
        pass

    def show(self, line: str) -> None:
        self.lines.append(line)
