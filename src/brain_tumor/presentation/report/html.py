"""A report as one HTML page."""

from brain_tumor.model.card import Card
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.html_template import render_template
from brain_tumor.presentation.palette import STATUS_COLORS
from brain_tumor.presentation.report.charts import draw_bars, draw_strip
from brain_tumor.presentation.report.content import (
    describe_slice,
    describe_strip,
    note_strip,
    to_content,
)
from brain_tumor.presentation.report.subject import ReportSeries, ReportSubject
from brain_tumor.presentation.svg import to_svg_element
from brain_tumor.presentation.wording import NOTICE

_TEMPLATE = "report.html.j2"
_BARS_WIDTH, _FONT = 340, 12
# The strip is drawn for a computer's screen and for a phone's, or its letters would shrink with the screen.
_STRIP_WIDTHS = {"wide": 700, "narrow": 350}


def render_html(subject: ReportSubject, card: Card) -> str:
    """The page; everything that comes from outside is escaped, and a forgotten value is an error."""
    content = to_content(subject, card)
    series = subject if isinstance(subject, ReportSeries) else None
    limit = card.rules.min_gate_score
    return render_template(
        "brain_tumor.presentation.report",
        _TEMPLATE,
        {"uri": lambda picture: to_data_uri("image/png", picture.png)},
        content=content,
        badge=STATUS_COLORS[content.status],
        bars=to_svg_element(draw_bars(content.shares, content.status, _BARS_WIDTH, _FONT)),
        strips={name: to_svg_element(draw_strip(series, limit, width, _FONT)) for name, width in _STRIP_WIDTHS.items()}
        if series
        else {},
        strip_note=note_strip(card),
        strip_text=describe_strip(series, card) if series else "",
        slices=[describe_slice(slice_) for slice_ in series.slices] if series else [],
        evaluation_note=content.evaluation_note,
        limits=content.limits,
        notice=NOTICE,
    )
