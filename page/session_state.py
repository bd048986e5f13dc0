"""What one session has on the page: its series with their answers, and the files that are not opened yet."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from brain_tumor.input.no_images import LeftOut, is_no_image, is_part_of_volume
from brain_tumor.input.series import Plane, ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.presentation.wording import render_count, render_left_out, to_sentence
from page.fair_queue import QUEUE
from page.kept_file import KeptFile
from page.series_item import SeriesItem, to_series_item
from page.slice_record import SliceRecord
from page.upload_sources import to_sources
from page.uploads import MAX_FILES, Taken

# An answer weighs up to 70 KB, 15 as a rule: 2,000 of them stay well below 100 MB.
MAX_SLICES = 2000


@dataclass(eq=False)
class SessionState:
    """All series and images of a session."""

    items: list[SeriesItem] = field(default_factory=list)
    unopened: list[KeptFile] = field(default_factory=list)
    is_receiving: bool = False  # whether more files of the last batch may come
    order: dict[str, int] = field(default_factory=dict)  # of a batch in parts: each file's number as it was chosen
    received_count: int = 0  # files of the last batch so far
    continues: bool = False  # whether the unopened files belong to a batch that others were opened of
    notes: list[str] = field(default_factory=list)  # what could not be taken, in words
    is_stopped: bool = False
    opened_count: int = 0  # series ever opened, which numbers the next one's widgets
    batch_count: int = 0  # batches ever opened
    shown_key: str | None = None  # of the item whose card is open; None for the overview
    removed: SeriesItem | None = None  # what was removed last, to bring it back
    # Another number whenever the view has to go to another place of the page, also after all was cleared.
    moves: int = field(default_factory=time.monotonic_ns)
    asked: int = 0  # slices that were unanswered when the work in progress began
    began_s: float = 0.0  # when that was, on the monotonic clock; 0 while nothing is at work

    def receive(self, sent: Taken) -> None:
        """Take files that were sent, MAX_FILES of a batch at most; `open_received` opens them."""
        self.is_receiving = sent.goes_on
        order = {name: number for number, name in enumerate(sent.order)}
        if sent.continues:
            self.order = order
            if not self.unopened:  # otherwise perhaps nothing of this batch is opened yet
                self._put_in_order()
        if not sent.files:
            return
        if not sent.continues:
            self.received_count, self.order = 0, {} if self.unopened else order
        remaining, before = max(0, MAX_FILES - self.received_count), self.received_count
        self.received_count += len(sent.files)
        if before <= MAX_FILES < self.received_count:
            count = f"More than {MAX_FILES}" if sent.goes_on else str(self.received_count)
            self.notes.append(
                f"{count} files were sent; the first {MAX_FILES} are answered. "
                "Send the rest by itself, or use the command line: brain-tumor predict"
            )
        self.continues = sent.continues and (self.continues or not self.unopened)
        self.unopened += sent.files[:remaining]

    def _put_in_order(self) -> None:
        """Number what the last batch brought as its files were chosen: pictures were taken as they came."""
        for item in self.items:
            if item.batch == self.batch_count:
                numbers = (self.order[name] for name in item.file_names if name in self.order)
                item.number = min(numbers, default=len(self.order))

    def open_received(self) -> None:
        """Open the files that were sent."""
        files, self.unopened = self.unopened, []
        self.open(files, self.continues)
        self._put_in_order()

    def open(self, files: Sequence[KeptFile], continues: bool = False) -> None:
        """Add the series of some files; slices are read later, one by one.

        Args:
            files: that came together.
            continues: whether others of their batch are here already.
        """
        if not continues:
            self.is_stopped, self.shown_key, self.removed, self.began_s = False, None, None, 0.0
            self.batch_count += 1
        before = self.unanswered_count
        left_out = LeftOut()
        sources = [source for source in to_sources(files).values() if not _is_left_out(source, left_out)]
        with QUEUE.exclusive():
            for series in open_series(sources, ReadOptions(), left_out):
                if self._accepts(series.name, len(series.slices), self.items):
                    self.opened_count += 1
                    self.items.append(to_series_item(str(self.opened_count), series, files))
                    self.items[-1].batch = self.batch_count
        if self.began_s:  # the work in progress grows by slices, of which a file may hold many
            self.asked += self.unanswered_count - before
        if left_out.kinds.total():
            self.notes.append(to_sentence(render_left_out(left_out)))
        for file in files:
            file.release()  # what its series need of it, they have claimed

    def _accepts(self, name: str, slice_count: int, others: Iterable[SeriesItem]) -> bool:
        """Whether so many more slices go beside the others; a note says so where they do not."""
        total = sum(item.slice_count for item in others) + slice_count
        if total > MAX_SLICES:
            self.notes.append(
                f"{name}: its {render_count(slice_count, 'slice')} would make {total:,}, this page holds "
                f"{MAX_SLICES:,}; clear all first, or use the command line: brain-tumor predict"
            )
        return total <= MAX_SLICES

    def begin_work(self) -> None:
        """Start the clock of the progress shown, unless it runs."""
        if not self.began_s:
            self.asked, self.began_s = self.unanswered_count, time.monotonic()

    def end_work(self) -> bool:
        """Stop the clock once all is answered, and let the view go to the newest answer; gives whether it did."""
        if not self.is_at_work or self.unanswered_count or self.is_receiving:
            return False
        self.moves, self.began_s = self.moves + 1, 0.0
        return True

    @property
    def is_at_work(self) -> bool:
        """Whether the clock of the progress shown runs."""
        return self.began_s > 0

    def reslice(self, key: str, plane: Plane) -> bool:
        """Cut one volume along another plane.

        Args:
            key: of its item.
            plane: the new plane.

        Returns:
            False where the item is gone meanwhile, or its slices are too many.
        """
        item = next((item for item in self.items if item.key == key), None)
        if item is None:
            return False
        others = [other for other in self.items if other is not item]
        with QUEUE.exclusive():
            slice_count = item.count_slices(plane)
        if not self._accepts(f"{item.name}, {plane}", slice_count, others):
            return False
        item.reslice(plane, slice_count)
        self.is_stopped, self.began_s = False, 0.0
        return True

    def remove(self, key: str) -> None:
        """Take one series or image off the page; `restore` brings it back if it was answered."""
        for item in self.items:
            if item.key == key:
                self.removed = item if item.is_done else None
                item.close()
        self.items = [item for item in self.items if item.key != key]
        self.show(None)

    def restore(self) -> None:
        """Bring back what was removed last."""
        if self.removed:
            self.items = sorted([*self.items, self.removed], key=lambda item: int(item.key))
            self.removed = None
            self._put_in_order()  # more of its batch may have come meanwhile

    def show(self, key: str | None) -> None:
        """Open the card of one item; None for the overview."""
        self.shown_key = key
        self.moves += 1

    @property
    def newest_first(self) -> list[SeriesItem]:
        """What has answers, the newest batch first, each in the order in which its files were chosen."""
        answered = (item for item in self.items if item.records)
        return sorted(answered, key=lambda item: (-item.batch, item.number))

    @property
    def has_answers_of_newest(self) -> bool:
        """Whether something of the newest batch is answered."""
        return any(item.records for item in self.items if item.batch == self.batch_count)

    @property
    def records(self) -> list[SliceRecord]:
        """Everything that was answered."""
        return [record for item in self.items for record in item.records]

    @property
    def unanswered_count(self) -> int:
        """Slices without an answer."""
        return sum(item.slice_count - len(item.records) for item in self.items)


def _is_left_out(source: SourceFile, left_out: LeftOut) -> bool:
    """Whether a file is read with another one, or, and then it is counted, lies in a folder and is no image.

    A folder is sent with all that lies in it; a file that a person chose is answered or gets its error.
    """
    if is_part_of_volume(source):
        return True
    if not source.is_found or not is_no_image(source):
        return False
    left_out.add(source.name)
    return True


def current_state() -> SessionState:
    """The state of the session that asks."""
    state: SessionState = st.session_state.setdefault("classify", SessionState())
    return state


def forget_state() -> None:
    """Forget every series and answer of the session that asks."""
    st.session_state.pop("classify", None)
