"""What a report is about: one image, or one series. Small values without pixels at full size."""

import hashlib
import heapq
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brain_tumor.classifier import Result
from brain_tumor.decision.series import SeriesVerdict, rank_suspicion
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.scan import FloatArray, Scan, WindowUse
from brain_tumor.input.series import NOTHING_KNOWN, Series, SeriesAbout
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import HeatMap, MapKind, to_heat_maps
from brain_tumor.presentation.overlay import (
    DEFAULT_STRENGTH,
    RgbArray,
    draw_sides,
    render_overlay,
    render_png,
    to_square_pixels,
)
from brain_tumor.presentation.wording import render_map_state

# Printed five centimetres wide this is 180 dots per inch, and three such pictures stay below half a megabyte.
PICTURE_SIDE_PX = 360
# As many as stand side by side on a page, each beside its heat map.
SHOWN_SLICES = 3
# 64 bits: two of a million images share one with a probability below one in ten million.
FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a report; its pixels are square, whatever the scan's were."""

    png: bytes
    width_px: int
    height_px: int
    kind: MapKind | None  # the heat map over it; None: the slice alone


@dataclass(frozen=True, slots=True)
class ReportImage:
    """One answered image."""

    number: int  # counted from 1 among the images of a run
    name: str | None  # of its file; None: not asked for
    fingerprint: str  # hex digits, of the pixels
    verdict: Verdict
    confidence: float | None  # 0 to 1; None when the image was not analysed
    probabilities: Mapping[Label, float]
    gate_score: float  # log-odds
    pictures: tuple[Picture, ...]  # the slice alone, then each of its heat maps
    map_state: str  # in words: was a tumor located, or why is there no map
    windows: tuple[WindowUse, ...] = ()  # which values became black and white
    about: SeriesAbout = NOTHING_KNOWN  # of the series that it belongs to
    kind: SeriesKind | None = None


@dataclass(frozen=True, slots=True)
class ReportSlice:
    """One slice of a series; of one that could not be read only number and position are known."""

    number: int  # counted from 1 in the order of position
    position_mm: float | None
    verdict: Verdict | None  # None: it could not be read
    tumor_probability: float  # 0 to 1: a tumor or another finding; 0 where it could not be read
    gate_score: float | None  # log-odds

    @property
    def is_analysed(self) -> bool:
        """Whether it was read and taken for a brain MRI."""
        return self.verdict is not None and self.verdict.is_analysed


@dataclass(frozen=True, slots=True)
class ReportSeries:
    """One answered series."""

    number: int  # counted from 1 among the series of a run
    name: str | None  # None: not asked for
    fingerprint: str  # hex digits, of the pixels of all slices in their order
    verdict: SeriesVerdict
    slices: tuple[ReportSlice, ...]  # in the order of position
    # The most suspicious slices, worst first: index, counted from 0, and the slice alone and under a heat map.
    shown: tuple[tuple[int, tuple[Picture, ...]], ...]
    windows: tuple[WindowUse, ...] = ()  # which values became black and white, each once
    about: SeriesAbout = NOTHING_KNOWN
    kind: SeriesKind | None = None


ReportSubject = ReportImage | ReportSeries


def to_report_image(
    result: Result, number: int, show_name: bool = False, digits: str | None = None, series: Series | None = None
) -> ReportImage:
    """What a report says of one image.

    Args:
        result: the answer.
        number: counted from 1.
        show_name: whether the report shows the file's name, which may hold a patient's.
        digits: fingerprint of the scan as it was read, where result.scan is smaller by now; None: of result.scan.
        series: that holds the image, for what its file says of it.
    """
    return ReportImage(
        number,
        result.name if show_name else None,
        digits or fingerprint(result.scan),
        result.verdict,
        result.confidence,
        result.probabilities,
        float(result.output.gate_scores[0]),
        _to_pictures(result.scan, to_heat_maps(result)),
        render_map_state(result),
        (result.scan.window,) if result.scan.window else (),
        series.about if series else NOTHING_KNOWN,
        series.kind if series else None,
    )


class SeriesDraft:
    """Takes a series' answers one by one, and keeps pictures of the most suspicious slices only."""

    def __init__(self) -> None:
        self._slices: list[ReportSlice] = []
        self._pixels = hashlib.sha256()
        self._windows: set[WindowUse] = set()
        self._worst: list[tuple[tuple[bool, float, int], tuple[Picture, ...]]] = []  # a heap, the least of them first

    def add(self, result: Result | None, position_mm: float | None = None, digits: str | None = None) -> None:
        """Take the next slice in the order of position.

        Args:
            result: None: it could not be read.
            position_mm: along the normal of the plane.
            digits: as for `to_report_image`.
        """
        index = len(self._slices)
        if result is None:
            self._slices.append(ReportSlice(index + 1, position_mm, None, 0.0, None))
            self._pixels.update(b"unreadable")
            return
        if result.scan.window:
            self._windows.add(result.scan.window)
        gate, suspicion = float(result.output.gate_scores[0]), result.finding_probability
        self._slices.append(ReportSlice(index + 1, position_mm, result.verdict, suspicion, gate))
        self._pixels.update((digits or fingerprint(result.scan)).encode())
        # The order of SeriesVerdict.order, turned round, since a heap gives up its smallest first.
        not_analysed, healthy = rank_suspicion(result.verdict, 1 - suspicion)
        rank = (not not_analysed, -healthy, -index)
        if len(self._worst) < SHOWN_SLICES or rank > self._worst[0][0]:
            # Location where there is one, for it says more; saliency otherwise.
            pictures = _to_pictures(result.scan, to_heat_maps(result)[-1:])
            (heapq.heappush if len(self._worst) < SHOWN_SLICES else heapq.heapreplace)(self._worst, (rank, pictures))

    def finish(
        self, number: int, verdict: SeriesVerdict, name: str | None = None, series: Series | None = None
    ) -> ReportSeries:
        """The whole series.

        Args:
            number: counted from 1.
            verdict: what was decided on these slices.
            name: of its file or folder, which may hold a patient's; None leaves it out.
            series: the slices, for what their files say of them.
        """
        pictures = {-rank[2]: shown for rank, shown in self._worst}
        shown = tuple((index, pictures[index]) for index in verdict.order[:SHOWN_SLICES])
        digits = self._pixels.hexdigest()[:FINGERPRINT_DIGITS]
        return ReportSeries(
            number,
            name,
            digits,
            verdict,
            tuple(self._slices),
            shown,
            tuple(sorted(self._windows)),
            series.about if series else NOTHING_KNOWN,
            series.kind if series else None,
        )


def fingerprint(scan: Scan) -> str:
    """The first FINGERPRINT_DIGITS hex digits of the SHA-256 of the pixels as read: their shape, then float32."""
    rows, columns = scan.pixels.shape
    digest = hashlib.sha256(f"{rows} {columns} ".encode())
    digest.update(np.ascontiguousarray(scan.pixels, "<f4").data)
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _to_pictures(scan: Scan, maps: tuple[HeatMap, ...]) -> tuple[Picture, ...]:
    small = to_square_pixels(scan, PICTURE_SIDE_PX)
    nothing: FloatArray = np.zeros((1, 1), np.float32)
    drawn: list[tuple[RgbArray, MapKind | None]] = [(render_overlay(small, nothing, DEFAULT_STRENGTH), None)]
    drawn += [
        (render_overlay(small, heat_map.heat, DEFAULT_STRENGTH, heat_map.box, heat_map.region), heat_map.kind)
        for heat_map in maps
    ]
    height, width = small.pixels.shape
    # No texts in the file: the page around it says what it is.
    return tuple(Picture(render_png(draw_sides(pixels, scan.sides), {}), width, height, kind) for pixels, kind in drawn)
