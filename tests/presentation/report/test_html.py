import os
import re

import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.report.html import render_html
from brain_tumor.presentation.report.subject import ReportSubject, to_report_image
from brain_tumor.presentation.wording import NOTICE
from tests.factories import make_card, make_crowded_series, make_mapped_result, make_metrics, make_report_series
from tests.html_page import Page
from tools.browser import find_chromium, open_browser

CARD = make_card(about={"metrics": make_metrics(4)})
HOSTILE = "<img src=x onerror=alert(1)>&\"'{{ 7 * 7 }}\u202e\x1b\x00\udcff"


def image(name: str = "Doe^Jane.png", show_name: bool = False, verdict: Verdict | None = None) -> ReportSubject:
    return to_report_image(make_mapped_result(verdict, name), 1, show_name)


def series(slices: int = 12, name: str | None = None) -> ReportSubject:
    return make_report_series(slices, tumors=(5, 6, 7), unreadable=[2], name=name)


@pytest.mark.parametrize("subject", [image(), series()])
def test_the_page_needs_no_other_file_no_script_and_no_network(subject: ReportSubject) -> None:
    html = render_html(subject, CARD)
    page = Page(html)
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert not re.search(r"https?:|url\(", html)


@pytest.mark.parametrize("subject", [image(), series()])
def test_the_notice_stands_at_top_and_bottom(subject: ReportSubject) -> None:
    assert render_html(subject, CARD).count(NOTICE) == 2


@pytest.mark.parametrize("subject", [image(), series()])
def test_no_name_is_shown_by_default(subject: ReportSubject) -> None:
    html = render_html(subject, CARD)
    # Three letters in a row are chance in the base64 of a picture.
    for picture in set(Page(html).targets):
        html = html.replace(picture, "")
    assert "Doe" not in html


@pytest.mark.parametrize("subject", [image(HOSTILE, True), series(name=HOSTILE)])
def test_a_hostile_name_is_harmless(subject: ReportSubject) -> None:
    html = render_html(subject, CARD)
    html.encode("utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&#34;&#39;{{ 7 * 7 }}\\u202e\\x1b\\x00\\udcff" in html
    assert all(target.startswith("data:") for target in Page(html).targets)


def test_a_hostile_card_is_harmless() -> None:
    card = make_card(model_id=HOSTILE, about={"metrics": {HOSTILE: {"accuracy": {"value": 0.5}}}})
    assert "<img src=x" not in render_html(image(), card)


def test_every_picture_is_described() -> None:
    assert Page(render_html(image(), CARD)).alts == [
        "Image 1, Slice",
        "Image 1, Heat map: why (saliency)",
        "Image 1, Heat map: where (location)",
    ]
    alts = Page(render_html(series(), CARD)).alts
    assert len(alts) == 6
    assert alts[1].startswith("Slice 6 at 10.0 mm: Glioma") and alts[1].endswith("where (location)")


def test_the_class_shown_stands_out_in_the_table() -> None:
    html = render_html(image(), CARD)
    assert '<tr class="chosen"><th scope="row">Glioma</th><td>70.0 %</td></tr>' in html


def test_numbers_that_mean_nothing_are_greyed() -> None:
    html = render_html(image(verdict=Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)), CARD)
    assert '<div class="numbers greyed">' in html
    assert '<tr class="chosen">' not in html
    assert "Not analysed: these numbers mean nothing here." in html


def test_every_slice_has_a_row_with_its_gate_score() -> None:
    html = render_html(series(300), CARD)
    assert len(re.findall(r'<tr><th scope="row">\d+</th>', html)) == 300
    assert "<td>Not read</td>" in html


@pytest.mark.slow
@pytest.mark.parametrize("subject", [image("very long " * 60, True), make_crowded_series("very long " * 60)])
def test_in_a_browser_it_prints_on_one_page_and_fits_a_phone(subject: ReportSubject) -> None:
    chromium = find_chromium()
    if chromium is None and os.environ.get("BRAIN_TUMOR_REQUIRE_BROWSER") != "1":
        pytest.skip("no Chromium on this machine")
    assert chromium is not None, "BRAIN_TUMOR_REQUIRE_BROWSER=1, and no Chromium on this machine"
    with open_browser(chromium) as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.set_content(render_html(subject, CARD))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        assert complaints == []
