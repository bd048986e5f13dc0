"""The picture of a check: how an archive scores, over how the reference does."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import ceil, floor, log10
from textwrap import wrap

from brain_tumor.decision.verdict import Status
from brain_tumor.fit_check.facts import ArchiveFacts, Score
from brain_tumor.fit_check.judgement import Fit, Judgement
from brain_tumor.fit_check.reference import Reference
from brain_tumor.fit_check.words import (
    EXPLANATIONS,
    TITLES,
    describe_departures,
    describe_next_step,
    describe_sample,
    to_table,
)
from brain_tumor.model.card import Rules
from brain_tumor.presentation.palette import ALARM, GREY, QUIET, RULE, STATUS_COLORS, TEXT, WHITE
from brain_tumor.presentation.shapes import Drawing, Path, Shape, Text
from brain_tumor.presentation.svg import render_svg_file
from brain_tumor.presentation.wording import NOTICE, render_count, with_article

_BADGES = {
    Fit.FITS: STATUS_COLORS[Status.CLASSIFIED],
    Fit.FITS_IN_PART: STATUS_COLORS[Status.UNCERTAIN],
    Fit.DOES_NOT_FIT: ALARM,
    Fit.TOO_FEW_IMAGES: STATUS_COLORS[Status.NOT_A_BRAIN_MRI],
}
_STATUSES = {
    Status.CLASSIFIED: "classified without doubt",
    Status.UNCERTAIN: "uncertain",
    Status.NOT_A_BRAIN_MRI: "not analysed",
}
_WIDTH, _FONT = 760.0, 13.0
_LEFT, _RIGHT = 130.0, _WIDTH - 30
_LINE = 1.5 * _FONT
_LETTERS = 104  # of a line of text, at about half the font's size each
_PLOT, _BAND = 120.0, 22.0
_BINS = 36
# Places in STEPS of what a band shows: all, 5 to 95 %, 25 to 75 %, and the median.
_WHOLE, _MOST, _HALF, _MEDIAN = (0, 20), (1, 19), (5, 15), 10

Limit = tuple[float, str]


def render_svg(judgement: Judgement, facts: ArchiveFacts, reference: Reference, rules: Rules) -> str:
    """Verdict, figures and both scores as an SVG file; it names no file and no folder."""
    description = [*describe_departures(judgement, facts, reference), describe_sample(facts)]
    description += [f"{name}: {mine}, reference {theirs}." for name, mine, theirs in to_table(facts, reference)]
    return render_svg_file(
        draw_fit(judgement, facts, reference, rules),
        f"Fit check: {TITLES[judgement.fit]}. {EXPLANATIONS[judgement.fit]}",
        " ".join([*description, NOTICE]),
    )


def draw_fit(judgement: Judgement, facts: ArchiveFacts, reference: Reference, rules: Rules) -> Drawing:
    """A badge, the table, then for each score how many images have it, with bands of archive and reference below.

    Bars are stacked by status: classified at the bottom, then uncertain, then, hollow, not analysed.
    """
    shapes: list[Shape] = []
    top = _add_head(shapes, judgement, facts, reference)
    gate_limits = [(rules.min_gate_score, "below: not analysed")]
    if rules.min_sure_gate_score is not None:
        gate_limits.append((rules.min_sure_gate_score, "below: uncertain"))
    known_limits = [] if rules.min_familiarity is None else [(rules.min_familiarity, "below: uncertain")]
    for title, name, limits in (
        (f"Does it look like {with_article(reference.subject)}? Gate score, log-odds", "gate_score", gate_limits),
        ("How like the training images is it? Familiarity, 0 or less", "familiarity", known_limits),
    ):
        mine, theirs = getattr(facts, name), getattr(reference, name)
        shapes.append(Text((_FONT, top), title))
        panel = _Panel(top + 0.6 * _FONT, mine, theirs, limits)
        shapes += panel.draw(facts.scores, [getattr(score, name) for score in facts.scores])
        top = panel.bottom + 1.6 * _LINE
    shapes += _legend(top)
    top += 1.5 * _LINE
    top = _add_lines(
        shapes, top, [*wrap(f"Next: {describe_next_step(judgement.fit, reference.subject)}", _LETTERS), "", NOTICE]
    )
    return Drawing(_WIDTH, top, _FONT, tuple(shapes))


def _add_head(shapes: list[Shape], judgement: Judgement, facts: ArchiveFacts, reference: Reference) -> float:
    title = TITLES[judgement.fit]
    shapes.append(
        _box(_FONT, 12, 2 * _FONT + 0.62 * _FONT * len(title), 12 + 1.9 * _FONT, None, _BADGES[judgement.fit])
    )
    shapes.append(Text((1.7 * _FONT, 12 + 1.3 * _FONT), title, color=WHITE))
    lines = [EXPLANATIONS[judgement.fit], *describe_departures(judgement, facts, reference)]
    top = _add_lines(shapes, 12 + 3.4 * _FONT, list(chain.from_iterable(wrap(line, _LETTERS) for line in lines)))
    columns = (_FONT, 0.38 * _WIDTH, 0.66 * _WIDTH)
    top += 0.4 * _LINE
    rows = [("", "your images", f"reference ({reference.images} images)"), *to_table(facts, reference)]
    for index, row in enumerate(rows):
        for x, cell in zip(columns, row, strict=True):
            shapes.append(Text((x, top), cell, color=TEXT if index else QUIET))
        top += _LINE
    shapes.append(Text((_FONT, top), describe_sample(facts), color=QUIET))
    return top + 1.8 * _LINE


def _add_lines(shapes: list[Shape], top: float, lines: Sequence[str]) -> float:
    for line in lines:
        shapes.append(Text((_FONT, top), line))
        top += _LINE
    return top


class _Panel:
    """One score: how many images have it, and the bands of both distributions on the same axis."""

    def __init__(self, top: float, mine: Sequence[float], theirs: Sequence[float], limits: Sequence[Limit]) -> None:
        ends = [*mine[:1], *mine[-1:], theirs[0], theirs[-1], *(value for value, _ in limits)]
        self._low, self._high = min(ends), max(ends)
        if self._low == self._high:
            self._low, self._high = self._low - 0.5, self._high + 0.5
        self._mine, self._theirs, self._limits = mine, theirs, limits
        self._top = top + len(limits) * _LINE
        self._base = self._top + _PLOT
        self.bottom = self._base + 2 * _BAND + 1.4 * _LINE

    def draw(self, scores: Sequence[Score], values: Sequence[float]) -> Iterator[Shape]:
        """All shapes; values: one a score."""
        yield from self._bars(scores, values)
        yield Path(((_LEFT, self._base), (_RIGHT, self._base)), TEXT)
        for row, (name, quantiles) in enumerate((("your images", self._mine), ("reference", self._theirs))):
            y = self._base + (row + 0.8) * _BAND
            yield Text((_LEFT - 10, y + 0.35 * _FONT), name, "end")
            if quantiles:
                yield from self._band(quantiles, y)
        for value in self._ticks():
            at = self._base + 2 * _BAND + 1.1 * _LINE
            yield Text((self._x(value), at), f"{value:g}", "middle", QUIET)
        for row, (value, text) in enumerate(self._limits):
            x, y = self._x(value), self._top - (row + 0.4) * _LINE
            yield Path(((x, y), (x, self._base + 2 * _BAND)), TEXT, dash=(3, 2))
            # The text stands on the side that it speaks of, where there is room.
            at_left = x - _LEFT > 0.6 * _FONT * len(text)
            yield Text((x - 5 if at_left else x + 5, y + 0.4 * _FONT), text, "end" if at_left else "start", QUIET)

    def _x(self, value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - self._low) / (self._high - self._low)

    def _bars(self, scores: Sequence[Score], values: Sequence[float]) -> Iterator[Shape]:
        counts = {status: [0] * _BINS for status in _STATUSES}
        for score, value in zip(scores, values, strict=True):
            index = int(_BINS * (value - self._low) / (self._high - self._low))
            counts[score.status][min(index, _BINS - 1)] += 1
        highest = max(map(sum, zip(*counts.values(), strict=True)))
        step, below = (_RIGHT - _LEFT) / _BINS, [0] * _BINS
        yield Text((_LEFT - 10, self._top + 0.7 * _FONT), render_count(highest, "image"), "end", QUIET)
        yield Path(((_LEFT, self._top), (_RIGHT, self._top)), RULE)
        for status, bins in counts.items():
            for index, count in enumerate(bins):
                if not count:
                    continue
                x, y = _LEFT + index * step, self._base - _PLOT * below[index] / highest
                below[index] += count
                yield _status_box(status, x + 0.8, self._base - _PLOT * below[index] / highest, x + step - 0.8, y)

    def _band(self, quantiles: Sequence[float], y: float) -> Iterator[Shape]:
        first, last = (self._x(quantiles[index]) for index in _WHOLE)
        yield Path(((first, y), (last, y)), QUIET)
        for (low, high), half, opacity in ((_MOST, 0.2 * _BAND, 0.35), (_HALF, 0.3 * _BAND, 1.0)):
            yield _box(self._x(quantiles[low]), y - half, self._x(quantiles[high]), y + half, None, GREY, opacity)
        x = self._x(quantiles[_MEDIAN])
        yield Path(((x, y - 0.42 * _BAND), (x, y + 0.42 * _BAND)), TEXT)

    def _ticks(self) -> Iterator[float]:
        rough = (self._high - self._low) / 7
        power = 10.0 ** floor(log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        for index in range(ceil(self._low / step), floor(self._high / step) + 1):
            yield round(index * step, 9)


def _legend(top: float) -> Iterator[Shape]:
    x = _FONT
    for status, name in _STATUSES.items():
        yield _status_box(status, x, top - 0.8 * _FONT, x + 0.9 * _FONT, top + 0.1 * _FONT)
        yield Text((x + 1.4 * _FONT, top), name)
        x += (2.6 + 0.52 * len(name)) * _FONT
    yield Text((x, top), "bands: all, 5 to 95 %, 25 to 75 %, median", color=QUIET)


def _status_box(status: Status, left: float, top: float, right: float, bottom: float) -> Path:
    color, is_hollow = STATUS_COLORS[status], status is Status.NOT_A_BRAIN_MRI
    return _box(left, top, right, bottom, color if is_hollow else None, color, 0.15 if is_hollow else 1.0)


def _box(
    left: float, top: float, right: float, bottom: float, stroke: str | None, fill: str, opacity: float = 1.0
) -> Path:
    return Path(((left, top), (right, top), (right, bottom), (left, bottom)), stroke, fill, opacity)
