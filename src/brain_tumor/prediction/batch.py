"""Series in, answers out: one row per slice, then one per series."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from brain_tumor.classifier import Classifier, SliceOutcome
from brain_tumor.decision.series import Finding, decide_series
from brain_tumor.decision.verdict import Status
from brain_tumor.dicom_out.findings import FindingsDraft, SeriesFindings
from brain_tumor.dicom_out.folder import DicomFolder
from brain_tumor.input.series import Series, Slice
from brain_tumor.prediction.by_folder import PictureSeries
from brain_tumor.prediction.file_folders import NO_FOLDERS, FileFolders
from brain_tumor.prediction.progress import Shown
from brain_tumor.prediction.resume import DoneRows, FileStates
from brain_tumor.prediction.run_summary import RunSummary
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.subject import SeriesDraft
from brain_tumor.presentation.wording import (
    NOT_ANSWERED,
    STATUS_COUNTS,
    describe_series_answer,
    render_error_line,
    render_line,
    to_printable,
)
from brain_tumor.tables.dicom_ids import StudyCounts, add_study_row, series_ids, slice_ids
from brain_tumor.tables.rows import Row, series_cells, to_answered_row
from brain_tumor.tables.serialize import to_json_line, to_rounded
from brain_tumor.tables.series_rows import COUNTED, render_series_line, to_count_row, to_finding, to_series_row


class RowWriter(Protocol):
    """Takes rows, one by one."""

    def write(self, row: Any) -> None:
        """Take one row."""


@dataclass(frozen=True, slots=True)
class AnsweredBlock:
    """What another process answered of a run."""

    rows: Sequence[Row]  # of all slices, kept ones too, numbers rounded
    series_rows: Sequence[Mapping[str, Any]]
    lines: Sequence[str]  # to show
    summary: RunSummary
    failed: int
    study_rows: Sequence[Mapping[str, Any]] = ()
    folders: FileFolders = NO_FOLDERS  # what was written into them


@dataclass(slots=True)
class _OpenSeries:
    """A series with slices on their way."""

    series: Series
    findings: dict[int, Finding | None] = field(default_factory=dict)  # by index in the series
    windows: set[str] = field(default_factory=set)  # of its slices
    is_new: bool = False  # whether this run answered one of its slices
    draft: SeriesDraft = field(default_factory=SeriesDraft)  # filled where a report is wanted
    report: str | None = None  # names of its files
    dicom: FindingsDraft = field(default_factory=FindingsDraft)  # filled where DICOM results are wanted


@dataclass
class Batch:
    """Where a run's answers go; what is in memory does not grow with their number."""

    tables: Sequence[RowWriter]
    series_table: RowWriter | None
    maps: MapFolder | None
    reports: ReportFolder | None
    done: DoneRows
    progress: Shown
    as_json: bool  # the lines that are shown
    shows_lines: bool = True
    dicom: DicomFolder | None = None
    study_table: RowWriter | None = None
    with_ids: bool = False  # whether rows have DICOM's identifiers
    summary: RunSummary = field(default_factory=RunSummary)
    old_series: dict[str, dict[str, str]] = field(default_factory=dict)  # rows of an earlier run, by name
    old_studies: dict[str, dict[str, str]] = field(default_factory=dict)  # the same, by UID
    failed: int = 0  # slices that could not be read, those of an interrupted run too
    at_once: int | None = None  # slices that are read or answered at a time; see classify_many
    taken_studies: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows, by UID, that other processes gave

    def answer(self, classifier: Classifier, opened: Iterable[Series]) -> None:
        """Answer all slices of all series, in their order."""
        self._card = classifier.card
        self._classes = classifier.card.rules.classes
        self._subject = classifier.card.rules.subject
        self._model_id = classifier.card.model_id
        self._has_location = "location" in classifier.card.outputs
        self._open: deque[_OpenSeries] = deque()
        # Slices that the classifier reads ahead, with their files' states before they were read.
        self._in_flight: deque[tuple[_OpenSeries, int, Row]] = deque()
        self._states = FileStates()
        self._studies = StudyCounts(self._classes, self._model_id)
        with closing(classifier.classify_many(self._unanswered(opened), self.at_once)) as outcomes:
            for outcome in outcomes:
                self._write(outcome)
                self._close_series()
        if self.series_table:
            for row in self.old_series.values():  # of series whose files were not given now
                self.series_table.write(row)
        if self.study_table:
            for row in self._studies.rows():
                self.study_table.write(row)
                self.old_studies.pop(row["study_uid"], None)
            for row in self.old_studies.values():
                self.study_table.write(row)

    def take(self, block: AnsweredBlock) -> None:
        """Pass on what another process answered."""
        for row in block.rows:
            for table in self.tables:
                table.write(row)
        if self.series_table:
            for series_row in block.series_rows:
                self.series_table.write(series_row)
        if self.shows_lines:
            for line in block.lines:
                self.progress.show(line)
        for study in block.study_rows:
            if (uid := study["study_uid"]) in self.taken_studies:
                add_study_row(self.taken_studies[uid], study)
            else:
                self.taken_studies[uid] = dict(study)
        FileFolders(self.maps, self.reports, self.dicom).merge(block.folders)
        self.summary.merge(block.summary)
        self.failed += block.failed

    def close_taken(self) -> None:
        """Write what is known once all processes have answered."""
        for row in self.taken_studies.values():
            if self.study_table:
                self.study_table.write(row)

    def _unanswered(self, opened: Iterable[Series]) -> Iterator[Slice]:
        for series in opened:
            self._open.append(current := _OpenSeries(series))
            fresh = []
            for index, slice_ in enumerate(series.slices):
                if row := self.done.take(slice_):
                    current.findings[index] = to_finding(row, self._classes, self._has_location, self._subject)
                    self.failed += row["status"] == "error"
                    self.summary.kept += 1
                    self._count_image(series, row)
                    if row.get("window"):
                        current.windows.add(str(row["window"]))
                else:
                    fresh.append(index)
            current.is_new = bool(fresh)
            self.progress.expect(len(fresh))
            for index in fresh:
                self._in_flight.append((current, index, self._states.to_cells(series.slices[index].file)))
                yield series.slices[index]
            self._close_series()

    def _write(self, outcome: SliceOutcome) -> None:
        current, index, state = self._in_flight.popleft()
        result, position_mm, series = outcome.result, outcome.slice.position_mm, current.series
        row = to_answered_row(outcome, self._model_id, series.name if series.is_stack else None, self._classes)
        row |= series_cells(series) | state
        if row["window"]:
            current.windows.add(str(row["window"]))
        if series.is_stack:
            row["series_slice"] = index + 1
        row["volume"] = series.volume
        if self.with_ids:
            row |= slice_ids(outcome.slice)
        if self.maps and result:
            row["heatmaps"] = "; ".join(self.maps.write(result)) or None
        if self.reports:
            if not series.is_answered:
                pass  # there is nothing to report
            elif series.is_stack and _is_ordered(series):
                current.draft.add(result, position_mm)
                current.report = current.report or "; ".join(self.reports.announce_series(series.name))
                row["report"] = current.report
            elif result:
                row["report"] = "; ".join(self.reports.write(result, self._card, series))
        if self.dicom and series.is_answered:
            self._add_to_dicom(current, outcome)
        row = to_rounded(row)
        for table in self.tables:
            table.write(row)
        self.summary.add(row)
        self._count_image(series, row)
        if result:
            line = render_line(result)
        else:
            self.failed += row["status"] == "error"
            line = render_error_line(outcome.slice.name, str(row["reason"]), str(row["status"]))
        if self.shows_lines:
            self.progress.show(to_json_line(row) if self.as_json else to_printable(line))
        self.progress.advance()
        # Of the answer itself, not of its row, which is rounded.
        current.findings[index] = result.to_finding(position_mm) if result else None

    def _count_image(self, series: Series, row: Row) -> None:
        if self.study_table and not series.is_stack:
            analysed = row["status"] in (Status.CLASSIFIED, Status.UNCERTAIN)
            self._studies.add(series, str(row["status"]), str(row["class"]), int(analysed))

    def _add_to_dicom(self, current: _OpenSeries, outcome: SliceOutcome) -> None:
        if current.series.is_stack and _is_ordered(current.series):
            current.dicom.add(outcome)
        elif outcome.result:
            draft = FindingsDraft()
            draft.add(outcome)
            name, slices = current.series.name, (outcome.slice,)
            self._write_dicom(draft.finish(Series(name, slices), None))

    def _write_dicom(self, findings: SeriesFindings) -> None:
        assert self.dicom  # noqa: S101 - asked by the callers
        self.failed += not self.dicom.write(findings, self._card)

    def _close_series(self) -> None:
        """Decide the series whose slices are all there, in their order; every way out shows this one verdict."""
        while self._open and len(self._open[0].findings) == len(self._open[0].series.slices):
            current = self._open.popleft()
            series = current.series
            if not series.is_stack:
                continue
            verdict = decide_series([current.findings[index] for index in range(len(series.slices))], self._classes)
            if not series.is_answered:
                row = to_series_row(series, verdict, self._model_id)
                if self.study_table:
                    self._studies.add(series, NOT_ANSWERED, None, 0)
                self.summary.add_series(STATUS_COUNTS[NOT_ANSWERED])
            elif _is_ordered(series):
                row = to_series_row(series, verdict, self._model_id, current.windows) | {"report": current.report}
                if self.reports:
                    self.reports.write_series(current.draft, verdict, series, self._card)
                if self.dicom:
                    self._write_dicom(current.dicom.finish(series, verdict))
                if self.study_table:
                    self._studies.add(series, verdict.status.value, verdict.label, verdict.analysed)
                self.summary.add_series(describe_series_answer(verdict))
            else:
                row = to_count_row(series, verdict, self._model_id)
                self.summary.add_series(COUNTED)
            if self.with_ids:
                row |= series_ids(series)
            if self.series_table:
                self.series_table.write(row)
                self.old_series.pop(to_printable(series.name), None)
            if current.is_new and self.shows_lines:
                kind = {"kind": "series", **row}
                self.progress.show(
                    to_json_line(kind) if self.as_json else to_printable(render_series_line(row, self._classes))
                )


def _is_ordered(series: Series) -> bool:
    return not isinstance(series, PictureSeries) or series.is_ordered
