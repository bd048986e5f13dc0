import os
from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence

from brain_tumor.input.files import find_files, open_paths, read_file, to_source
from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.input.no_images import HIDDEN, LINKED_FOLDERS, LeftOut
from brain_tumor.input.sources import find_any_sources
from brain_tumor.problems import Problem
from tests.dicom_factory import make_dicom, make_sequence
from tests.factories import png_bytes
from tests.input.slices import dicom_bytes
from tests.refused import refused


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_gives_its_files_then_those_of_its_subfolders_both_sorted() -> None:
    touch(Path("in/b/1"), Path("in/c"), Path("in/a/2"), Path("in/a/1"))
    assert list(find_files(["in"])) == ["in/c", "in/a/1", "in/a/2", "in/b/1"]


def test_hidden_files_and_folders_are_left_out() -> None:
    touch(Path("in/.DS_Store"), Path("in/.cache/1"), Path("in/1"))
    assert list(find_files(["in"])) == ["in/1"]


def test_a_hidden_file_named_outright_is_taken() -> None:
    touch(Path(".1"))
    assert list(find_files([".1"])) == [".1"]


@pytest.mark.parametrize("target", [".", "..", "x"])
def test_a_link_to_where_the_search_is_anyway_gives_no_file_twice(target: str) -> None:
    touch(Path("in/x/1"))
    Path("in/loop").symlink_to(target, target_is_directory=True)
    assert list(find_files(["in"])) == ["in/x/1"]


def test_a_linked_folder_is_followed_after_all_others() -> None:
    touch(Path("elsewhere/y/2"), Path("in/x/1"))
    Path("in/a").symlink_to("../elsewhere", target_is_directory=True)
    assert list(find_files(["in"])) == ["in/x/1", "in/a/y/2"]


def test_a_folder_that_holds_only_a_link_is_searched() -> None:
    touch(Path("elsewhere/2"))
    Path("in").mkdir()
    Path("in/a").symlink_to("../elsewhere", target_is_directory=True)
    assert list(find_files(["in"])) == ["in/a/2"]


def test_two_links_that_lead_into_each_others_folders_are_followed_once() -> None:
    touch(Path("one/1"), Path("two/2"))
    Path("one/to-two").symlink_to("../two", target_is_directory=True)
    Path("two/to-one").symlink_to("../one", target_is_directory=True)
    assert list(find_files(["one"])) == ["one/1", "one/to-two/2"]


def test_a_link_to_a_folder_above_gives_what_is_not_known_yet() -> None:
    touch(Path("all/in/1"), Path("all/other/2"))
    Path("all/in/up").symlink_to("..", target_is_directory=True)
    assert list(find_files(["all/in"])) == ["all/in/1", "all/in/up/other/2"]


def test_folders_that_two_stars_do_not_follow_are_counted() -> None:
    touch(Path("in/x/1"))
    Path("in/loop").symlink_to(".", target_is_directory=True)
    left_out = LeftOut()
    assert list(find_files(["in/**"], left_out=left_out)) == ["in/x/1"]
    assert left_out.kinds[LINKED_FOLDERS] == 1 and left_out.files == 0


def test_what_is_no_image_is_counted_when_it_was_found_and_taken_when_it_was_named() -> None:
    touch(
        Path("in/1.png"), Path("in/dataset.json"), Path("in/Thumbs.db"), Path("in/._1.png"), Path("in/__MACOSX/2.png")
    )
    left_out = LeftOut()
    assert list(find_files(["in"], left_out=left_out)) == ["in/1.png"]
    assert left_out.kinds == {".json": 1, ".db": 1, HIDDEN: 2} and left_out.files == 4
    assert list(find_files(["in/dataset.json"])) == ["in/dataset.json"]


@pytest.mark.parametrize("name", ["../2.png", "/etc/passwd", "", "..", "sub/2.png", "out.png"])
def test_no_file_outside_the_folder_lies_beside_another(name: str) -> None:
    touch(Path("in/1.png"), Path("2.png"), Path("in/sub/2.png"))
    Path("in/out.png").symlink_to("../2.png")
    assert to_source("in/1.png").find_beside(name) is None


def test_a_pattern_is_expanded_in_sorted_order() -> None:
    touch(Path("b.png"), Path("a.png"), Path("c.jpg"))
    assert list(find_files(["*.png"])) == ["a.png", "b.png"]


def test_two_stars_reach_into_subfolders() -> None:
    touch(Path("in/a.png"), Path("in/x/y/b.png"))
    assert list(find_files(["in/**/*.png"])) == ["in/a.png", "in/x/y/b.png"]


def test_two_stars_give_each_file_once() -> None:
    touch(Path("in/x/1"))
    assert list(find_files(["in/**"])) == ["in/x/1"]


def test_a_pattern_that_matches_folders_searches_them() -> None:
    touch(Path("in/x/1"), Path("in/y/z/2"))
    assert list(find_files(["in/*"])) == ["in/x/1", "in/y/z/2"]


def test_a_pattern_gives_a_folders_own_files_before_those_of_its_subfolders() -> None:
    touch(Path("in/a1"), Path("in/d/x1"), Path("in/z1"))
    for pattern in ("in/*", "in/**", "in/**/*1"):
        assert list(find_files([pattern])) == ["in/a1", "in/z1", "in/d/x1"]


def test_two_stars_search_the_folders_that_match_and_give_no_file_twice() -> None:
    touch(Path("in/T1/1"), Path("in/T1/T1_2"), Path("in/x/T1_3"), Path("in/x/4"), Path("in/x/T1_y/T1_z/5"))
    assert list(find_files(["in/**/T1*"])) == ["in/T1/1", "in/T1/T1_2", "in/x/T1_3", "in/x/T1_y/T1_z/5"]


@pytest.mark.parametrize("pattern", ["in/**", "in/**/*", "in/**/1", "in/**/*/1", "**/1", "**", "in/**/**/1"])
def test_two_stars_do_not_follow_linked_folders(pattern: str) -> None:
    touch(Path("in/x/1"))
    # glob would go round in two loops for ever.
    for name in ("loop", "pool"):
        Path("in", name).symlink_to(".", target_is_directory=True)
    assert list(find_files([pattern])) == ["in/x/1"]


def test_two_stars_below_a_name_with_brackets_are_expanded() -> None:
    touch(Path("in[1]/[2]/a.png"))
    assert list(find_files(["in[[]1]/**/*.png"])) == ["in[1]/[2]/a.png"]


def test_an_absolute_pattern_is_expanded(tmp_path: Path) -> None:
    touch(Path("a.png"))
    assert list(find_files([f"{tmp_path}/*.png"])) == [f"{tmp_path}/a.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file() -> None:
    touch(Path("a[1].png"))
    assert list(find_files(["a[1].png"])) == ["a[1].png"]


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    touch(Path("in/a"), Path("in/z"))
    Path("in/loop").symlink_to("loop")
    for skip in ((), {tmp_path / "elsewhere"}):
        assert list(find_files(["in"], skip)) == ["in/a", "in/loop", "in/z"]
    with refused(Problem.UNREADABLE, "in/loop"):
        read_file("in/loop")


def test_a_name_that_is_too_long_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    touch(Path("a"))
    assert list(find_files(["x" * 300, "a"], {tmp_path / "elsewhere"})) == ["x" * 300, "a"]
    with refused(Problem.UNREADABLE):
        read_file("x" * 300)


@pytest.mark.parametrize("path", ["missing.png", "missing/*.png"])
def test_what_is_not_there_is_given_as_it_is(path: str) -> None:
    assert list(find_files([path])) == [path]


def test_a_name_that_a_spreadsheet_takes_for_a_formula_becomes_a_path() -> None:
    touch(Path("=1+1.png"))
    assert list(find_files(["*.png"])) == ["./=1+1.png"]


def test_skipped_paths_are_left_out(tmp_path: Path) -> None:
    touch(Path("in/1"), Path("in/2"))
    assert list(find_files(["in"], skip={tmp_path.resolve() / "in" / "1"})) == ["in/2"]


def test_a_file_is_read_whole() -> None:
    touch(Path("a"))
    assert read_file("a") == b"x"


def test_of_a_huge_file_one_byte_more_than_allowed_is_read() -> None:
    with Path("huge").open("wb") as file:
        file.truncate(20 * 2**30)  # a hole: it takes no space
    assert len(read_file("huge")) == MAX_SCAN_BYTES + 1


def test_a_large_archive_is_read_whole() -> None:
    with Path("large.zip").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(MAX_SCAN_BYTES + 10)
    assert len(read_file("large.zip")) == MAX_SCAN_BYTES + 10


def test_a_source_reads_the_file_whole_or_piece_by_piece() -> None:
    touch(Path("a"))
    source = to_source("a")
    with source.stream() as stream:
        assert (source.name, source.read(), stream.read()) == ("a", b"x", b"x")


def test_the_source_of_a_missing_file_says_so_when_it_is_used() -> None:
    source = to_source("missing")
    for use in (source.read, source.stream):
        with refused(Problem.UNREADABLE, "missing"):
            use()


def test_a_missing_file_is_a_scan_error() -> None:
    with refused(Problem.UNREADABLE, "missing"):
        read_file("missing")


def test_a_folder_is_a_scan_error() -> None:
    Path("in").mkdir()
    with refused(Problem.IS_A_FOLDER, "in"):
        read_file("in")


def test_a_folder_that_cannot_be_listed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: str) -> None:
        raise PermissionError

    Path("in").mkdir()
    monkeypatch.setattr(os, "scandir", deny)  # root may list every folder
    with refused(Problem.FOLDER, "in"):
        read_file("in")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_without_a_writer_does_not_block() -> None:
    os.mkfifo("pipe")
    with refused(Problem.NOT_REGULAR):
        read_file("pipe")


def test_a_folder_to_skip_is_left_out_with_all_that_it_holds() -> None:
    touch(Path("in/maps/x/1.png"), Path("in/maps2/1.png"), Path("in/1.png"))
    assert list(find_files(["in"], {Path("in/maps").resolve()})) == ["in/1.png", "in/maps2/1.png"]


def test_paths_are_opened_as_series_in_their_order(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(png_bytes())
    opened = list(open_paths([str(tmp_path), str(tmp_path / "none.png")]))
    assert [series.name for series in opened] == [str(tmp_path / name) for name in ("a.png", "b.png", "none.png")]
    assert opened[0].slices[0].read().pixels.shape == (64, 64)


def test_a_path_that_cannot_be_read_is_a_slice_that_says_why(tmp_path: Path) -> None:
    (series,) = open_paths([str(tmp_path / "none.png")])
    with refused(Problem.UNREADABLE):
        series.slices[0].read()


def write_disc(folder: Path, records: list[tuple[str, list[str]]]) -> None:
    listed = [make_sequence(DirectoryRecordType=kind, ReferencedFileID=path)[0] for kind, path in records]
    folder.mkdir(exist_ok=True)
    directory = make_dicom(None, SOPClassUID="1.2.840.10008.1.3.10", DirectoryRecordSequence=Sequence(listed))
    (folder / "DICOMDIR").write_bytes(directory)
    for number in (1, 2):
        path = folder / "dicom" / f"im{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(
            dicom_bytes(
                values=np.full((4, 6), number),
                InstanceNumber=number,
                SOPInstanceUID=f"1.2.3.{number}",
                SeriesInstanceUID="1.2.3",
            )
        )


def test_a_dicomdir_that_is_named_opens_the_images_it_lists() -> None:
    write_disc(Path("disc"), [("PATIENT", []), ("IMAGE", ["DICOM", "IM1"]), ("IMAGE", ["DICOM", "IM2"]), ("SR", ["X"])])
    assert list(find_files(["disc/DICOMDIR"])) == ["disc/dicom/im1", "disc/dicom/im2"]
    assert [file.name for file in find_any_sources(["disc/DICOMDIR"])] == ["disc/dicom/im1", "disc/dicom/im2"]
    (series,) = open_paths(["disc/DICOMDIR"])
    assert len(series.slices) == 2


def test_a_dicomdir_that_was_found_is_counted_and_no_slice_comes_twice() -> None:
    write_disc(Path("disc"), [("IMAGE", ["DICOM", "IM1"])])
    left_out = LeftOut()
    (series,) = open_paths(["disc"], left_out=left_out)
    assert (len(series.slices), left_out.files) == (2, 1)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_dicomdir_leads_to_nothing_outside_its_folder() -> None:
    write_disc(Path("disc"), [("IMAGE", ["..", "secret"]), ("IMAGE", ["/etc/passwd"]), ("IMAGE", ["DICOM", "IM1"])])
    assert list(find_files(["disc/DICOMDIR"])) == ["disc/dicom/im1"]


def test_a_dicomdir_that_lists_nothing_or_is_damaged_is_an_error() -> None:
    write_disc(Path("disc"), [])
    with refused(Problem.DICOMDIR):
        next(open_paths(["disc/DICOMDIR"])).slices[0].read()
