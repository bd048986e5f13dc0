import re

from page.evaluation import DOCUMENT, WHO_MEASURED
from tests.page.driver import all_markdown, open_page


def test_the_evaluation_is_shown_whole_and_links_to_nothing_that_is_not_served() -> None:
    shown, document = all_markdown(open_page("evaluation")), DOCUMENT.read_text(encoding="utf-8")
    assert [line for line in document.splitlines() if "](" not in line and line not in shown] == []
    assert "](" in document and re.findall(r"\]\([^#][^)]*\)", shown) == []


def test_a_reader_of_the_page_is_told_who_measured_and_not_how_to_edit() -> None:
    shown = all_markdown(open_page("evaluation"))
    assert "by hand" in DOCUMENT.read_text(encoding="utf-8") and "by hand" not in shown
    assert WHO_MEASURED in shown and "## The commands" in shown
