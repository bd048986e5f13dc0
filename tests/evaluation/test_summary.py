from pathlib import Path

import pytest

from brain_tumor.evaluation.labelled import find_labelled
from brain_tumor.evaluation.metrics import Estimate
from brain_tumor.evaluation.report import render_report
from brain_tumor.evaluation.run import evaluate
from brain_tumor.evaluation.sources import find_sources
from brain_tumor.evaluation.summary import format_number, format_share, render_text
from brain_tumor.presentation.wording import NOTICE
from tests.evaluation.fakes import MODEL, FakeClassifier, fill, make_evaluation
from tests.html_page import Page


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render_report(make_evaluation(tmp_path_factory.mktemp("evaluation")))["report.html"].decode()


def test_the_page_needs_no_other_file_and_no_network(html: str) -> None:
    page = Page(html)
    assert all(target.startswith(("data:image/", "#")) for target in page.targets)
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html


def test_the_page_says_how_many_of_the_errors_it_shows(html: str) -> None:
    assert "2 of the 2 wrong answers" in html


def test_every_picture_is_described(html: str) -> None:
    page = Page(html)
    assert len(page.alts) == 5
    assert all(len(alt) > 40 for alt in page.alts)


def test_file_names_are_escaped(html: str) -> None:
    assert "meningioma-95-&lt;img src=x&gt;.png" in html
    assert "Pituitary/&lt;b&gt;broken.png" in html
    assert "<img src=x>" not in html
    assert "<b>" not in html


def test_the_page_says_what_was_measured_and_on_what(html: str) -> None:
    for fact in (
        NOTICE,
        "fake-1",
        "ab" * 32,
        "cd" * 32,
        "2026-01-31",
        "10 labelled, 9 answered",
        "7 of 9",
        "cats",
    ):
        assert fact in html


def test_the_terminal_gets_the_figures_that_matter_most(tmp_path: Path) -> None:
    lines = render_text(make_evaluation(tmp_path)).splitlines()
    assert lines[0] == "fake-1 on data, 10 images, 1 unreadable"
    assert lines[1].startswith("accuracy      77.8 % (")
    assert [line.split("  ")[-1] for line in lines if line.startswith("recall")] == [
        "Glioma",
        "Meningioma",
        "No Tumor",
        "Pituitary",
    ]
    # The surest of eight analysed answers, a wrong one, is among the eight that make 90 per cent.
    assert "surest 90 %   12.5 % (2.2 to 47.1) wrong, 1 of 8" in lines
    assert lines[-1] == "unreadable    1 file, listed in the report"


def test_the_terminal_gets_what_other_sources_are_called(tmp_path: Path) -> None:
    lines = render_text(make_evaluation(tmp_path)).splitlines()
    assert [line for line in lines if line.startswith(("called tumor", "surely tumor", "rejected"))] == [
        "called tumor  33.3 % (6.1 to 79.2)  cats (not brain MRI): "
        "1 of 3, 1 of 3 without the uncertain, which are 0 of 3",
        "called tumor  100.0 % (20.7 to 100.0)  ct (not brain MRI): "
        "1 of 1, 1 of 1 without the uncertain, which are 0 of 1",
        "surely tumor  25.0 % (4.6 to 69.9)  all that is not brain MRI: 1 of 4 with 90 % or more",
        "rejected      2 images that are not brain MRI: the image does not look like a brain MRI",
    ]


def test_the_page_has_a_table_of_what_is_not_brain_mri(html: str) -> None:
    assert '<h2 id="sources">' in html
    assert "All of them" in html
    assert '<strong>25.0 %</strong><br><span class="i">4.6 to 69.9<br>1 of 4</span>' in html
    assert "<td>the image does not look like a brain MRI</td>" in html
    assert "none was rejected" in html


def test_the_page_shows_what_other_brain_mri_is_called_and_escapes_its_name(tmp_path: Path) -> None:
    data = find_labelled(fill(tmp_path / "data", "notumor/no_tumor-90.png"))
    other = fill(tmp_path / "other", "tumor-<u>/glioma-90.png", "mixed/no_tumor-90.png")
    (other / "mixed/broken.png").write_bytes(b"")
    evaluation = evaluate(FakeClassifier(), MODEL, data, find_sources(other, is_brain_mri=True), "2026-01-31")
    page = render_report(evaluation)["report.html"].decode()
    assert "tumor-&lt;u&gt;" in page
    assert "<u>" not in page
    assert "brain MRI, a tumor<br>in other" in page
    assert "1 unreadable" in page
    assert "not judged" in page
    assert "All of them" not in page


def test_figures_are_written_with_their_interval() -> None:
    assert format_share(Estimate(0.957, 0.9446, 0.967)) == "95.7 % (94.5 to 96.7)"
    assert format_number(Estimate(0.957, 0.9446, 0.967)) == "0.957 (0.945 to 0.967)"
    assert format_share(None) == format_number(None) == "not defined"
