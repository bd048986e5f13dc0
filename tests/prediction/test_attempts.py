from pathlib import Path

import pytest

from brain_tumor.prediction.attempts import TRIES, Attempts


def die(folder: Path, *read: str) -> Attempts:
    """A try that reads these and never ends."""
    attempts = Attempts(folder, "block")
    for name in read:
        attempts.note(name)
    return attempts


def test_the_first_try_is_not_slowed_down_by_notes(tmp_path: Path) -> None:
    first = die(tmp_path, "a", "b")
    assert not first.is_careful
    assert (tmp_path / "block.tries").read_text().count("\n") == 1


def test_a_file_that_was_last_three_times_is_given_up(tmp_path: Path) -> None:
    die(tmp_path)
    for _ in range(TRIES - 1):
        assert not die(tmp_path, "good", "poison").given_up
    assert die(tmp_path).given_up == {"poison"}


def test_deaths_on_different_files_give_up_none(tmp_path: Path) -> None:
    die(tmp_path)
    for name in "abcdef":
        assert die(tmp_path, name).given_up == set()


def test_a_block_that_is_answered_leaves_nothing(tmp_path: Path) -> None:
    die(tmp_path).end()
    assert list(tmp_path.iterdir()) == []
    assert not Attempts(tmp_path, "block").is_careful


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    die(tmp_path, "a")
    with (tmp_path / "block.tries").open("a") as file:
        file.write('["node:1')
    assert Attempts(tmp_path, "block").is_careful


def test_a_block_that_ends_every_process_stops_the_run(tmp_path: Path) -> None:
    for number in range(51):
        die(tmp_path, str(number))
    with pytest.raises(RuntimeError, match="workers ended"):
        Attempts(tmp_path, "block")
