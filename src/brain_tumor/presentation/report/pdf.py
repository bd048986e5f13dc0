"""A report as one A4 page of PDF."""

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from brain_tumor.model.card import Card
from brain_tumor.presentation.palette import BAND, GREY, MARK, ON_WHITE, QUIET, RULE, STATUS_COLORS, TEXT, WHITE
from brain_tumor.presentation.report.charts import draw_bars, draw_strip
from brain_tumor.presentation.report.content import (
    Content,
    Group,
    describe_strip,
    note_strip,
    to_content,
)
from brain_tumor.presentation.report.subject import ReportSeries, ReportSubject
from brain_tumor.presentation.shapes import Circle, Drawing, Text
from brain_tumor.presentation.wording import NOTICE, to_printable

# Lengths are points, 1/72 inch; y is counted from the top and turned round where it reaches the canvas.
WIDTH, HEIGHT = A4
MARGIN = 36.0
_INNER = WIDTH - 2 * MARGIN
_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"
_BODY, _SMALL, _LEADING = 8.5, 7.2, 1.3
_CHART_FONT = 7.8
_GAP = 8.0
_NOTICE = 19.0  # height of the notice's band
_FOOT = HEIGHT - MARGIN - _NOTICE
_IMAGE_HEIGHT, _SLICE_HEIGHT = 172.0, 70.0


def render_pdf(subject: ReportSubject, card: Card, compress: bool = True) -> bytes:
    """The page as a file.

    Args:
        compress: False leaves its text readable in the bytes.
    """
    content = to_content(subject, card)
    stream = io.BytesIO()
    # invariant: no clock and no random number in the file.
    canvas = Canvas(stream, A4, pageCompression=int(compress), invariant=1, lang="en")
    canvas.setTitle(to_latin(f"{content.heading}: {content.title}"))
    canvas.setSubject(f"Answer of the model {to_latin(card.model_id[:80])}. {NOTICE}")
    canvas.setAuthor("brain-tumor-mri")
    canvas.setCreator("brain-tumor-mri")
    canvas.setKeywords(f"{to_latin(card.rules.subject)}, image classification, research and education only")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    trial = _Page(Canvas(io.BytesIO()), is_trial=True)
    _draw(trial, subject, content, card)
    # However much there is to say, it stays on the page: a longer one is drawn smaller, from its upper left corner.
    scale = min(1.0, (_FOOT - _GAP - MARGIN) / (trial.y - MARGIN))
    page = _Page(canvas)
    canvas.saveState()
    canvas.transform(scale, 0, 0, scale, MARGIN * (1 - scale), (HEIGHT - MARGIN) * (1 - scale))
    _draw(page, subject, content, card)
    canvas.restoreState()
    page.y = _FOOT
    page.notice()
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def to_latin(text: str) -> str:
    """The text with escapes in place of all that the fonts every PDF reader has cannot show."""
    return "".join(letter if _is_latin(letter) else letter.encode("unicode_escape").decode() for letter in text)


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return to_printable(letter) == letter


def _draw(page: "_Page", subject: ReportSubject, content: Content, card: Card) -> None:
    """Everything but the notice at the bottom."""
    _draw_head(page, content)
    _draw_answer(page, content)
    if isinstance(subject, ReportSeries):
        _draw_table(page, content)
        _draw_strip(page, subject, card)
        _draw_groups(page, content.groups, _SLICE_HEIGHT)
        page.paragraph(" ".join(content.map_notes), _SMALL, color=QUIET)
    else:
        _draw_groups(page, content.groups, _IMAGE_HEIGHT)
        for note in content.map_notes:
            page.paragraph(note, _SMALL, color=QUIET)
        page.skip(_GAP)
        _draw_table(page, content)
    _draw_model(page, content, isinstance(subject, ReportSeries))


class _Page:
    """A canvas and how far it is filled, in points from the top."""

    def __init__(self, canvas: Canvas, is_trial: bool = False) -> None:
        """is_trial: only the length of the page is wanted, so pictures, which take the time, are left out."""
        self.canvas = canvas
        self._is_trial = is_trial
        self.y = MARGIN

    def skip(self, points: float) -> None:
        self.y += points

    def text(self, x: float, y: float, text: str, size: float, font: str = _PLAIN, color: str = TEXT) -> None:
        """One line, its baseline at y."""
        self.canvas.setFillColor(ON_WHITE.get(color, color))
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, HEIGHT - y, to_latin(text))

    def paragraph(
        self,
        text: str,
        size: float = _BODY,
        font: str = _PLAIN,
        color: str = TEXT,
        x: float = MARGIN,
        width: float = _INNER,
    ) -> None:
        """As many lines as the text takes, below what is there; a word longer than a line is broken."""
        for line in _wrap(to_latin(text), font, size, width):
            self.skip(_LEADING * size)
            self.text(x, self.y, line, size, font, color)

    def heading(self, text: str) -> None:
        self.skip(_GAP + 1.1 * _BODY)
        self.text(MARGIN, self.y, text, _BODY + 1, _BOLD)
        self.skip(2)

    def box(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """A filled rectangle, y at its upper edge."""
        self.canvas.setFillColor(color)
        self.canvas.rect(x, HEIGHT - y - height, width, height, stroke=0, fill=1)

    def picture(self, png: bytes, x: float, y: float, width: float, height: float) -> None:
        """A picture in a thin frame, y at its upper edge."""
        if self._is_trial:
            return
        rectangle = x, HEIGHT - y - height, width, height
        self.canvas.drawImage(ImageReader(io.BytesIO(png)), *rectangle)
        self.canvas.setStrokeColor(ON_WHITE[RULE])
        self.canvas.setLineWidth(0.5)
        self.canvas.rect(*rectangle, stroke=1, fill=0)

    def notice(self) -> None:
        """The notice across the page."""
        self.box(MARGIN, self.y, _INNER, _NOTICE, BAND)
        self.box(MARGIN, self.y, 3, _NOTICE, MARK)
        self.text(MARGIN + 10, self.y + 12.5, NOTICE, _BODY, _BOLD)
        self.skip(_NOTICE)

    def drawing(self, drawing: Drawing, x: float, y: float) -> None:
        """A chart, its upper left corner at x and y."""
        for shape in drawing.shapes:
            if isinstance(shape, Text):
                left = x + shape.point[0]
                size = stringWidth(shape.text, _PLAIN, drawing.font)
                left -= {"start": 0, "middle": size / 2, "end": size}[shape.anchor]
                self.text(left, y + shape.point[1], shape.text, drawing.font, _PLAIN, shape.color)
                continue
            self.canvas.setLineWidth(0.7)
            if shape.stroke:
                self.canvas.setStrokeColor(ON_WHITE.get(shape.stroke, shape.stroke))
            if shape.fill:
                self.canvas.setFillColor(ON_WHITE.get(shape.fill, shape.fill), alpha=shape.opacity)
            paint = {"stroke": int(shape.stroke is not None), "fill": int(shape.fill is not None)}
            if isinstance(shape, Circle):
                self.canvas.circle(x + shape.center[0], HEIGHT - y - shape.center[1], shape.radius, **paint)
            else:
                self.canvas.setDash(*([list(shape.dash)] if shape.dash else []))
                path = self.canvas.beginPath()
                for index, point in enumerate(shape.points):
                    (path.lineTo if index else path.moveTo)(x + point[0], HEIGHT - y - point[1])
                if shape.fill:
                    path.close()
                self.canvas.drawPath(path, **paint)
                self.canvas.setDash()
            self.canvas.setFillAlpha(1)


def _wrap(text: str, font: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for line in simpleSplit(text, font, size, width):
        rest = line
        while stringWidth(rest, font, size) > width:
            fits = next(end for end in range(len(rest), 0, -1) if stringWidth(rest[:end], font, size) <= width)
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines


def _draw_head(page: _Page, content: Content) -> None:
    page.skip(14)
    page.text(MARGIN, page.y, to_latin(f"{content.heading}: {content.title}"), 17, _BOLD)
    page.skip(2)
    for term, text in content.identity:
        page.paragraph(f"{term}: {text}", _SMALL + 0.5, color=QUIET)
    page.skip(8)
    page.notice()


def _draw_answer(page: _Page, content: Content) -> None:
    color = TEXT if content.is_analysed else GREY
    page.skip(28)
    page.text(MARGIN, page.y, content.answer, 20, _BOLD, color)
    x = MARGIN + stringWidth(content.answer, _BOLD, 20) + 12
    badge = stringWidth(content.status_title, _BOLD, 9.5) + 14
    page.box(x, page.y - 14, badge, 18, STATUS_COLORS[content.status])
    page.text(x + 7, page.y - 1.5, content.status_title, 9.5, _BOLD, WHITE)
    page.skip(17)
    page.text(MARGIN, page.y, content.confidence, 11, _PLAIN, color)
    page.skip(5)
    for text in content.paragraphs:
        page.paragraph(text)
    page.skip(_GAP)


def _draw_table(page: _Page, content: Content) -> None:
    color, start, left = TEXT if content.is_analysed else GREY, page.y, 185.0
    page.skip(_BODY)
    page.text(MARGIN, page.y, content.table_title, _BODY, _BOLD)
    for label, text in content.table:
        page.skip(1.9 * _CHART_FONT)
        font = _BOLD if label is content.chosen else _PLAIN
        page.text(MARGIN, page.y, label.value, _BODY, font, color)
        page.text(MARGIN + left - 30 - stringWidth(text, font, _BODY), page.y, text, _BODY, font, color)
        page.canvas.setStrokeColor(ON_WHITE[RULE])
        page.canvas.setLineWidth(0.5)
        page.canvas.line(MARGIN, HEIGHT - page.y - 4, MARGIN + left - 30, HEIGHT - page.y - 4)
    if content.table_note:
        page.skip(4)
        page.paragraph(content.table_note, _SMALL, _BOLD, QUIET, width=left - 30)
    drawing = draw_bars(content.shares, content.status, _INNER - left, _CHART_FONT)
    # The bars stand on the table's lines.
    top = start + _BODY + 0.6 * _CHART_FONT
    page.drawing(drawing, MARGIN + left, top)
    page.y = max(page.y + 4, top + drawing.height)


def _draw_strip(page: _Page, series: ReportSeries, card: Card) -> None:
    page.heading("Slices in the order of their position")
    drawing = draw_strip(series, card.rules.min_gate_score, _INNER, _SMALL)
    page.skip(5)
    page.drawing(drawing, MARGIN, page.y)
    page.skip(drawing.height)
    page.paragraph(f"{note_strip(card)} {describe_strip(series, card)}", _SMALL, color=QUIET)


def _draw_groups(page: _Page, groups: Sequence[Group], height: float) -> None:
    """Groups side by side, each with its pictures side by side at equal height."""
    gap, top = 6.0, page.y + 4
    column = (_INNER - gap * (len(groups) - 1)) / max(1, len(groups))
    bottom = top
    for position_index, group in enumerate(groups):
        left, page.y = MARGIN + position_index * (column + gap), top
        if group.caption:
            page.paragraph(group.caption, _SMALL, _BOLD, x=left, width=column - 4)
            page.y = max(page.y, top + 2 * _LEADING * _SMALL) + 4  # one or two lines, and the pictures stay level
        # A series' page has three groups of two, an image's one of up to three.
        width = (column - 4) / 2 if group.caption else (column - 8) / 3
        for index, shown in enumerate(group.pictures):
            x, picture = left + index * (width + 4), shown.picture
            scale = min(width / picture.width_px, height / picture.height_px)
            size = picture.width_px * scale, picture.height_px * scale
            page.picture(picture.png, x, page.y, *size)
            page.text(x, page.y + height + 9, shown.title, _SMALL if not group.caption else 6.2, _PLAIN, TEXT)
        bottom = max(bottom, page.y + height + 12)
    page.y = bottom


def _draw_model(page: _Page, content: Content, is_dense: bool) -> None:
    page.heading("The model, and how it was evaluated")
    for term, text in content.model:
        page.paragraph(f"{term}: {text}", _SMALL + 0.3)
    page.skip(3)
    columns = (0.0, 212.0, 310.0, 372.0, 448.0)
    for row, font in (
        (("Images", "Right", "", "Uncertain", "Not analysed"), _BOLD),
        *(
            (
                (
                    evaluation.images,
                    evaluation.accuracy,
                    evaluation.right,
                    evaluation.uncertain,
                    evaluation.not_analysed,
                ),
                _PLAIN,
            )
            for evaluation in content.evaluations
        ),
    ):
        page.skip(_SMALL * 1.45)
        for x, text, end in zip(columns, row, (*columns[1:], _INNER), strict=True):
            page.text(MARGIN + x, page.y, _fit(to_latin(text), font, _SMALL, end - x - 4), _SMALL, font)
    page.skip(1)
    page.paragraph(content.evaluation_note, _SMALL, color=QUIET)
    page.heading("Limits")
    lines = [f"\N{BULLET} {limit}" for limit in content.limits]
    for line in [" ".join(lines)] if is_dense else lines:
        page.paragraph(line, _SMALL)


def _fit(text: str, font: str, size: float, width: float) -> str:
    """The text, shortened at its end to what fits on one line."""
    if stringWidth(text, font, size) <= width:
        return text
    end = next(end for end in range(len(text), -1, -1) if stringWidth(f"{text[:end]}...", font, size) <= width)
    return f"{text[:end]}..."
