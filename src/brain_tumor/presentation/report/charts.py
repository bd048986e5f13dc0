"""Charts of a report: bars and the strip of a series."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import floor, log10
from typing import TypeAlias

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from brain_tumor.presentation.palette import FILLS, GREY, QUIET, RULE, TEXT, Look, Mark, class_looks
from brain_tumor.presentation.report.subject import ReportSeries, ReportSlice
from brain_tumor.presentation.shapes import Circle, Drawing, Path, Shape, Text
from brain_tumor.presentation.wording import format_fraction

Looks: TypeAlias = Mapping[Label, Look]


def draw_bars(shares: Mapping[Label, float], status: Status, width: float, font: float) -> Drawing:
    """Horizontal bars of all classes in the order of shares, on an axis from 0 to 100 %.

    Args:
        shares: of every class, 0 to 1.
        status: bars are pale where it is uncertain; hollow, dashed and grey where the numbers mean nothing.
        width: of the drawing.
        font: size of the letters, in the same unit.
    """
    left, right, step = 6.8 * font, width - 4.4 * font, 1.9 * font
    looks = class_looks(shares)
    bottom, is_hollow = step * len(shares), not FILLS[status]
    shapes: list[Shape] = []
    for tick in (0, 25, 50, 75, 100):
        x = left + (right - left) * tick / 100
        shapes += [Path(((x, 0), (x, bottom)), RULE), Text((x, bottom + 1.2 * font), f"{tick} %", "middle", QUIET)]
    for row, label in enumerate(shares):
        y, end = row * step, left + (right - left) * shares[label]
        bar = ((left, y + 0.3 * font), (end, y + 0.3 * font), (end, y + 1.6 * font), (left, y + 1.6 * font))
        hue = GREY if is_hollow else looks[label].color
        paint = Path(bar, hue, hue, FILLS[status], (4, 3) if is_hollow else None)
        baseline, color = y + 1.3 * font, GREY if is_hollow else TEXT
        shapes += [
            Text((left - 0.6 * font, baseline), label.value, "end", color),
            paint,
            Text((right + 0.5 * font, baseline), format_fraction(shares[label]), "start", color),
        ]
    return Drawing(width, bottom + 1.6 * font, font, tuple(shapes))


def draw_strip(series: ReportSeries, min_gate_score: float, width: float, font: float) -> Drawing:
    """Every slice in the order of position: above how probable a tumor is, below the gate's score.

    Analysed slices have their class's colour and shape, pale where uncertain. Those that were not analysed are hollow
    circles in a lane of their own, for their probabilities mean nothing; those that could not be read are crosses.

    Args:
        series: what is drawn.
        min_gate_score: the limit of the check for brain MRI, log-odds.
        width: of the drawing.
        font: size of the letters, in the same unit.
    """
    legend, top = _legend(series, width, font)
    left, right = 4.6 * font, width - 0.8 * font
    upper, lane = (top + 0.8 * font, top + 7.8 * font), top + 9.0 * font
    gate = (lane + 1.4 * font, lane + 5.2 * font)
    axis, looks = _Axis(series.slices, left, right), class_looks(series.verdict.shares)
    radius = min(0.36 * font, max(0.18 * font, 0.45 * axis.step))
    shapes = [*legend, *_grid(upper, [(0, "0 %"), (0.5, "50 %"), (1, "100 %")], left, right, font)]
    for index, _ in series.shown:
        shapes.append(_pointer((axis.at(index), upper[0] - 0.4 * font), 0.3 * font))
    scores = [slice_.gate_score for slice_ in series.slices if slice_.gate_score is not None]
    low, high = min([*scores, min_gate_score]), max([*scores, min_gate_score])
    span = high - low or 1.0
    limit = (min_gate_score - low) / span
    shapes += _grid(gate, [(0, f"{low:.1f}"), (1, f"{high:.1f}")], left, right, font)
    at_limit = _height(gate, limit)
    shapes.append(Path(((left, at_limit), (right, at_limit)), TEXT, dash=(3, 2)))
    for index, slice_ in enumerate(series.slices):
        x = axis.at(index)
        if slice_.verdict is None or slice_.gate_score is None:
            shapes += _cross((x, lane), radius)
            continue
        y = _height(upper, slice_.tumor_probability) if slice_.is_analysed else lane
        shapes.append(_marker(slice_, looks, (x, y), radius))
        passed = GREY if slice_.is_analysed else None
        shapes.append(Circle((x, _height(gate, (slice_.gate_score - low) / span)), 0.75 * radius, GREY, passed))
    for index, text in axis.ticks(int((right - left) / (9 * font))):
        half = 0.3 * font * len(text)  # about; the outermost stay inside
        x = min(max(axis.at(index), half), width - half)
        shapes.append(Text((x, gate[1] + 1.5 * font), text, "middle", QUIET))
    return Drawing(width, gate[1] + 2.0 * font, font, tuple(shapes))


class _Axis:
    """Slices side by side at even distances, in the order of their position."""

    def __init__(self, slices: tuple[ReportSlice, ...], left: float, right: float) -> None:
        self._slices = slices
        self.step = (right - left) / len(slices)
        self._left = left

    def at(self, index: int) -> float:
        """The x of a slice; index: counted from 0."""
        return self._left + (index + 0.5) * self.step

    def ticks(self, steps: int) -> Iterator[tuple[int, str]]:
        """Indices and what stands below them: number and, where known, position; at most one more than the steps."""
        count = len(self._slices)
        rough = max(1.0, count / steps)
        power = 10 ** floor(log10(rough))
        step = int(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))
        # The first slice stands in for a zeroth.
        for index in [0, *range(step - 1 if step > 1 else 1, count, step)]:
            position = self._slices[index].position_mm
            yield index, f"{index + 1}" if position is None else f"{index + 1} ({position:.0f} mm)"


def _height(panel: tuple[float, float], share: float) -> float:
    return panel[1] - (panel[1] - panel[0]) * share


def _grid(
    panel: tuple[float, float], ticks: Iterable[tuple[float, str]], left: float, right: float, font: float
) -> Iterator[Shape]:
    for share, text in ticks:
        y = _height(panel, share)
        yield Path(((left, y), (right, y)), RULE)
        yield Text((left - 0.5 * font, y + 0.35 * font), text, "end", QUIET)


def _marker(slice_: ReportSlice, looks: Looks, center: tuple[float, float], radius: float) -> Path | Circle:
    if slice_.verdict is None or not slice_.is_analysed:
        return Circle(center, radius, GREY)
    return _shape(looks[slice_.verdict.label], center, radius, slice_.verdict.status is Status.UNCERTAIN)


def _shape(look: Look, center: tuple[float, float], radius: float, is_pale: bool) -> Path | Circle:
    (x, y), color = center, look.color
    opacity = FILLS[Status.UNCERTAIN if is_pale else Status.CLASSIFIED]
    if look.mark is Mark.CIRCLE:
        return Circle(center, radius, color, color, opacity)
    wide, tall = 1.1 * radius, 1.4 * radius
    corners = {
        Mark.TRIANGLE: ((x - wide, y + radius), (x, y - tall), (x + wide, y + radius)),
        Mark.SQUARE: (
            (x - radius, y - radius),
            (x + radius, y - radius),
            (x + radius, y + radius),
            (x - radius, y + radius),
        ),
        Mark.DIAMOND: ((x - tall, y), (x, y - tall), (x + tall, y), (x, y + tall)),
    }
    return Path(corners[look.mark], color, color, opacity)


def _cross(center: tuple[float, float], radius: float) -> tuple[Path, Path]:
    x, y = center
    return (
        Path(((x - radius, y - radius), (x + radius, y + radius)), GREY),
        Path(((x - radius, y + radius), (x + radius, y - radius)), GREY),
    )


def _legend(series: ReportSeries, width: float, font: float) -> tuple[list[Shape], float]:
    """What the markers that occur mean, in as many rows as it takes; and the y below it."""
    shapes: list[Shape] = []
    x, y, radius = 0.0, 0.8 * font, 0.36 * font
    for text, markers in _legend_items(series, radius):
        needed = (2.4 + 0.56 * len(text)) * font
        if x and x + needed > width:
            x, y = 0.0, y + 1.6 * font
        shapes += [_moved(marker, x + 0.6 * font, y) for marker in markers]
        shapes.append(Text((x + 1.5 * font, y + 0.35 * font), text))
        x += needed
    return shapes, y + 1.2 * font


def _legend_items(series: ReportSeries, radius: float) -> Iterator[tuple[str, tuple[Path | Circle, ...]]]:
    analysed = [slice_.verdict for slice_ in series.slices if slice_.verdict and slice_.is_analysed]
    looks = class_looks(series.verdict.shares)
    for label, look in looks.items():
        if any(verdict.label is label for verdict in analysed):
            yield label.value, (_shape(look, (0, 0), radius, False),)
    if any(verdict.status is Status.UNCERTAIN for verdict in analysed):
        label = next(verdict.label for verdict in analysed if verdict.status is Status.UNCERTAIN)
        yield "pale: uncertain", (_shape(looks[label], (0, 0), radius, True),)
    if any(slice_.verdict and not slice_.is_analysed for slice_ in series.slices):
        yield "hollow: not analysed", (Circle((0, 0), radius, GREY),)
    if any(slice_.verdict is None for slice_ in series.slices):
        yield "not read", _cross((0, 0), radius)
    yield "shown below", (_pointer((0, radius), radius),)


def _pointer(tip: tuple[float, float], size: float) -> Path:
    x, y = tip
    return Path(((x, y), (x - 0.8 * size, y - 2 * size), (x + 0.8 * size, y - 2 * size)), None, TEXT)


def _moved(shape: Path | Circle, x: float, y: float) -> Path | Circle:
    if isinstance(shape, Circle):
        return replace(shape, center=(shape.center[0] + x, shape.center[1] + y))
    return replace(shape, points=tuple((a + x, b + y) for a, b in shape.points))
