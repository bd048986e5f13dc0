import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from brain_tumor.atomic_write import NewFolder, write_whole, written_whole
from brain_tumor.errors import BrainTumorError
from tests.disk import full_disk

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A file of an earlier run, which nothing but a whole new one may replace."""
    path = tmp_path / "out.json"
    path.write_bytes(b"old")
    yield path
    assert [item.name for item in tmp_path.iterdir()] == ["out.json"]


def test_a_whole_file_replaces_the_old_one(old: Path) -> None:
    write_whole(old, b"new")
    assert old.read_bytes() == b"new"


def test_the_old_file_is_there_until_the_new_one_is_whole(old: Path) -> None:
    with written_whole(old) as unfinished:
        unfinished.write_bytes(b"half")
        assert (old.read_bytes(), unfinished.name) == (b"old", "out.json.part")
        unfinished.write_bytes(b"whole")
    assert old.read_bytes() == b"whole"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(old: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with written_whole(old) as unfinished:
            unfinished.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert old.read_bytes() == b"old"


@on_posix
def test_a_full_disk_leaves_the_old_file_and_nothing_else(old: Path) -> None:
    with full_disk(1000), pytest.raises(OSError):  # noqa: PT011 - the number differs between systems
        write_whole(old, bytes(2000))
    assert old.read_bytes() == b"old"


def test_a_block_that_writes_nothing_is_an_error(old: Path) -> None:
    with pytest.raises(FileNotFoundError), written_whole(old):
        pass
    assert old.read_bytes() == b"old"


def test_a_name_stays_inside_the_folder(tmp_path: Path) -> None:
    folder = NewFolder(tmp_path / "new", "reports")
    assert folder.free_stem("../a/../../b", ["html"]) == tmp_path / "new/a/b"
    assert folder.free_stem("..", ["html"]) == tmp_path / "new/unnamed"


def test_a_taken_name_gets_a_number_whatever_its_ending(tmp_path: Path) -> None:
    folder = NewFolder(tmp_path / "new", "reports")
    folder.write(tmp_path / "new/1.5 mm.pdf", b"one")
    assert folder.free_stem("1.5 mm", ["html", "pdf"]) == tmp_path / "new/1.5 mm-2"
    assert folder.free_stem("1.5 mm", ["html"]) == tmp_path / "new/1.5 mm"


def test_a_long_name_leaves_room_for_ending_and_number(tmp_path: Path) -> None:
    stem = NewFolder(tmp_path / "new", "reports").free_stem("ä" * 200, ["html"])
    assert stem.name == "ä" * 100


def test_a_folder_that_vanishes_between_two_files_is_not_made_again(tmp_path: Path) -> None:
    folder = NewFolder(tmp_path / "new", "reports")
    folder.write(tmp_path / "new/1.html", b"one")
    rmtree(tmp_path / "new")
    with pytest.raises(BrainTumorError, match=r"new: is gone, with the reports in it; run again, in a new folder"):
        folder.write(tmp_path / "new/2.html", b"two")
    assert not (tmp_path / "new").exists()


@on_posix
def test_a_file_that_does_not_fit_leaves_those_before_it_and_says_what_to_do(tmp_path: Path) -> None:
    folder = NewFolder(tmp_path / "new", "reports")
    folder.write(tmp_path / "new/1.html", b"one")
    with full_disk(1000), pytest.raises(BrainTumorError, match="make room there or name another folder"):
        folder.write(tmp_path / "new/2.html", bytes(2000))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["1.html"]
