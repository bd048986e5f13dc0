"""What one session has on its desk: series with their answers, and the work that is left."""

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import streamlit as st

from brain_tumor import Classifier
from brain_tumor.decision.series import SeriesVerdict, decide_series
from brain_tumor.input.archive import list_members
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice
from brain_tumor.input.sources import SourceFile, open_series
from page.line import LINE, TURN_S
from page.slice_record import Entry, to_slice_entry
from page.uploads import KeptFile

# A picture of 25 million pixels takes 300 MB for a moment, and small hosts have 1 GB: the next one is not read
# meanwhile, though that would save a seventh of the time.
SLICES_AT_ONCE = 1
# An answer weighs up to 70 KB, 15 as a rule: 2,000 of them stay well below 100 MB.
MAX_SLICES = 2000


@dataclass(eq=False)
class Study:
    """One series, or one image, and what was answered so far."""

    key: str
    name: str
    plane: Plane | None
    slices: int
    files: tuple[KeptFile, ...]  # empty once they are not needed again
    # None for a file of several slices before and after its turn: an opened volume weighs more than its file.
    series: Series | None
    volume: str | None = None  # the file that all its slices lie in
    entries: list[Entry] = field(default_factory=list)  # of the first slices, in their order

    @property
    def is_stack(self) -> bool:
        """Whether it has several slices."""
        return self.slices > 1

    @property
    def is_done(self) -> bool:
        """Whether every slice was answered."""
        return len(self.entries) == self.slices

    @property
    def has_planes(self) -> bool:
        """Whether it is a volume that can be cut along other planes too."""
        return self.is_stack and any(one.answer and one.answer.bare.scan.file_format == "NIfTI" for one in self.entries)

    @property
    def verdict(self) -> SeriesVerdict | None:
        """The series' answer; None for a single image and while slices are missing."""
        return decide_series([entry.finding for entry in self.entries]) if self.is_stack and self.is_done else None

    def remaining(self) -> Sequence[Slice]:
        """The slices without an answer."""
        if self.is_done:
            return ()
        if self.series is None:
            self.series = self._reopen(self.plane)
        return self.series.slices[len(self.entries) :]

    def add(self, entry: Entry) -> None:
        """Keep the next slice's answer, and let the files go when they are not needed again."""
        self.entries.append(entry)
        if self.is_done:
            self.series = None
            if not self.has_planes:
                self.files = ()

    def count_slices(self, plane: Plane) -> int:
        """How many there are along another plane."""
        return len(self._reopen(plane).slices)

    def turn(self, plane: Plane, slices: int) -> None:
        """Cut a volume along another plane, of so many slices: they are read and answered anew."""
        self.plane, self.slices = plane, slices
        self.series, self.entries = None, []

    def _reopen(self, plane: Plane | None) -> Series:
        (file,) = self.files
        source = SourceFile(file.name, file.read)
        if self.volume != file.name:
            source = next(member for member in list_members(source) if member.name == self.volume)
        return next(open_series([source], ReadOptions(plane)))


@dataclass(eq=False)
class Desk:
    """All series of a session."""

    studies: list[Study] = field(default_factory=list)
    waiting: list[KeptFile] = field(default_factory=list)  # sent, and not opened yet
    notes: list[str] = field(default_factory=list)  # what could not be taken, in words
    is_stopped: bool = False
    has_examples: bool = False
    opened: int = 0  # series ever opened, which numbers the next one's widgets

    def open_waiting(self) -> None:
        """Open the files that wait for it."""
        files, self.waiting = self.waiting, []
        self.open(files)

    def open(self, files: Sequence[KeptFile]) -> None:
        """Put the series of some files on the desk; slices are read later, one by one."""
        self.is_stopped = False
        with LINE.turn():
            self._open(files)

    def _open(self, files: Sequence[KeptFile]) -> None:
        for series in open_series(_sources(files), ReadOptions()):
            if self._has_room(series.name, len(series.slices), self.studies):
                self.opened += 1
                self.studies.append(_to_study(str(self.opened), series, files))

    def _has_room(self, name: str, slices: int, others: Iterable[Study]) -> bool:
        """Whether so many more slices go beside the others; a note says so where they do not."""
        total = sum(study.slices for study in others) + slices
        if total > MAX_SLICES:
            self.notes.append(
                f"{name}: its {slices} slices would make {total}, this page holds {MAX_SLICES}; "
                "clear all first, or use the command line: brain-tumor predict"
            )
        return total <= MAX_SLICES

    def turn(self, key: str, plane: Plane) -> bool:
        """Cut one volume along another plane; False where it is gone meanwhile, or its slices find no room."""
        study = next((one for one in self.studies if one.key == key), None)
        if study is None:
            return False
        self.notes = []
        with LINE.turn():
            slices = study.count_slices(plane)
        if not self._has_room(f"{study.name}, {plane}", slices, [one for one in self.studies if one is not study]):
            return False
        study.turn(plane, slices)
        self.is_stopped = False
        return True

    def remove(self, key: str) -> None:
        """Forget one series."""
        self.studies = [study for study in self.studies if study.key != key]

    @property
    def entries(self) -> list[Entry]:
        """Everything that was answered."""
        return [entry for study in self.studies for entry in study.entries]

    @property
    def missing(self) -> int:
        """Slices without an answer."""
        return sum(study.slices - len(study.entries) for study in self.studies)


def current_desk() -> Desk:
    """The desk of the session that asks."""
    desk: Desk = st.session_state.setdefault("desk", Desk())
    return desk


def answer_all(classifier: Classifier, desk: Desk) -> Generator[int, None, None]:
    """Answer what is missing, slice by slice, in turn with the other sessions of this server.

    Yields how many are still missing after each, and now and then while others have their turn. Whoever stops early
    keeps what was answered, and calls again to go on; until the generator is closed, it keeps its place in the line.
    """
    missing, is_done = desk.missing, False
    while not is_done:
        with LINE.stand() as place:
            while not place.is_first():
                yield missing
            end, is_done = time.monotonic() + TURN_S, True
            with closing(_answer_in_order(classifier, desk)) as answers:
                for _ in answers:
                    missing -= 1
                    yield missing
                    if place.has_followers and time.monotonic() > end:
                        is_done = False
                        break


def _answer_in_order(classifier: Classifier, desk: Desk) -> Generator[None, None, None]:
    waiting: deque[Study] = deque()  # whose slices are on their way

    def feed() -> Iterator[Slice]:
        for study in desk.studies:
            for one in study.remaining():
                waiting.append(study)
                yield one

    for answered in classifier.classify_many(feed(), SLICES_AT_ONCE):
        study = waiting.popleft()
        series = study.name if study.is_stack else None
        study.add(to_slice_entry(answered, classifier.card.model_id, series))
        del answered  # its pixels must be gone before the next ones come
        yield


def _to_study(key: str, series: Series, files: Iterable[KeptFile]) -> Study:
    needed = tuple(file for file in files if _comes_from(series, file))
    places = {one.file for one in series.slices}
    study = Study(key, series.name, series.plane, len(series.slices), needed, series)
    if study.is_stack and len(places) == 1:
        study.series, study.volume = None, places.pop()
    return study


def _sources(files: Iterable[KeptFile]) -> list[SourceFile]:
    return [SourceFile(file.name, file.read) for file in files]


def _comes_from(series: Series, file: KeptFile) -> bool:
    return any(one.file == file.name or one.file.startswith(f"{file.name}/") for one in series.slices)
