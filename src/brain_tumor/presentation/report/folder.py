"""Reports as files in a folder of their own."""

from collections.abc import Collection
from pathlib import Path

from brain_tumor.atomic_write import NewFolder, add_ending
from brain_tumor.classifier import Result
from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.model.card import Card
from brain_tumor.presentation.report.render import ReportFormat, render_report, require_report_library
from brain_tumor.presentation.report.subject import ReportSubject, SeriesDraft, to_report_image


class ReportFolder:
    """A new folder that is filled with ``image-1.html``, ``image-1.pdf``, ``series-1.html`` and so on."""

    def __init__(self, path: Path, formats: Collection[ReportFormat], show_names: bool) -> None:
        """Take a folder that is empty or not there yet.

        Args:
            path: of the folder.
            formats: one file each.
            show_names: a report's file is called as its image or series, and the report shows that name. Otherwise
                both leave it out, since it may hold a patient's; numbers then follow the order of writing.

        Raises:
            BrainTumorError: another folder, where earlier reports would pass for this run's.
            MissingExtraError: a format needs what is not installed.
        """
        self.path = path
        self._formats = tuple(known for known in ReportFormat if known in formats)
        self._show_names = show_names
        self._images = self._series = 0
        for report_format in self._formats:
            require_report_library(report_format)
        self._folder = NewFolder(path, "reports")

    def write(self, result: Result, card: Card) -> None:
        """Write the report of one image, each file whole or not at all.

        Raises:
            BrainTumorError: it cannot be written.
        """
        self._images += 1
        image = to_report_image(result, self._images, self._show_names)
        name = Path(result.name)
        stem = name.with_suffix("") if name.name else name  # a root has no name
        self._write(image, card, str(stem), f"image-{self._images}")

    def write_series(self, draft: SeriesDraft, verdict: SeriesVerdict, name: str, card: Card) -> None:
        """Write the report of one series, as `write` does.

        Args:
            draft: its slices.
            verdict: what was decided on them.
            name: of its file, folder or archive.
            card: of the model.
        """
        self._series += 1
        series = draft.finish(self._series, verdict, name if self._show_names else None)
        self._write(series, card, name, f"series-{self._series}")

    def summary(self) -> str:
        """How many reports were written and where, in a sentence."""
        if not self._images and not self._series:
            return "No reports written."
        counts = [f"{self._images} of images"] if self._images else []
        counts += [f"{self._series} of series"] if self._series else []
        return f"Reports written to {self.path}: {', '.join(counts)}, as {' and '.join(map(str.upper, self._formats))}."

    def _write(self, subject: ReportSubject, card: Card, name: str, number: str) -> None:
        stem = self._folder.free_stem(name, self._formats) if self._show_names else self.path / number
        for report_format in self._formats:
            self._folder.write(add_ending(stem, report_format), render_report(subject, card, report_format))
