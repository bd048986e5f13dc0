"""Drawings made of plain shapes, which SVG and PDF each draw in their own way."""

from dataclasses import dataclass

from brain_tumor.presentation.palette import TEXT


@dataclass(frozen=True, slots=True)
class Path:
    """Straight lines through points, closed or not; x to the right, y down."""

    points: tuple[tuple[float, float], ...]
    stroke: str | None = None
    fill: str | None = None  # closes the path
    opacity: float = 1.0  # of the fill
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle."""

    center: tuple[float, float]
    radius: float
    stroke: str | None = None
    fill: str | None = None
    opacity: float = 1.0  # of the fill


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; the point is its anchor on the baseline."""

    point: tuple[float, float]
    text: str
    anchor: str = "start"  # or "middle", "end"
    color: str = TEXT


Shape = Path | Circle | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes in the order they are drawn, on a canvas of a size."""

    width: float
    height: float
    font: float  # size of all texts, in the same unit
    shapes: tuple[Shape, ...]
