"""Who answers a run's files: this process, or many on several machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from brain_tumor.classifier import Classifier
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.slice_ref import with_refs
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import find_any_sources
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.by_folder import group_by_folder
from brain_tumor.prediction.progress import Progress


class Executor(Protocol):
    """Answers files. Whichever it is, `Batch.answer` makes the rows, so they are the same."""

    def answer(self, batch: Batch) -> None:
        """Answer everything into the batch's tables.

        Raises:
            BrainTumorError: for everything that a person must change first.
        """


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """This process: slices are read while the network runs."""

    classifier: Classifier
    sources: Callable[[LeftOut], Iterator[SourceFile]]
    piped: SourceFile | None  # what came through the standard input, which is answered first
    options: ReadOptions
    by_folder: bool  # whether the pictures of a folder are one series
    progress: Progress

    def answer(self, batch: Batch) -> None:
        """See Executor."""
        left_out = batch.summary.left_out
        sources = self.progress.pass_on(self.sources(left_out))
        opened = open_series(chain([self.piped], sources) if self.piped else sources, self.options, left_out)
        opened = with_refs(opened, self.options, find_any_sources)
        batch.answer(self.classifier, group_by_folder(opened) if self.by_folder else opened)
