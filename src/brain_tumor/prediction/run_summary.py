"""What a run did, counted while it runs, in a few lines at its end."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from brain_tumor.input.no_images import LeftOut
from brain_tumor.presentation.wording import STATUS_COUNTS, render_count, render_left_out


@dataclass(slots=True)
class RunSummary:
    """Counts of one run; memory does not grow with them, but for a number per file that is open."""

    files: int = 0  # that were answered in this run
    slices: int = 0
    kept: int = 0  # slices that an earlier run answered
    statuses: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)  # of the slices that were analysed
    series: Counter[str] = field(default_factory=Counter)  # by answer
    left_out: LeftOut = field(default_factory=LeftOut)  # files that are no images
    _last_file: str | None = None
    _start: float = field(default_factory=time.monotonic)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count the row of a slice that was answered now."""
        self.slices += 1
        self.files += row["file"] != self._last_file
        self._last_file = row["file"]
        self.statuses[row["status"]] += 1
        if row["status"] in ("classified", "uncertain"):
            self.classes[row["class"]] += 1

    def add_series(self, answer: str) -> None:
        """Count a series.

        Args:
            answer: in a few words.
        """
        self.series[answer] += 1

    @property
    def elapsed_s(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._start

    def to_counts(self) -> dict[str, Any]:
        """The same counts for programs."""
        return {
            "files": self.files,
            "slices": self.slices,
            "slices_of_earlier_runs": self.kept,
            "files_left_out": self.left_out.kinds.total(),
            "statuses": dict(sorted(self.statuses.items())),
            "classes": dict(sorted(self.classes.items())),
            "series": dict(sorted(self.series.items())),
        }

    def merge(self, other: "RunSummary") -> None:
        """Count what another part of the run answered, in another process."""
        self.files += other.files
        self.slices += other.slices
        self.kept += other.kept
        self.statuses += other.statuses
        self.classes += other.classes
        self.series += other.series
        self.left_out.kinds += other.left_out.kinds

    def lines(self) -> Iterator[str]:
        """Files, slices and time; statuses; classes; series; one line each, where there is something to say."""
        files, slices = render_count(self.files, "file"), render_count(self.slices, "slice")
        first = f"{files}, {slices} answered in {self.elapsed_s:.1f} s"
        yield f"{first}; {self.kept:,} more were in the table already" if self.kept else first
        if self.left_out.kinds.total():
            yield render_left_out(self.left_out)
        if self.slices:
            yield _listed("slices", {words: self.statuses[status] for status, words in STATUS_COUNTS.items()})
        if self.classes:
            yield _listed("classes", dict(sorted(self.classes.items())))
        if self.series:
            yield _listed(f"{self.series.total():,} series", dict(sorted(self.series.items())))


def _listed(title: str, counts: Mapping[str, int]) -> str:
    return f"{title}: {', '.join(f'{count:,} {words}' for words, count in counts.items() if count)}"
