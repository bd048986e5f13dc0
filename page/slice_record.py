"""What a page keeps of one slice: some twenty kilobytes, so that a session can hold hundreds."""

from dataclasses import dataclass, replace

import numpy as np

from brain_tumor.classifier import Answered, Result
from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import HeatMap, MapKind, to_heat_maps
from brain_tumor.presentation.overlay import render_overlay, render_png
from brain_tumor.presentation.report.subject import fingerprint
from brain_tumor.presentation.thumbnail import render_thumbnail
from brain_tumor.presentation.wording import describe_map, render_map_state
from brain_tumor.tables.rows import Row, to_answered_row, to_error_row, to_row


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An answered slice, without its pixels at full size."""

    bare: Result  # its scan has no pixels
    thumbnail: bytes  # JPEG, in true proportions
    digits: str  # fingerprint of the pixels as they were read

    @property
    def verdict(self) -> Verdict:
        """The class that is shown, and how far to trust it."""
        return self.bare.verdict

    @property
    def confidence(self) -> float | None:
        """Probability of the final class, 0 to 1; None when the image was not analysed."""
        return self.bare.confidence

    @property
    def probabilities(self) -> dict[Label, float]:
        """The network's own, per class."""
        return self.bare.probabilities

    @property
    def map_state(self) -> str:
        """In words: was a tumor located, or why is there no map."""
        return render_map_state(self.bare)

    def find_maps(self, label: Label | None = None) -> dict[MapKind, HeatMap]:
        """The maps that may be shown; label: class whose saliency is meant, None for the final class."""
        return {shown.kind: shown for shown in to_heat_maps(self.bare, label)}

    def restore(self) -> Result:
        """The whole result again, its scan as small as the thumbnail."""
        scan = read_scan(self.thumbnail, "thumbnail")
        # The thumbnail has true proportions already, whatever the distance of rows and columns was.
        return replace(self.bare, scan=replace(self.bare.scan, pixels=scan.pixels, spacing_mm=None))

    def render_picture(self, kind: MapKind | None, strength: float, label: Label | None = None) -> bytes:
        """The thumbnail, plain or under one of find_maps(label); strength: 0 to 1. JPEG or PNG."""
        if kind is None:
            return self.thumbnail
        shown = self.find_maps(label)[kind]
        scan = read_scan(self.thumbnail, "thumbnail")
        return render_png(
            render_overlay(scan, shown.heat, strength, shown.box, shown.region), describe_map(kind, shown.label)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One slice of a page: its row of the table, which says why where there is no answer, and its answer."""

    name: str
    row: Row
    answer: Answer | None  # None: the slice could not be read
    number: int | None = None  # within its file, counted from 1
    position_mm: float | None = None  # along the normal of the plane

    @property
    def finding(self) -> Finding | None:
        """What a series' answer needs of this slice; None where it could not be read."""
        return None if self.answer is None else self.answer.bare.to_finding(self.position_mm)


def to_entry(result: Result) -> Entry:
    """The entry of an answered image."""
    no_pixels = np.empty((0, 0), np.float32)
    bare = replace(result, scan=replace(result.scan, pixels=no_pixels))
    return Entry(result.name, to_row(result), Answer(bare, render_thumbnail(result.scan), fingerprint(result.scan)))


def to_error_entry(name: str, message: str, model_id: str) -> Entry:
    """The entry of a file that could not be read."""
    return Entry(name, to_error_row(name, message, model_id), None)


def to_slice_entry(answered: Answered, model_id: str, series: str | None = None) -> Entry:
    """The entry of one slice, answered or not; series: name of the series it belongs to."""
    one, result = answered.slice, answered.result
    answer = None if result is None else to_entry(result).answer
    return Entry(one.name, to_answered_row(answered, model_id, series), answer, one.number, one.position_mm)
