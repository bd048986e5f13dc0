"""What a page keeps of one file: a few kilobytes, so that a session can hold hundreds."""

from dataclasses import dataclass

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import HeatMap, MapKind, to_heat_maps
from brain_tumor.presentation.overlay import render_overlay, render_png
from brain_tumor.presentation.rows import Row, to_error_row, to_row
from brain_tumor.presentation.thumbnail import render_thumbnail
from brain_tumor.presentation.wording import describe_map, render_map_state


@dataclass(frozen=True, slots=True)
class Answer:
    """An answered image, without its pixels at full size."""

    verdict: Verdict
    confidence: float | None  # 0 to 1; None when the image was not analysed
    probabilities: dict[Label, float]
    thumbnail: bytes  # JPEG
    maps: dict[MapKind, HeatMap]  # those that may be shown, as coarse as the network computes them
    map_state: str  # in words: was a tumor located, or why is there no map

    def render_picture(self, kind: MapKind | None, strength: float) -> bytes:
        """The thumbnail, plain or under the heat map of a kind in self.maps; strength: 0 to 1. JPEG or PNG."""
        if kind is None:
            return self.thumbnail
        shown = self.maps[kind]
        scan = read_scan(self.thumbnail, "thumbnail")
        return render_png(render_overlay(scan, shown.heat, strength, shown.box), describe_map(kind))


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a page: its row of the table, which says why where there is no answer, and its answer."""

    name: str
    row: Row
    answer: Answer | None  # None: the file could not be read


def to_entry(result: Result) -> Entry:
    """The entry of an answered file."""
    answer = Answer(
        result.verdict,
        result.confidence,
        result.probabilities,
        render_thumbnail(result.scan),
        {shown.kind: shown for shown in to_heat_maps(result)},
        render_map_state(result),
    )
    return Entry(result.name, to_row(result), answer)


def to_error_entry(name: str, message: str, model_id: str) -> Entry:
    """The entry of a file that could not be read."""
    return Entry(name, to_error_row(name, message, model_id), None)
