"""What the page keeps of one slice: some twenty kilobytes, so that a session can hold hundreds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.heatmap import HeatMap, MapKind, to_heat_maps
from brain_tumor.presentation.overlay import draw_sides, render_overlay, render_png
from brain_tumor.presentation.report.subject import fingerprint
from brain_tumor.presentation.thumbnail import render_thumbnail
from brain_tumor.presentation.wording import describe_map, render_map_state
from brain_tumor.tables.rows import Row, to_answered_row


@dataclass(frozen=True, slots=True, eq=False)
class CachedResult:
    """An answer without its pixels at full size."""

    result: Result  # its scan has no pixels
    thumbnail: bytes  # JPEG, in true proportions
    fingerprint: str  # of the pixels as they were read, hex digits

    @property
    def verdict(self) -> Verdict:
        """The class that is shown, and how far to trust it."""
        return self.result.verdict

    @property
    def confidence(self) -> float | None:
        """Probability of the final class, 0 to 1; None when the image was not analysed."""
        return self.result.confidence

    @property
    def probabilities(self) -> dict[Label, float]:
        """The network's own, per class."""
        return self.result.probabilities

    @property
    def map_state(self) -> str:
        """In words: was a tumor located, or why is there no map."""
        return render_map_state(self.result)

    def find_maps(self, label: Label | None = None) -> dict[MapKind, HeatMap]:
        """The maps that may be shown.

        Args:
            label: class whose saliency is meant, None for the final class.
        """
        return {heat_map.kind: heat_map for heat_map in to_heat_maps(self.result, label)}

    def restore(self) -> Result:
        """The whole result again, its scan as small as the thumbnail."""
        scan = read_scan(self.thumbnail, "thumbnail")
        # The thumbnail has true proportions already, whatever the distance of rows and columns was.
        shown = replace(self.result.scan, pixels=scan.pixels, spacing_mm=None, pixel_aspect=None)
        return replace(self.result, scan=shown)

    def render_picture(self, kind: MapKind | None, strength: float, label: Label | None = None) -> bytes:
        """Draw the thumbnail, plain or under a heat map.

        Args:
            kind: one of `find_maps(label)`; None for no map.
            strength: of the map's colour, 0 to 1.
            label: class whose saliency is meant; None for the final class.

        Returns:
            A JPEG file without a map, a PNG file with one.
        """
        if kind is None:
            return self.thumbnail
        heat_map = self.find_maps(label)[kind]
        scan = read_scan(self.thumbnail, "thumbnail")
        pixels = render_overlay(scan, heat_map.heat, strength, heat_map.box, heat_map.region)
        return render_png(draw_sides(pixels, self.result.scan.sides), describe_map(kind, heat_map.label))


@dataclass(frozen=True, slots=True, eq=False)
class SliceRecord:
    """One slice: its row of the table, which says why where there is no answer, and its answer."""

    name: str
    row: Row
    cached: CachedResult | None  # None: the slice could not be read
    number: int | None = None  # within its file, counted from 1
    position_mm: float | None = None  # along the normal of the plane

    @property
    def finding(self) -> Finding | None:
        """What a series' answer needs of this slice; None where it could not be read."""
        return None if self.cached is None else self.cached.result.to_finding(self.position_mm)

    @property
    def is_analysed(self) -> bool:
        """Whether it was read and taken for a brain MRI."""
        return self.cached is not None and self.cached.verdict.is_analysed


def to_cached_result(result: Result) -> CachedResult:
    """What stays of an answer."""
    no_pixels = np.empty((0, 0), np.float32)
    bare = replace(result, scan=replace(result.scan, pixels=no_pixels))
    return CachedResult(bare, render_thumbnail(result.scan), fingerprint(result.scan))


def to_slice_record(
    outcome: SliceOutcome, model_id: str, series: str | None = None, classes: Iterable[Label] = LABELS
) -> SliceRecord:
    """The record of one slice, answered or not.

    Args:
        outcome: what became of it.
        model_id: of the model that was asked.
        series: name of the series it belongs to; None for a single image.
        classes: of that model, in the order of `Rules.classes`.
    """
    source, result = outcome.slice, outcome.result
    cached = None if result is None else to_cached_result(result)
    row = to_answered_row(outcome, model_id, series, classes)
    return SliceRecord(source.name, row, cached, source.number, source.position_mm)
