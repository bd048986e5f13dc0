import re

from page.evaluation import DOCUMENT
from tests.page.driver import all_markdown, open_page


def test_the_evaluation_is_shown_whole_and_links_to_nothing_that_is_not_served() -> None:
    shown, document = all_markdown(open_page("evaluation")), DOCUMENT.read_text(encoding="utf-8")
    assert [line for line in document.splitlines() if "](" not in line and line not in shown] == []
    assert "](" in document and re.findall(r"\]\([^#][^)]*\)", shown) == []
    assert "[the commands](#the-commands)" in shown
