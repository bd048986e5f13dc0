"""Figures as bytes: the adapter of Matplotlib for reports. Numbers come in ready, nothing is computed here."""

import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from brain_tumor.evaluation.calibration import Bin
from brain_tumor.evaluation.metrics import Estimate, IntArray, RocCurve
from brain_tumor.evaluation.risk_coverage import CONFIDENT_PERCENT, RiskCoverage
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor.presentation.palette import INK, ON_WHITE, QUIET, RULE, Mark, class_looks

# Beside its colour, so that lines can be distinguished in print without colours too.
_DASHES = {Mark.TRIANGLE: "-", Mark.SQUARE: "--", Mark.CIRCLE: "-.", Mark.DIAMOND: (0, (1, 1))}
_REFERENCE = ON_WHITE[QUIET]
_TILE_COLUMNS = 4
_PANEL_COLUMNS = 4
_PANEL_CHARS = 32
# The layout keeps square axes square and may leave their labels outside; the page grows to hold them.
_WHOLE: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.1}


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure in both formats."""

    png: bytes
    svg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One image of the sheet of errors."""

    pixels: FloatArray | None  # (rows, columns), 0 to 1; None when it could no longer be read
    lines: tuple[str, ...]  # what is written below it


def render_confusion(matrix: IntArray, names: Sequence[str]) -> Picture:
    """The confusion matrix, (true class, final class), each cell in images and in per cent of its row."""
    with _figure(6.4, 5.6) as figure:
        axes = figure.add_subplot()
        rows = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        shares = matrix / rows
        axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(matrix):
            part = shares[row, column]
            axes.text(
                column,
                row,
                f"{count:,}\n{100 * part:.1f} %",
                ha="center",
                va="center",
                color="white" if part > 0.5 else "black",
            )
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("final class")
        axes.set_ylabel("true class")
        return _save(figure)


def render_roc(curves: dict[Label, RocCurve], areas: dict[Label, Estimate | None]) -> Picture:
    """One-vs-rest ROC curves by class, with the area under each in the legend.

    Args:
        curves: of classes that have both kinds of images.
        areas: of all classes, in the order of `Rules.classes`.
    """
    looks = class_looks(areas)
    with _figure(6.4, 5.8) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=_REFERENCE, linewidth=1, linestyle=":", label="chance")
        for name, curve in curves.items():
            area = areas[name]
            label = f"{name}, AUC {area.value:.3f}" if area else name
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                color=looks[name].color,
                linestyle=_DASHES[looks[name].mark],
                linewidth=2.2,
                label=label,
            )
        axes.set_aspect("equal")
        _percent_axes(axes, "false alarms (1 - specificity)", "sensitivity (recall)")
        axes.legend(loc="lower right", frameon=False)
        return _save(figure)


def render_calibration(bins: Sequence[Bin], error: Estimate | None) -> Picture:
    """Reliability diagram with 95 % intervals, above the number of images per confidence."""
    with _figure(6.4, 7.2) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color=_REFERENCE, linewidth=1, linestyle=":", label="perfectly calibrated")
        points = [(bin_.confidence, bin_.accuracy) for bin_ in bins if bin_.confidence is not None and bin_.accuracy]
        if points:
            confidence = [x for x, _ in points]
            value = [y.value for _, y in points]
            # Rounding can put a bound a hair on the wrong side of its value, which error bars refuse.
            below = [max(0.0, y.value - y.low) for _, y in points]
            above = [max(0.0, y.high - y.value) for _, y in points]
            upper.errorbar(
                confidence,
                value,
                (below, above),
                color=INK,
                fmt="o-",
                capsize=3,
                linewidth=1.8,
                label="this model",
            )
        if error:
            upper.set_title(f"expected calibration error {error.value:.3f}")
        _percent_axes(upper, "", "accuracy")
        upper.legend(loc="upper left", frameon=False)
        lower.bar(
            [(bin_.low + bin_.high) / 2 for bin_ in bins],
            [bin_.images for bin_ in bins],
            width=[0.9 * (bin_.high - bin_.low) for bin_ in bins],
            color=INK,
        )
        lower.set_xlabel("confidence (top probability)")
        lower.set_ylabel("images")
        lower.spines[["top", "right"]].set_visible(False)
        return _save(figure)


def render_risk_coverage(curve: RiskCoverage) -> Picture:
    """The share of wrong answers against the share that is kept, the most confident ones first."""
    with _figure(6.4, 4.8) as figure:
        axes = figure.add_subplot()
        axes.plot(curve.coverage, curve.risk, color=INK, linewidth=2.2)
        axes.axvline(CONFIDENT_PERCENT / 100, color=_REFERENCE, linewidth=1, linestyle=":")
        axes.set_title(f"area under the curve {curve.area.value:.4f}")
        _percent_axes(axes, "answers kept, the most confident first", "wrong among them")
        # Errors are few, so their axis ends above the highest point instead of at 100 %.
        axes.set_ylim(0, 1.1 * max(0.01, float(curve.risk.max())))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1, symbol=" %"))
        return _save(figure)


def render_source_curves(curves: Mapping[str, RiskCoverage]) -> Picture:
    """Risk against coverage, a panel for each source: wrong means a tumor that is none, or none that is one."""
    rows = -(-len(curves) // _PANEL_COLUMNS)
    highest = max((float(curve.risk.max()) for curve in curves.values()), default=0.0)
    with _figure(2.9 * _PANEL_COLUMNS, 2.3 * rows) as figure:
        grid = figure.subplots(rows, _PANEL_COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axes, (name, curve) in zip(grid.flat, curves.items(), strict=False):
            axes.plot(curve.coverage, curve.risk, color=INK, linewidth=2.2)
            axes.set_title(textwrap.fill(name, _PANEL_CHARS), fontsize=8)
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.1 * max(0.01, highest))
            axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
            axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
            axes.spines[["top", "right"]].set_visible(False)
        for axes in grid.flat[len(curves) :]:
            axes.axis("off")
        figure.supxlabel("answers kept, those without doubt and the most confident first")
        figure.supylabel("wrong among them")
        return _save(figure)


def render_robustness(strengths: Sequence[int], clean: float, curves: dict[str, Sequence[float]]) -> Picture:
    """Macro F1 against strength, a panel for each corruption with the others in grey behind it."""
    rows = -(-len(curves) // _PANEL_COLUMNS)
    with _figure(2.9 * _PANEL_COLUMNS, 2.5 * rows) as figure:
        grid = figure.subplots(rows, _PANEL_COLUMNS, sharex=True, sharey=True, squeeze=False)
        points = (0, *strengths)
        for axes, (name, values) in zip(grid.flat, curves.items(), strict=False):
            for other in curves.values():
                axes.plot(points, (clean, *other), color=ON_WHITE[RULE], linewidth=1)
            axes.plot(points, (clean, *values), color=INK, linewidth=2.2, marker="o", markersize=4)
            axes.set_title(name)
            axes.set_ylim(0, 1.02)
            axes.set_xticks(points, ["clean", *map(str, strengths)])
            axes.spines[["top", "right"]].set_visible(False)
        for axes in grid.flat[len(curves) :]:
            axes.axis("off")
        figure.supxlabel("strength")
        figure.supylabel("macro F1")
        return _save(figure)


def render_errors(tiles: Sequence[Tile], none: str = "no wrong answers") -> bytes:
    """A PNG sheet of images with what is said below each; the sentence none when there are none."""
    rows = max(1, -(-len(tiles) // _TILE_COLUMNS))
    with _figure(3.0 * _TILE_COLUMNS, 3.9 * rows if tiles else 1.5) as figure:
        if not tiles:
            figure.text(0.5, 0.5, none, ha="center", va="center")
            return _to_png(figure)
        grid = figure.subplots(rows, _TILE_COLUMNS, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for axes, tile in zip(grid.flat, tiles, strict=False):
            if tile.pixels is not None:
                axes.imshow(tile.pixels, cmap="gray", vmin=0, vmax=1)
            # The font has no sign for every script, and a missing one is a warning, not a picture.
            text = "\n".join(line.encode("ascii", "replace").decode() for line in tile.lines)
            axes.text(0, -0.03, text, transform=axes.transAxes, va="top", fontsize=12, linespacing=1.35)
        return _to_png(figure)


@contextmanager
def _figure(width_in: float, height_in: float) -> Iterator[Figure]:
    # A Figure of our own instead of pyplot's: no window system is asked for and nothing stays in memory.
    # The hash salt, and no date below: equal numbers give equal files.
    with mpl.rc_context(
        {"font.size": 12, "axes.titlesize": 13, "svg.hashsalt": "brain-tumor", "text.parse_math": False}
    ):
        figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        yield figure


def _save(figure: Figure) -> Picture:
    svg = io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None}, **_WHOLE)
    return Picture(_to_png(figure), svg.getvalue())


def _to_png(figure: Figure) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=130, metadata={"Software": None}, **_WHOLE)
    return png.getvalue()


def _percent_axes(axes: Axes, horizontal: str, vertical: str) -> None:
    # A little room, or a curve along the frame is hidden by it.
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_xlabel(horizontal)
    axes.set_ylabel(vertical)
    axes.grid(visible=True, color=ON_WHITE[RULE])
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
