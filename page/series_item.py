"""A series, or a single image, on the page: its slices and what was answered so far."""

import threading
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from brain_tumor.decision.series import SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.archive import list_members
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice, WindowMode
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.volume_header import VOLUME_FORMATS
from brain_tumor.labels import LABELS, Label, in_display_order
from brain_tumor.tables.rows import Row, series_cells
from page.kept_file import KeptFile
from page.slice_record import SliceRecord
from page.upload_sources import find_partners, to_sources


@dataclass(eq=False)
class SeriesItem:
    """One series, or one image, and what was answered so far."""

    key: str
    name: str
    plane: Plane | None
    slice_count: int
    files: tuple[KeptFile, ...]  # once all is answered, they may have lost their content
    # None for a file of several slices, except while it is answered: an opened volume weighs more than its file.
    series: Series | None
    file_names: tuple[str, ...] = ()  # of its files, also after it let go of them
    volume: str | None = None  # the file that all its slices lie in
    records: list[SliceRecord] = field(default_factory=list)  # of the first slices, in their order
    verdict: SeriesVerdict | None = None  # None: a single image, or slices are not answered yet
    batch: int = 0  # which of the batches that were sent brought it, counted from 1
    number: int = 0  # its first file's in a batch that came in parts, as they were chosen; 0 in others
    about: Series | None = None  # what its files say of it, without its slices; None where nobody opened it
    # Opened again to be looked at, a file of several slices only; see `find_source`.
    viewed: Series | None = field(default=None, repr=False)

    @property
    def is_stack(self) -> bool:
        """Whether it has several slices."""
        return self.slice_count > 1

    @property
    def is_done(self) -> bool:
        """Whether every slice was answered."""
        return len(self.records) == self.slice_count

    @property
    def is_answered_kind(self) -> bool:
        """Whether the network is asked about it; not about an ADC map, for example."""
        return self.about is None or self.about.is_answered

    @property
    def answer(self) -> Verdict | SeriesVerdict | None:
        """What its card says; None while slices are unanswered, and for what was not read or is of another kind."""
        if not self.is_answered_kind:
            return None
        if self.is_stack:
            return self.verdict
        record = self.records[0] if self.records else None
        return record.cached.verdict if record and record.cached else None

    @property
    def shown_index(self) -> int:
        """The slice that stands for it: the most suspicious one, or the middle where none was analysed."""
        if self.verdict and self.verdict.analysed:
            return self.verdict.order[0]
        return len(self.records) // 2

    @property
    def classes(self) -> tuple[Label, ...]:
        """Those of the model that answered; this project's while no slice was read."""
        found = next((record.cached.probabilities for record in self.records if record.cached), LABELS)
        return in_display_order(found)

    @property
    def suspicion(self) -> float:
        """The highest probability of a tumor among its analysed slices, 0 to 1; -1 where none was analysed."""
        chances = [
            record.cached.result.finding_probability for record in self.records if record.cached and record.is_analysed
        ]
        return max(chances, default=-1.0)

    @property
    def rows(self) -> list[Row]:
        """The row of each answered slice, with what its files say of the series."""
        cells = series_cells(self.about) if self.about else {}
        numbered = enumerate((record.row for record in self.records), start=1)
        return [row | cells | ({"series_slice": number} if self.is_stack else {}) for number, row in numbered]

    @property
    def has_planes(self) -> bool:
        """Whether it is a volume that can be cut along other planes too."""
        return (
            self.is_stack
            and bool(self.files)
            and any(
                record.cached and record.cached.result.scan.file_format in VOLUME_FORMATS for record in self.records
            )
        )

    def unanswered_slices(self) -> Sequence[Slice]:
        """The slices without an answer; opens the series again where that is necessary."""
        if self.is_done:
            return ()
        if self.series is None:
            self.series = self._reopen(self.plane)
        slices = self.series.slices
        if len(slices) != self.slice_count:  # it cannot be opened again, and one slice says why
            slices = slices[:1] * self.slice_count
        return slices[len(self.records) :]

    def add(self, record: SliceRecord) -> None:
        """Keep the next slice's answer; after the last one decide the series and let files go if others need room."""
        self.records.append(record)
        if self.is_done:
            self.series = None
            if self.is_stack:
                self.verdict = decide_series([record.finding for record in self.records])
            if not self.has_planes:
                self._release()

    def close(self) -> None:
        """Let go of its files: what is answered stays, other planes and originals cannot be read any more."""
        if not self.is_done or self.has_planes:
            self._release()
        self.files, self.series, self.viewed = (), None, None

    def _release(self) -> None:
        for file in self.files:
            file.release()

    def find_source(self, index: int) -> Slice | None:
        """One answered slice as its file stores it, over the full range of its values, to be looked at.

        Args:
            index: of the slice, counted from 0.

        Returns:
            None where the file is not in memory any more.
        """
        name, file_name = self.records[index].name, str(self.records[index].row["file"])
        file = next((file for file in self.files if _lies_in(file_name, file)), None)
        if file is None or file.is_gone:
            return None
        viewed = self.viewed if self.volume else None
        if viewed is None:
            opened = open_series([_member(self.files, file, file_name)], ReadOptions(self.plane, WindowMode.FULL))
            viewed = next((series for series in opened if any(slice_.name == name for slice_ in series.slices)), None)
        if viewed is not None and self.volume:
            _keep_viewed(self, viewed)
        return next((slice_ for slice_ in viewed.slices if slice_.name == name), None) if viewed else None

    def count_slices(self, plane: Plane) -> int:
        """How many slices the volume has along another plane."""
        return len(self._reopen(plane).slices)

    def reslice(self, plane: Plane, slice_count: int) -> None:
        """Cut a volume along another plane: its slices are read and answered again.

        Args:
            plane: the new plane.
            slice_count: of `count_slices(plane)`.
        """
        self.plane, self.slice_count = plane, slice_count
        self.series, self.records, self.verdict, self.viewed = None, [], None, None

    def _reopen(self, plane: Plane | None) -> Series:
        assert self.volume  # noqa: S101 - only a file of several slices is opened again
        file = next(file for file in self.files if _lies_in(self.volume, file))
        opened = list(open_series([_member(self.files, file, self.volume)], ReadOptions(plane)))
        # A DICOM file of many frames may hold several series.
        return next((series for series in opened if series.name == self.name), opened[0])


def to_series_item(key: str, series: Series, files: Iterable[KeptFile]) -> SeriesItem:
    """An opened series, without an answer yet.

    Args:
        key: of its widgets.
        series: what was opened.
        files: all that were opened with it; it keeps those that it comes from.
    """
    names = {slice_.file for slice_ in series.slices}
    files = tuple(files)
    needed = tuple(file for file in files if any(_lies_in(name, file) for name in names))
    needed += tuple(partner for name in sorted(names) for partner in find_partners(name, files))
    for file in needed:
        file.claim()
    item = SeriesItem(key, series.name, series.plane, len(series.slices), needed, series)
    item.about = replace(series, slices=())
    item.file_names = tuple(file.name for file in needed)
    if item.is_stack and len(names) == 1:
        item.series, item.volume = None, names.pop()
    return item


def _member(files: Iterable[KeptFile], file: KeptFile, name: str) -> SourceFile:
    """An upload, or a member of this archive; files: those that came with it."""
    source = to_sources(files)[file.name]
    if name == file.name:
        return source
    return next(member for member in list_members(source) if member.name == name)


# Volumes that are looked at stay open, up to 16 MiB in memory each: the last few of all sessions.
_MAX_VIEWED = 2
_lock = threading.Lock()
_viewed_items: "deque[weakref.ref[SeriesItem]]" = deque()


def _keep_viewed(item: SeriesItem, series: Series) -> None:
    """Keep the opened volume of the items that were looked at last, and of no others."""
    with _lock:
        others = [ref for ref in _viewed_items if (other := ref()) is not None and other is not item]
        _viewed_items.clear()
        _viewed_items.extend([*others, weakref.ref(item)])
        item.viewed = series
        while len(_viewed_items) > _MAX_VIEWED:
            if (oldest := _viewed_items.popleft()()) is not None:
                oldest.viewed = None


def _lies_in(name: str, file: KeptFile) -> bool:
    """Whether a slice's file is this upload, or a member of this archive."""
    return name == file.name or name.startswith(f"{file.name}/")
