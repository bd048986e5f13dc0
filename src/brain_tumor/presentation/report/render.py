"""One page about one image or one series, to keep or to print: HTML or PDF. Needs the extra ``report``."""

from enum import StrEnum

from brain_tumor.extras import require_extra
from brain_tumor.model.card import Card
from brain_tumor.presentation.report.subject import ReportSubject


class ReportFormat(StrEnum):
    """The formats of a report; the value is the ending of its file."""

    HTML = "html"
    PDF = "pdf"


_LIBRARIES = {ReportFormat.HTML: "jinja2", ReportFormat.PDF: "reportlab"}


def render_html_report(subject: ReportSubject, card: Card) -> str:
    """A page that needs no other file, no script and no network; A4 when printed. Equal input, equal text.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    require_report_library(ReportFormat.HTML)
    from brain_tumor.presentation.report.html import render_html

    return render_html(subject, card)


def render_pdf_report(subject: ReportSubject, card: Card) -> bytes:
    """One A4 page with selectable text, and no file name in its metadata. Equal input, equal bytes.

    Characters outside Latin-1 are shown as escapes.

    Raises:
        MissingExtraError: ReportLab is not installed.
    """
    require_report_library(ReportFormat.PDF)
    from brain_tumor.presentation.report.pdf import render_pdf

    return render_pdf(subject, card)


def render_report(subject: ReportSubject, card: Card, report_format: ReportFormat) -> bytes:
    """The content of a report's file.

    Raises:
        MissingExtraError: what the format needs is not installed.
    """
    if report_format is ReportFormat.PDF:
        return render_pdf_report(subject, card)
    return render_html_report(subject, card).encode("utf-8")


def require_report_library(report_format: ReportFormat) -> None:
    """Check that what a format needs is installed.

    Raises:
        MissingExtraError: it is not.
    """
    require_extra(f"a report as {report_format.name}", "report", _LIBRARIES[report_format])
