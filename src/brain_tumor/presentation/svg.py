"""Drawings as SVG: an element of a page, or a file of its own."""

import html
from collections.abc import Callable
from functools import partial
from itertools import starmap

from brain_tumor.presentation.palette import ON_WHITE, WHITE
from brain_tumor.presentation.shapes import Circle, Drawing, Shape, Text

# A color of a drawing, which may be one that follows the page, to one of CSS.
_Paint = Callable[[str], str]


def to_svg_element(drawing: Drawing) -> str:
    """An element without words of its own for a screen reader: the table beside it says the same.

    Colours that follow the page are its CSS variables.
    """
    return f'<svg {_box(drawing)} aria-hidden="true">{_draw(drawing, "var(--{})".format)}</svg>'


def render_svg_file(drawing: Drawing, title: str, description: str) -> str:
    """A whole file that any browser shows, without any other; title and description are for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {_box(drawing)} width="{drawing.width:g}" '
        f'height="{drawing.height:g}" font-family="sans-serif" role="img" aria-labelledby="title description">\n'
        f'<title id="title">{html.escape(title)}</title>\n<desc id="description">{html.escape(description)}</desc>\n'
        f'<rect width="100%" height="100%" fill="{WHITE}"/>\n{_draw(drawing, ON_WHITE.__getitem__)}\n</svg>\n'
    )


def _box(drawing: Drawing) -> str:
    return f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" font-size="{drawing.font:g}"'


def _draw(drawing: Drawing, named: _Paint) -> str:
    return "".join(map(partial(_to_element, named=named), drawing.shapes))


def _to_element(shape: Shape, named: _Paint) -> str:
    if isinstance(shape, Text):
        x, y = shape.point
        attributes = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}"'
        return f'<text {attributes} style="fill:{_to_css(shape.color, named)}">{html.escape(shape.text)}</text>'
    paint = f"fill:{_to_css(shape.fill, named)};stroke:{_to_css(shape.stroke, named)}"
    if shape.opacity < 1:
        paint += f";fill-opacity:{shape.opacity:g}"
    if isinstance(shape, Circle):
        x, y = shape.center
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.1f}" style="{paint}"/>'
    if shape.dash:
        paint += f";stroke-dasharray:{shape.dash[0]:g} {shape.dash[1]:g}"
    points = "L".join(starmap("{:.1f} {:.1f}".format, shape.points))
    return f'<path d="M{points}{"Z" if shape.fill else ""}" style="{paint}"/>'


def _to_css(color: str | None, named: _Paint) -> str:
    if color is None:
        return "none"
    return color if color.startswith("#") else named(color)
