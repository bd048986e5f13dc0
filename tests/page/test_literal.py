import re

import pytest

from page.literal import literal, literal_sentence


def test_markdown_and_html_are_escaped() -> None:
    assert literal("<b> **a**") == r"\<b\> \*\*a\*\*"


def test_a_colon_ends_at_once_so_that_no_word_between_two_is_a_symbol() -> None:
    assert literal(":smile:") == "\\:\u200bsmile\\:\u200b"


def test_a_line_stays_one_line() -> None:
    assert literal("a\n\nb") == "a b"


@pytest.mark.parametrize(
    "name", ["*a*", "_b_", "<b>", "[a](http://b)", "![](http://b/c.png)", "$x$", ":red[b]", "`c`", "a|b"]
)
def test_a_class_of_one_s_own_is_no_markdown_in_a_sentence(name: str) -> None:
    shown = literal_sentence(f"Perhaps {name}, confidence 97.3 %.")
    assert shown.replace("\\", "").replace("\u200b", "") == f"Perhaps {name}, confidence 97.3 %."
    assert not re.search(r"(?<!\\)[*_<\[$`|]|:(?=\w)", shown)


@pytest.mark.parametrize("text", ["> 99.9 %", "1. a", "- a", "# a"])
def test_a_sentence_begins_no_block(text: str) -> None:
    assert literal_sentence(text) != text


def test_plain_words_and_figures_stay_as_they_are() -> None:
    sentence = "Series: No Tumor (not analysed), 97.3 % (94.0 to 99.1) > all - the rest."
    assert literal_sentence(sentence) == sentence
