"""Series in, answers out: one row per slice, then one per series."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from brain_tumor.classifier import Classifier, SliceOutcome
from brain_tumor.decision.series import Finding, decide_series
from brain_tumor.input.series import Series, Slice
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.subject import SeriesDraft
from brain_tumor.presentation.wording import render_error_line, render_line, to_printable
from brain_tumor.tables.csv_jsonl import SeriesCsvFile
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import to_answered_row
from brain_tumor.tables.serialize import to_json_line, to_rounded
from brain_tumor.tables.series_rows import render_series_line, to_finding, to_series_row


@dataclass(slots=True)
class _OpenSeries:
    """A series with slices on their way."""

    series: Series
    findings: dict[int, Finding | None] = field(default_factory=dict)  # by index in the series
    is_new: bool = False  # whether this run answered one of its slices
    draft: SeriesDraft = field(default_factory=SeriesDraft)  # filled where a report is wanted


@dataclass
class Batch:
    """Where a run's answers go; what is in memory does not grow with their number."""

    tables: Sequence[TableFile]
    series_table: SeriesCsvFile | None
    maps: MapFolder | None
    reports: ReportFolder | None
    done: DoneRows
    progress: Progress
    as_json: bool  # the lines that are shown
    failed: int = 0  # slices that could not be read, those of an interrupted run too

    def answer(self, classifier: Classifier, opened: Iterable[Series]) -> None:
        """Answer all slices of all series, in their order."""
        self._card = classifier.card
        self._model_id = classifier.card.model_id
        self._has_location = "location" in classifier.card.outputs
        self._open: deque[_OpenSeries] = deque()
        self._in_flight: deque[tuple[_OpenSeries, int]] = deque()  # slices that the classifier reads ahead
        with closing(classifier.classify_many(self._unanswered(opened))) as outcomes:
            for outcome in outcomes:
                self._write(outcome)
                self._close_series()

    def _unanswered(self, opened: Iterable[Series]) -> Iterator[Slice]:
        for series in opened:
            self._open.append(current := _OpenSeries(series))
            fresh = []
            for index, slice_ in enumerate(series.slices):
                if row := self.done.take(slice_):
                    current.findings[index] = to_finding(row, self._has_location)
                    self.failed += row["status"] == "error"
                else:
                    fresh.append(index)
            current.is_new = bool(fresh)
            self.progress.expect(len(fresh))
            for index in fresh:
                self._in_flight.append((current, index))
                yield series.slices[index]
            self._close_series()

    def _write(self, outcome: SliceOutcome) -> None:
        current, index = self._in_flight.popleft()
        result, position_mm, is_stack = outcome.result, outcome.slice.position_mm, current.series.is_stack
        row = to_rounded(to_answered_row(outcome, self._model_id, current.series.name if is_stack else None))
        if self.maps and result:
            self.maps.write(result)
        if self.reports:
            if is_stack:
                current.draft.add(result, position_mm)
            elif result:
                self.reports.write(result, self._card)
        for table in self.tables:
            table.write(row)
        if result:
            line = render_line(result)
        else:
            self.failed += 1
            line = render_error_line(outcome.slice.name, str(row["reason"]))
        self.progress.show(to_json_line(row) if self.as_json else to_printable(line))
        self.progress.advance()
        # Of the answer itself, not of its row, which is rounded.
        current.findings[index] = result.to_finding(position_mm) if result else None

    def _close_series(self) -> None:
        """Decide the series whose slices are all there, in their order; every way out shows this one verdict."""
        while self._open and len(self._open[0].findings) == len(self._open[0].series.slices):
            current = self._open.popleft()
            series = current.series
            if not series.is_stack:
                continue
            verdict = decide_series([current.findings[index] for index in range(len(series.slices))])
            row = to_series_row(series, verdict, self._model_id)
            if self.reports:
                self.reports.write_series(current.draft, verdict, series.name, self._card)
            if self.series_table:
                self.series_table.write(row)
            if current.is_new:
                kind = {"kind": "series", **row}
                self.progress.show(to_json_line(kind) if self.as_json else to_printable(render_series_line(row)))
