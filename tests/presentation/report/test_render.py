import re
import sys
from datetime import UTC, datetime, tzinfo
from typing import Self

import pytest

from brain_tumor.errors import MissingExtraError
from brain_tumor.extras import install_command
from brain_tumor.presentation.report.render import ReportFormat, render_html_report, render_pdf_report, render_report
from brain_tumor.presentation.report.subject import to_report_image
from tests.factories import make_card, make_mapped_result, make_report_series


class StoppedClock(datetime):
    """A report says in which minute it was made."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("report_format", ReportFormat)
def test_equal_input_gives_equal_bytes(report_format: ReportFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.presentation.report.content.datetime", StoppedClock)
    for subject in (to_report_image(make_mapped_result(), 1), make_report_series(9)):
        assert render_report(subject, make_card(), report_format) == render_report(subject, make_card(), report_format)


def test_a_page_without_jinja_is_refused_with_the_extra_s_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=rf"HTML needs Jinja2.*{re.escape(install_command('report'))}"):
        render_html_report(to_report_image(make_mapped_result(), 1), make_card())


def test_a_pdf_without_reportlab_is_refused_with_the_extra_s_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(MissingExtraError, match=rf"PDF needs ReportLab.*{re.escape(install_command('report'))}"):
        render_pdf_report(to_report_image(make_mapped_result(), 1), make_card())
