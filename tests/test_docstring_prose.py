from pathlib import Path

from tools.docstring_prose import comments_to_docs, public_names, to_rest


def test_paragraphs_stay_apart_and_lines_flow() -> None:
    assert to_rest("One line.\n\nTwo lines\nof text.", [], {}) == "One line.\n\nTwo lines of text.\n"


def test_single_and_double_backticks_are_literals() -> None:
    assert to_rest("`name` and ``**``.", [], {}) == "``name`` and ``**``.\n"


def test_signs_that_would_mark_text_up_are_escaped() -> None:
    assert to_rest("2 * 3 | a_b, a_ and `a*`.", [], {}) == "2 \\* 3 \\| a_b, a\\_ and ``a*``.\n"


def test_every_parameter_is_an_item() -> None:
    text = "Compare.\n\ntruth, predicted: (images,), at\nleast one. bins: how many."
    expected = "Compare.\n\n- ``truth``, ``predicted``: (images,), at least one.\n\n- ``bins``: how many.\n"
    assert to_rest(text, ["truth", "predicted", "bins"], {}) == expected


def test_a_word_before_a_colon_that_is_no_parameter_is_text() -> None:
    assert to_rest("Ordered: then doubt.", ["path"], {}) == "Ordered: then doubt.\n"


def test_a_new_line_after_an_item_is_text_again() -> None:
    assert to_rest("skip: folders.\nA name.", ["skip"], {}) == "- ``skip``: folders.\n\nA name.\n"


def test_errors_and_sources_are_paragraphs_of_their_own() -> None:
    text = "A gap. Raises ValueError without images. Source: Guo et al. 2017."
    assert to_rest(text, [], {}) == "A gap.\n\nRaises ValueError without images.\n\nSource: Guo et al. 2017.\n"


def test_telling_names_are_links_and_plain_words_are_not() -> None:
    links = {"read_rows": "m.read_rows", "Scan": "m.Scan", "ScanError": "m.ScanError"}
    expected = "Scan, :py:obj:`~m.read_rows`\\  or :py:obj:`~m.ScanError`\\ .\n"
    assert to_rest("Scan, read_rows or ScanError.", [], links) == expected


def test_comments_on_fields_and_constants_become_their_docstrings() -> None:
    source = "# Why.\nSIDE = 3\n\nclass A:\n    x: int  # in pixels\n    y = 1  # noqa: X\n"
    expected = "#: Why.\nSIDE = 3\n\nclass A:\n    x: int  #: in pixels\n    y = 1  # noqa: X\n"
    assert comments_to_docs(source) == expected


def test_public_names_are_those_that_one_module_defines(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("# Why.\nSIDE_PX = 3\nBARE_PX = 4\ndef read_it(): ...\ndef twice_it(): ...\n")
    (tmp_path / "two.py").write_text("def twice_it(): ...\nclass TwoWords: ...\ndef _hidden_one(): ...\n")
    assert public_names(tmp_path) == {
        "SIDE_PX": "one.SIDE_PX",
        "read_it": "one.read_it",
        "TwoWords": "two.TwoWords",
    }
