"""Reports as files in a folder of their own."""

from collections.abc import Collection
from pathlib import Path

from brain_tumor.atomic_write import NewFolder, add_ending
from brain_tumor.classifier import Result
from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.input.series import Series
from brain_tumor.model.card import Card
from brain_tumor.presentation.report.render import ReportFormat, render_report, require_report_library
from brain_tumor.presentation.report.subject import ReportSubject, SeriesDraft, to_report_image


class ReportFolder:
    """A new folder that is filled with ``image-1.html``, ``image-1.pdf``, ``series-1.html`` and so on."""

    def __init__(
        self,
        path: Path,
        formats: Collection[ReportFormat],
        show_names: bool,
        shown_as: str = "",
        goes_on: bool = False,
    ) -> None:
        """Take a folder that is empty or not there yet.

        Args:
            path: of the folder.
            formats: one file each.
            show_names: a report's file is called as its image or series, and the report shows that name. Otherwise
                both leave it out, since it may hold a patient's; numbers then follow the order of writing.
            shown_as: as for NewFolder.
            goes_on: as for NewFolder.

        Raises:
            BrainTumorError: another folder, where earlier reports would pass for this run's.
            MissingExtraError: a format needs what is not installed.
        """
        self.path = path
        self._formats = tuple(known for known in ReportFormat if known in formats)
        self._show_names = show_names
        self._images = self._series = 0
        self._next: list[Path] = []  # files of the series that is being answered
        for report_format in self._formats:
            require_report_library(report_format)
        self._folder = NewFolder(path, "reports", shown_as, goes_on)

    def write(self, result: Result, card: Card, series: Series | None = None) -> list[str]:
        """Write the report of one image, each file whole or not at all.

        Args:
            result: the answer.
            card: of the model.
            series: that holds the image, for what its file says of it.

        Returns:
            Its files' names, one a format.

        Raises:
            BrainTumorError: it cannot be written.
        """
        self._images += 1
        image = to_report_image(result, self._images, self._show_names, series=series)
        name = Path(result.name)
        stem = name.with_suffix("") if name.name else name  # a root has no name
        files = self._choose(str(stem), f"image-{self._images}")
        self._write(image, card, files)
        return self._names(files)

    def announce_series(self, name: str) -> list[str]:
        """The names that the files of the next series' report will have, so that its slices' rows can hold them."""
        self._next = self._choose(name, f"series-{self._series + 1}")
        return self._names(self._next)

    def write_series(self, draft: SeriesDraft, verdict: SeriesVerdict, series: Series, card: Card) -> None:
        """Write the report of one series, as `write` does.

        Args:
            draft: its slices.
            verdict: what was decided on them.
            series: the slices.
            card: of the model.
        """
        if not self._next:
            self.announce_series(series.name)
        self._series += 1
        subject = draft.finish(self._series, verdict, series.name if self._show_names else None, series)
        self._write(subject, card, self._next)
        self._next = []

    def merge(self, other: "ReportFolder") -> None:
        """Count what another process wrote for the same run."""
        self._images += other._images
        self._series += other._series

    def summary(self) -> str:
        """How many reports were written and where, in a sentence."""
        if not self._images and not self._series:
            return "No reports written."
        counts = [f"{self._images} of images"] if self._images else []
        counts += [f"{self._series} of series"] if self._series else []
        return f"Reports written to {self.path}: {', '.join(counts)}, as {' and '.join(map(str.upper, self._formats))}."

    def _choose(self, name: str, number: str) -> list[Path]:
        stem = self._folder.free_stem(name, self._formats) if self._show_names else self.path / number
        return [add_ending(stem, report_format) for report_format in self._formats]

    def _names(self, files: list[Path]) -> list[str]:
        return [self._folder.name_of(file) for file in files]

    def _write(self, subject: ReportSubject, card: Card, files: list[Path]) -> None:
        for report_format, file in zip(self._formats, files, strict=True):
            self._folder.write(file, render_report(subject, card, report_format))
