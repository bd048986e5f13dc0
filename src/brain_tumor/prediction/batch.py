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
class _Open:
    """A series with slices on their way."""

    series: Series
    findings: dict[int, Finding | None] = field(default_factory=dict)  # by place in the series
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
        self._open: deque[_Open] = deque()
        self._waiting: deque[tuple[_Open, int]] = deque()  # slices that the classifier reads ahead
        with closing(classifier.classify_many(self._unanswered(opened))) as answers:
            for answered in answers:
                self._write(answered)
                self._close_series()

    def _unanswered(self, opened: Iterable[Series]) -> Iterator[Slice]:
        for series in opened:
            self._open.append(one := _Open(series))
            fresh = []
            for place, piece in enumerate(series.slices):
                if row := self.done.take(piece):
                    one.findings[place] = to_finding(row, self._has_location)
                    self.failed += row["status"] == "error"
                else:
                    fresh.append(place)
            one.is_new = bool(fresh)
            self.progress.expect(len(fresh))
            for place in fresh:
                self._waiting.append((one, place))
                yield series.slices[place]
            self._close_series()

    def _write(self, answered: SliceOutcome) -> None:
        one, place = self._waiting.popleft()
        series = one.series.name if one.series.is_stack else None
        row = to_rounded(to_answered_row(answered, self._model_id, series))
        if self.maps and answered.result:
            self.maps.write(answered.result)
        if self.reports:
            if one.series.is_stack:
                one.draft.add(answered.result, answered.slice.position_mm)
            elif answered.result:
                self.reports.write(answered.result, self._card)
        for table in self.tables:
            table.write(row)
        if answered.result:
            line = render_line(answered.result)
        else:
            self.failed += 1
            line = render_error_line(answered.slice.name, str(row["reason"]))
        self.progress.show(to_json_line(row) if self.as_json else to_printable(line))
        self.progress.advance()
        # Of the answer itself, not of its row, which is rounded: the report decides on the same values.
        position_mm = answered.slice.position_mm
        one.findings[place] = answered.result.to_finding(position_mm) if answered.result else None

    def _close_series(self) -> None:
        """Answer the series whose slices are all there, in their order."""
        while self._open and len(self._open[0].findings) == len(self._open[0].series.slices):
            one = self._open.popleft()
            if not one.series.is_stack:
                continue
            findings = [one.findings[place] for place in range(len(one.series.slices))]
            row = to_series_row(one.series, decide_series(findings), self._model_id)
            if self.reports:
                self.reports.write_series(one.draft, one.series.name, self._card)
            if self.series_table:
                self.series_table.write(row)
            if one.is_new:
                kind = {"kind": "series", **row}
                self.progress.show(to_json_line(kind) if self.as_json else to_printable(render_series_line(row)))
