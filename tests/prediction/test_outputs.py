"""Which outputs a command line asks for, and which of them would lose an earlier run's answers."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.labels import LABELS
from brain_tumor.prediction.arguments import add_arguments
from brain_tumor.prediction.outputs import Outputs, check_outputs, to_outputs


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Outputs]:
    """The outputs of a command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return lambda line: to_outputs(parser.parse_args(["a.png", *line.split()]), LABELS)


def test_every_output_that_was_asked_for_is_locked_and_kept_out_of_the_search(parse: Callable[[str], Outputs]) -> None:
    outputs = parse("--csv a.csv --jsonl b.jsonl --series-csv c.csv --study-csv d.csv --heatmaps maps")
    assert [path.name for path in outputs.names] == ["a.csv", "b.jsonl", "c.csv", "d.csv", "maps"]
    assert {path.resolve() for path in outputs.names} <= outputs.find_own()
    assert not outputs.uses_standard_output


def test_without_an_output_nothing_is_written(parse: Callable[[str], Outputs]) -> None:
    outputs = parse("")
    assert outputs.names == [] and outputs.find_own() == set()
    check_outputs(outputs, resume=False, overwrite=False)


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--series-csv", "--study-csv"])
def test_the_standard_output_has_no_file(parse: Callable[[str], Outputs], option: str) -> None:
    outputs = parse(f"{option} -")
    assert outputs.uses_standard_output
    assert outputs.names == [] and outputs.find_own() == set()


@pytest.mark.parametrize(
    "line",
    [
        "--csv a.csv --series-csv a.csv",
        "--csv a.csv --jsonl ./sub/../a.csv",
        "--csv a --heatmaps a",
        "--csv - --jsonl -",
        "--csv - --series-csv -",
        "--heatmaps files --report files",
    ],
)
def test_two_outputs_of_the_same_place_are_refused(parse: Callable[[str], Outputs], tmp_path: Path, line: str) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(BrainTumorError, match="two outputs have the same place; name another"):
        parse(line).find_own()


def test_parquet_is_no_stream(parse: Callable[[str], Outputs]) -> None:
    with pytest.raises(BrainTumorError, match="name a file with --parquet"):
        parse("--parquet -")


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--series-csv", "--study-csv"])
def test_a_table_that_exists_stays_unless_it_may_go(
    parse: Callable[[str], Outputs], tmp_path: Path, option: str
) -> None:
    old = tmp_path / "old"
    outputs = parse(f"{option} old")
    check_outputs(outputs, resume=False, overwrite=False)
    old.write_text("answers\n")
    with pytest.raises(BrainTumorError, match=r"^old: exists; add .* --resume, replace it with --overwrite"):
        check_outputs(outputs, resume=False, overwrite=False)
    check_outputs(outputs, resume=False, overwrite=True)
    assert old.read_text() == "answers\n"  # to check is not to write


@pytest.mark.parametrize(
    ("line", "overwrite", "message"),
    [
        ("", False, "name the earlier run's --csv, --jsonl or --parquet"),
        ("--series-csv a.csv", False, "name the earlier run's"),
        ("--csv -", False, "name the earlier run's"),
        ("--csv a.csv --jsonl -", False, "name the earlier run's"),
        ("--csv a.csv --heatmaps maps", False, "draw --heatmaps, .* in a run of their own"),
        ("--csv a.csv", True, "give one of them"),
    ],
)
def test_resume_needs_tables_to_go_on_with(
    parse: Callable[[str], Outputs], line: str, overwrite: bool, message: str
) -> None:
    with pytest.raises(BrainTumorError, match=message):
        check_outputs(parse(line), resume=True, overwrite=overwrite)


def test_resume_takes_a_table_whether_it_exists_or_not(parse: Callable[[str], Outputs], tmp_path: Path) -> None:
    (tmp_path / "old.csv").touch()
    for name in ("old.csv", "new.csv"):
        check_outputs(parse(f"--csv {name}"), resume=True, overwrite=False)
