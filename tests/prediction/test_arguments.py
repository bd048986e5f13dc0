"""What `predict` takes as a value, and what it says of anything else."""

import argparse

import pytest

from brain_tumor.prediction.arguments import add_arguments


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="predict")
    add_arguments(parser)
    return parser.parse_args([*arguments])


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("12", 12), ("all", "all")])
def test_volumes_are_counted_from_1_or_all(text: str, expected: int | str) -> None:
    assert parse("--volume", text).volume == expected


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("1", 1), ("0.25", 0.25)])
def test_a_strength_is_a_share(text: str, expected: float) -> None:
    assert parse("--heatmap-strength", text).heatmap_strength == expected


@pytest.mark.parametrize(
    ("option", "text", "complaint"),
    [
        *(("--volume", text, "is neither a number from 1 on nor all") for text in ("0", "-1", "1.5", "", "ALL")),
        *(("--heatmap-strength", text, "is not a number from 0 to 1") for text in ("-0.1", "1.1", "nan", "half", "")),
        *(("--csv", text, "is not a file's name; give one") for text in ("", ".", "..", "/", "a/..")),
        ("--plane", "diagonal", "axial"),
        ("--window", "brain", "robust"),
        ("--block-files", "0", "0"),
    ],
)
def test_anything_else_is_wrong_use_that_names_what_is_taken(
    option: str, text: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(f"{option}={text}")
    assert caught.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert option in last and complaint in last


def test_excel_is_a_table_or_a_form_of_the_others() -> None:
    assert parse("--csv-excel").csv_excel is True
    assert str(parse("--csv-excel", "a.csv").csv_excel) == "a.csv"


@pytest.mark.parametrize("others", [("--json", "--quiet"), ("--json", "--lines"), ("--lines", "--quiet")])
def test_only_one_form_is_shown(others: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        parse(*others)
