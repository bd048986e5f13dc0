"""A report as one HTML page; the only door to Jinja in this room."""

import base64
import html
from importlib.resources import files
from itertools import starmap

from jinja2 import Environment, StrictUndefined

from brain_tumor.model.card import Card
from brain_tumor.presentation.report_content import (
    EVALUATION_NOTE,
    LIMITS,
    NOT_EVALUATED,
    STRIP_NOTE,
    describe_slice,
    describe_strip,
    to_content,
)
from brain_tumor.presentation.report_drawing import BADGE_COLORS, Circle, Drawing, Shape, Text, draw_bars, draw_strip
from brain_tumor.presentation.report_subject import Picture, ReportSeries, ReportSubject
from brain_tumor.presentation.wording import NOTICE

_TEMPLATE = "scan_report.html.j2"
_BARS_WIDTH, _FONT = 340, 12
# The strip is drawn for a desk and for a phone, or its letters would shrink with the screen.
_STRIP_WIDTHS = {"wide": 700, "narrow": 350}


def render_html(subject: ReportSubject, card: Card) -> str:
    """The page; everything that comes from outside is escaped, and a forgotten value is an error."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"uri": _to_data_uri}
    template = files("brain_tumor.presentation").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    content = to_content(subject, card)
    series = subject if isinstance(subject, ReportSeries) else None
    limit = card.rules.min_gate_score
    return environment.from_string(template).render(
        content=content,
        badge=BADGE_COLORS[content.status],
        bars=_to_svg(draw_bars(content.shares, content.status, _BARS_WIDTH, _FONT)),
        strips={name: _to_svg(draw_strip(series, limit, width, _FONT)) for name, width in _STRIP_WIDTHS.items()}
        if series
        else {},
        strip_note=STRIP_NOTE,
        strip_text=describe_strip(series, card) if series else "",
        slices=[describe_slice(one) for one in series.slices] if series else [],
        evaluation_note=EVALUATION_NOTE if content.evaluations else NOT_EVALUATED,
        limits=LIMITS,
        notice=NOTICE,
    )


def _to_data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"


def _to_svg(drawing: Drawing) -> str:
    """An SVG element without words of its own for a screen reader: the table beside it says the same."""
    shapes = "".join(_to_element(shape) for shape in drawing.shapes)
    return (
        f'<svg viewBox="0 0 {drawing.width:g} {drawing.height:g}" font-size="{drawing.font:g}" aria-hidden="true">'
        f"{shapes}</svg>"
    )


def _to_element(shape: Shape) -> str:
    if isinstance(shape, Text):
        x, y = shape.point
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}"'
        return f'<text {place} style="fill:{_to_css(shape.color)}">{html.escape(shape.text)}</text>'
    paint = f"fill:{_to_css(shape.fill)};stroke:{_to_css(shape.stroke)}"
    if shape.opacity < 1:
        paint += f";fill-opacity:{shape.opacity:g}"
    if isinstance(shape, Circle):
        x, y = shape.center
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.1f}" style="{paint}"/>'
    if shape.dash:
        paint += f";stroke-dasharray:{shape.dash[0]:g} {shape.dash[1]:g}"
    points = "L".join(starmap("{:.1f} {:.1f}".format, shape.points))
    return f'<path d="M{points}{"Z" if shape.fill else ""}" style="{paint}"/>'


def _to_css(color: str | None) -> str:
    if color is None:
        return "none"
    return color if color.startswith("#") else f"var(--{color})"
