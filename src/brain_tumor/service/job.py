"""One request's series and slices: what is still to be answered, and the answer that grows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from brain_tumor.classifier import SliceOutcome
from brain_tumor.decision.series import Finding, decide_series
from brain_tumor.errors import ScanError
from brain_tumor.input.series import ReadOptions, Series, Slice
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import refuse
from brain_tumor.model.card import Card
from brain_tumor.prediction.by_folder import PictureSeries, group_by_folder
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.problems import Problem
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.spool import Upload
from brain_tumor.tables.dicom_ids import series_ids, slice_ids
from brain_tumor.tables.rows import series_cells, to_answered_row
from brain_tumor.tables.serialize import to_rounded
from brain_tumor.tables.series_rows import to_count_row, to_series_row
from brain_tumor.version import package_version


class Job:
    """Slices are taken in their order and answered in any; the pixels of an answer are not kept."""

    def __init__(self, series: Sequence[Series], uploads: Sequence[Upload], card: Card, with_ids: bool = False) -> None:
        """Nothing is answered yet.

        Args:
            series: of `open_uploads`.
            uploads: the same.
            card: of the model that answers.
            with_ids: whether rows have DICOM's identifiers, too.
        """
        self.answer: Future[bytes] = Future()  # JSON, once every slice is there
        self._series, self._model_id, self._classes = series, card.model_id, card.rules.classes
        self._with_ids = with_ids
        self._numbers = {upload.name: upload.number for upload in uploads}
        self._places = [
            (index, position_index)
            for index, member in enumerate(series)
            for position_index in range(len(member.slices))
        ]
        self._taken = 0
        self._rows: dict[tuple[int, int], dict[str, Any]] = {}
        self._findings: dict[tuple[int, int], Finding | None] = {}
        if not self._places:
            self.answer.set_result(self._render())

    @property
    def size(self) -> int:
        """How many slices it has in all."""
        return len(self._places)

    @property
    def left(self) -> int:
        """How many slices nobody has taken yet; none of one that is over."""
        return 0 if self.answer.done() else len(self._places) - self._taken

    def take(self) -> tuple[tuple[int, int], Slice]:
        """The next slice, and where its outcome belongs."""
        index, slice_index = at = self._places[self._taken]
        self._taken += 1
        return at, self._series[index].slices[slice_index]

    def add(self, at: tuple[int, int], outcome: SliceOutcome) -> str:
        """Keep one outcome as its row; after the last one the answer is there.

        Returns:
            The row's status, for those who count.
        """
        series = self._series[at[0]]
        row = to_answered_row(outcome, self._model_id, series.name if series.is_stack else None, self._classes)
        row |= series_cells(series) | {"volume": series.volume}
        if series.is_stack:
            row["series_slice"] = at[1] + 1
        if self._with_ids:
            row |= slice_ids(outcome.slice)
        self._rows[at] = to_rounded(row) | {"upload": _find_upload(outcome.slice.file, self._numbers)}
        # Of the answer itself, not of its row, which is rounded.
        self._findings[at] = outcome.result.to_finding(outcome.slice.position_mm) if outcome.result else None
        if len(self._rows) == self.size and self.answer.set_running_or_notify_cancel():
            self.answer.set_result(self._render())
        return str(row["status"])

    def fail(self, error: Exception) -> None:
        """Give up."""
        if not self.answer.done() and self.answer.set_running_or_notify_cancel():
            self.answer.set_exception(error)

    def _render(self) -> bytes:
        answer = {
            "model_id": self._model_id,
            "version": package_version(),
            "notice": NOTICE,
            "slices": [self._rows[at] for at in self._places],
            "series": [self._to_series_row(index) for index, series in enumerate(self._series) if series.is_stack],
            "duplicates": sum(series.duplicates for series in self._series),
        }
        return json.dumps(answer).encode("ascii")

    def _to_series_row(self, index: int) -> dict[str, Any]:
        series = self._series[index]
        keys = [(index, position_index) for position_index in range(len(series.slices))]
        verdict = decide_series([self._findings[at] for at in keys], self._classes)
        if isinstance(series, PictureSeries) and not series.is_ordered:
            row = to_count_row(series, verdict, self._model_id)
        else:
            windows = [str(window) for at in keys if (window := self._rows[at]["window"])]
            row = to_series_row(series, verdict, self._model_id, windows)
        return to_rounded(row | (series_ids(series) if self._with_ids else {}))


def open_uploads(uploads: Iterable[Upload], options: ReadOptions, by_folder: bool, max_slices: int) -> list[Series]:
    """The series that the files of a request hold; what cannot be opened is a series of one slice with its error.

    Raises:
        RefusedError: they hold more slices than are taken.
    """
    by_name = {upload.name: upload for upload in uploads}
    sources = [upload.to_source(by_name) for upload in by_name.values()]
    try:
        return _limit(open_series(sources, options), by_folder, max_slices)
    except RefusedError:
        raise
    except Exception:
        # One of the files makes a library raise what nobody expected; the others are answered all the same.
        each: list[Series] = []
        for source in sources:
            try:
                each += _limit(open_series([source], options), by_folder, max_slices)
            except RefusedError:
                raise
            except Exception as error:
                found = ScanError(source.name, Problem.UNEXPECTED, found=type(error).__name__)
                each.append(Series(source.name, (Slice(source.name, None, refuse(found)),)))
        return _limit(each, False, max_slices)


def _limit(opened: Iterable[Series], by_folder: bool, max_slices: int) -> list[Series]:
    found: list[Series] = []
    count = 0
    for series in group_by_folder(opened) if by_folder else opened:
        count += len(series.slices)
        if count > max_slices:
            raise RefusedError(Refusal.TOO_MANY_SLICES, limit=max_slices)
        found.append(series)
    return found


def _find_upload(file: str, numbers: Mapping[str, int]) -> int | None:
    """The number of the upload that a slice's file is, or lies in; None where nobody knows."""
    name = file
    while name not in numbers and "/" in name:
        name = name.rpartition("/")[0]
    return numbers.get(name)
