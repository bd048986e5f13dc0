import re
import shutil
import subprocess

import pytest

from brain_tumor.model.card import Card
from brain_tumor.presentation.report.pdf import HEIGHT, MARGIN, WIDTH, render_pdf, to_latin
from brain_tumor.presentation.report.subject import ReportSubject, to_report_image
from brain_tumor.presentation.wording import NOTICE
from tests.factories import make_card, make_crowded_series, make_mapped_result, make_metrics, make_report_series

CARD = make_card(about={"metrics": make_metrics(4)})
LONG = "W" * 3000
TEXT = re.compile(rb"1 0 0 1 ([\d.-]+) ([\d.-]+) Tm \((.*?)\) Tj", re.DOTALL)
# The notice at the bottom of the page.
FOOT_TOP = MARGIN + 19  # points from the bottom


def image(name: str = "Doe^Jane.png", show_name: bool = False) -> ReportSubject:
    return to_report_image(make_mapped_result(name=name), 1, show_name)


def texts(subject: ReportSubject, card: Card = CARD) -> list[tuple[float, float, str]]:
    """Place, in points from the lower left corner, and words of every line."""
    content = render_pdf(subject, card, compress=False)
    scaled = re.search(rb"ET\nq\n(\S+) 0 0 \S+ (\S+) (\S+) cm", content)
    assert scaled
    scale, right, up = map(float, scaled.groups())
    body, foot = TEXT.findall(content)[:-1], TEXT.findall(content)[-1]
    found = [(right + scale * float(x), up + scale * float(y), text.decode("cp1252")) for x, y, text in body]
    return [*found, (float(foot[0]), float(foot[1]), foot[2].decode("cp1252"))]


def words(subject: ReportSubject) -> str:
    return "\n".join(text for _, _, text in texts(subject))


@pytest.mark.parametrize("subject", [image(LONG, True), make_report_series(300, name=LONG), make_crowded_series(LONG)])
def test_it_is_one_page(subject: ReportSubject) -> None:
    content = render_pdf(subject, CARD)
    assert len(re.findall(rb"/Type /Page\b", content)) == 1
    assert b"/MediaBox [ 0 0 595.2756 841.8898 ]" in content


def long_card() -> Card:
    figures = make_metrics(4)
    return make_card(
        model_id=LONG, created=LONG, about={"metrics": {LONG + name: figure for name, figure in figures.items()}}
    )


@pytest.mark.parametrize("subject", [image(LONG, True), make_report_series(300, name=LONG), make_crowded_series(LONG)])
@pytest.mark.parametrize("card", [CARD, long_card()])
def test_everything_lies_between_the_notices(subject: ReportSubject, card: Card) -> None:
    for x, y, text in texts(subject, card):
        # A PDF states numbers with six decimals.
        assert MARGIN - 0.001 < x < WIDTH - MARGIN
        assert y <= HEIGHT - MARGIN
        assert y > FOOT_TOP or text == NOTICE, text


def test_the_notice_stands_at_top_and_bottom() -> None:
    for subject in (image(), make_report_series(9)):
        assert [text for _, _, text in texts(subject)].count(NOTICE) == 2


def test_no_name_is_in_it_by_default() -> None:
    assert b"Doe" not in render_pdf(image(), CARD, compress=False)


def test_a_name_that_was_asked_for_is_on_the_page_but_not_in_the_metadata() -> None:
    content = render_pdf(image(show_name=True), CARD, compress=False)
    assert content.count(b"Doe") == 1
    assert b"Doe^Jane" not in content.partition(b"/Producer")[0].rpartition(b"<<")[2]


def test_it_says_what_it_is_in_which_language() -> None:
    content = render_pdf(image(), CARD)
    assert b"/Title (Brain MRI report: Image 1)" in content
    assert b"/Lang (en)" in content
    assert b"/DisplayDocTitle true" in content


def test_no_clock_is_in_it() -> None:
    assert set(re.findall(rb"/(?:Creation|Mod)Date \((.*?)\)", render_pdf(image(), CARD))) == {
        b"D:20000101000000+00'00'"
    }


def test_letters_that_the_fonts_lack_are_shown_as_escapes() -> None:
    assert to_latin("Müller 患者\u202e\x00\udcff\n€") == "Müller \\u60a3\\u8005\\u202e\\x00\\udcff\\n€"


def test_a_hostile_name_is_harmless() -> None:
    assert "\\\\u202e\\\\x00<b>\\(\\)\\\\udcff" in words(image("\u202e\x00<b>()\udcff", True))


def test_it_says_answer_table_model_and_evaluation() -> None:
    shown = words(image())
    for fact in (
        "Glioma",
        "Final class Glioma, confidence 70.0 %",
        "Classified",
        CARD.flatbuffer_sha256,
        "90.0 % \\(85.0 to 94.0\\)",
    ):
        assert fact in shown


def test_a_series_says_how_its_answer_was_derived() -> None:
    shown = words(make_report_series(20, tumors=(10, 11, 12, 13, 14))).replace("\n", " ")
    assert "5 neighbouring slices are called a tumor without doubt." in shown
    assert "19 of 20 slices analysed" in shown


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext, of poppler-utils, is not installed")
def test_another_program_reads_its_text() -> None:
    done = subprocess.run(["pdftotext", "-", "-"], input=render_pdf(image(), CARD), capture_output=True, check=True)
    shown = done.stdout.decode()
    assert shown.count(NOTICE) == 2
    assert "Heat map: where (location)" in shown
