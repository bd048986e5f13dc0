"""What objects say of a series: small values, gathered slice by slice, without pixels but for one picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brain_tumor.classifier import SeriesOutcome, SliceOutcome
from brain_tumor.decision.location import Location
from brain_tumor.decision.series import SeriesVerdict, rank_suspicion
from brain_tumor.decision.verdict import Verdict
from brain_tumor.input.scan import AS_STORED, Box, FloatArray, Sides, View
from brain_tumor.input.series import Series, Slice
from brain_tumor.labels import Label
from brain_tumor.presentation.key_picture import render_key_slice
from brain_tumor.presentation.overlay import RgbArray
from brain_tumor.presentation.wording import render_map_state

# As many slices of a series are reported one by one, the most suspicious first: what a person looks at first.
KEY_SLICES = 5


@dataclass(frozen=True, slots=True, eq=False)
class SliceFindings:
    """The answer for one slice."""

    slice: Slice
    number: int  # counted from 1 in the order of the series
    verdict: Verdict | None  # None: it could not be read
    probabilities: Mapping[Label, float]  # the network's own; empty where it could not be read
    gate_score: float | None  # log-odds; None where it could not be read
    suspicion: float  # 0 to 1, probability of a finding of any class
    size_px: tuple[int, int]  # rows, columns, of the slice as it is shown
    view: View  # how the file's rows and columns became those that are shown
    location: Location | None  # of a tumor that was found
    heat: FloatArray | None  # (rows, columns), 0 to 1: the location map where a location was found
    region: Box  # the part of the shown slice that the map covers

    @property
    def confidence(self) -> float | None:
        """Probability of the final class, 0 to 1; None where nothing was analysed."""
        if self.verdict is None or not self.verdict.is_analysed:
            return None
        return self.probabilities[self.verdict.label]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesFindings:
    """The answer for a series, or for one image."""

    series: Series
    verdict: SeriesVerdict | None  # None for a single image, whose answer is that of its slice
    slices: tuple[SliceFindings, ...]  # in the order of the series
    key: int | None  # index of the slice that is shown; None where none could be read
    picture: RgbArray | None  # (rows, columns, 3), that slice with its location map; None with key
    sides: Sides | None  # of the picture's edges
    map_state: str  # in words: what became of the shown slice's map

    @property
    def key_slices(self) -> tuple[SliceFindings, ...]:
        """Those that are reported one by one: the only one, or the most suspicious of those that were analysed."""
        if self.verdict is None:
            return tuple(slice_ for slice_ in self.slices if slice_.verdict)
        return tuple(self.slices[index] for index in self.verdict.order[: min(KEY_SLICES, self.verdict.analysed)])


@dataclass(slots=True)
class FindingsDraft:
    """Takes a series' answers one by one; keeps one picture, and a map of a kilobyte for slices with a location."""

    _slices: list[SliceFindings] = field(default_factory=list)
    _worst: tuple[bool, float] | None = None
    _key: int | None = None
    _picture: RgbArray | None = None
    _sides: Sides | None = None
    _map_state: str = ""

    def add(self, outcome: SliceOutcome) -> None:
        """Take the next slice in the order of the series."""
        index, result = len(self._slices), outcome.result
        if result is None:
            nothing = (0, 0), AS_STORED, None, None, (0.0, 0.0, 1.0, 1.0)
            self._slices.append(SliceFindings(outcome.slice, index + 1, None, {}, None, 0.0, *nothing))
            return
        rows, columns = result.scan.pixels.shape
        self._slices.append(
            SliceFindings(
                outcome.slice,
                index + 1,
                result.verdict,
                result.probabilities,
                float(result.output.gate_scores[0]),
                result.finding_probability,
                (rows, columns),
                result.scan.view,
                result.location,
                result.output.location if result.location else None,
                result.region,
            )
        )
        # The first slice of SeriesVerdict.order.
        rank = rank_suspicion(result.verdict, 1 - result.finding_probability)
        if self._worst is None or rank < self._worst:
            self._worst, self._key = rank, index
            self._picture, self._sides = render_key_slice(result), result.scan.sides
            self._map_state = render_map_state(result)

    def finish(self, series: Series, verdict: SeriesVerdict | None) -> SeriesFindings:
        """The whole series.

        Args:
            series: whose slices were added, all of them.
            verdict: what was decided on them; None for a series of one slice.
        """
        slices = tuple(self._slices)
        return SeriesFindings(series, verdict, slices, self._key, self._picture, self._sides, self._map_state)


def to_findings(outcome: SeriesOutcome) -> SeriesFindings:
    """What objects say of an answered series that is in memory."""
    draft = FindingsDraft()
    for item in outcome.outcomes:
        draft.add(item)
    return draft.finish(outcome.series, outcome.verdict if outcome.series.is_stack else None)
