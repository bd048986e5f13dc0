from page.literal import literal


def test_markdown_and_html_are_escaped() -> None:
    assert literal("<b> **a**") == r"\<b\> \*\*a\*\*"


def test_a_colon_ends_at_once_so_that_no_word_between_two_is_a_symbol() -> None:
    assert literal(":smile:") == "\\:\u200bsmile\\:\u200b"


def test_a_line_stays_one_line() -> None:
    assert literal("a\n\nb") == "a b"
