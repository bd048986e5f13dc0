"""What an NRRD header says, line by line; tests/input/test_volume_file.py compares whole files with pynrrd."""

import io

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.nrrd import read_nrrd_header
from brain_tumor.input.volume_header import RGB, Packing, VolumeHeader
from brain_tumor.problems import Problem

FIELDS = {"type": "short", "dimension": "3", "sizes": "3 4 5", "encoding": "raw"}
PLACED = {"space": "left-posterior-superior", "space directions": "(1,0,0) (0,2,0) (0,0,3)"}


def header_text(fields: dict[str, str | None]) -> bytes:
    """A header; None leaves a field out."""
    lines = [f"{key}: {value}" for key, value in {**FIELDS, **fields}.items() if value is not None]
    return "\n".join(["NRRD0004", *lines, "", ""]).encode()


def read(fields: dict[str, str | None] | None = None) -> VolumeHeader:
    return read_nrrd_header(io.BytesIO(header_text(fields or {}) + bytes(120)), "a.nrrd")


def test_voxels_begin_behind_the_empty_line() -> None:
    header = read()
    assert header.shape == (3, 4, 5) and header.dtype == np.dtype("<i2")
    assert header.offset == len(header_text({})) and not header.is_placed


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ("left-posterior-superior", [-11, -22, 33]),
        ("LPS", [-11, -22, 33]),
        ("right-anterior-superior", [11, 22, 33]),
        ("LAS", [-11, 22, 33]),
    ],
)
def test_the_space_says_where_axes_run(space: str, expected: list[float]) -> None:
    header = read({**PLACED, "space": space, "space origin": "(10,20,30)"})
    assert header.is_placed and (header.affine @ [1, 1, 1, 1])[:3].tolist() == expected


def test_of_a_scanner_s_own_space_nothing_is_known() -> None:
    assert not read({**PLACED, "space": "scanner-xyz"}).is_placed


def test_spacings_alone_are_kept_without_a_place() -> None:
    header = read({"spacings": "1 2 3"})
    assert np.abs(header.affine).diagonal().tolist() == [1, 2, 3, 1] and not header.is_placed


def test_values_may_stand_before_the_axes_of_space_or_behind() -> None:
    first = read({"dimension": "4", "sizes": "6 3 4 5", "space directions": "none (1,0,0) (0,1,0) (0,0,1)"})
    assert (first.shape, first.volumes, first.is_interleaved) == ((3, 4, 5), 6, True)
    last = read({"dimension": "4", "sizes": "3 4 5 6", "kinds": "domain domain domain list"})
    assert (last.shape, last.volumes, last.is_interleaved) == ((3, 4, 5), 6, False)


def test_colours_are_three_bytes_that_say_so() -> None:
    fields: dict[str, str | None] = {"dimension": "4", "sizes": "3 3 4 5", "kinds": "RGB-color domain domain domain"}
    header = read({**fields, "type": "uchar"})
    assert header.dtype == RGB and header.volumes == 1 and not header.is_interleaved
    assert read(fields).volumes == 3  # of shorts


def test_a_segmentation_of_3d_slicer_is_a_label_map() -> None:
    text = header_text({})[:-1] + b"# a comment\nSegment0_Name:=tumor\n\n"
    assert read_nrrd_header(io.BytesIO(text), "a.nrrd").is_label_map
    assert not read().is_label_map


def test_voxels_may_lie_beside_the_header_at_its_end_or_packed() -> None:
    header = read({"data file": "./brain.raw", "byte skip": "16"})
    assert header.data_files == ("brain.raw",) and header.offset == 16
    assert read({"datafile": "brain.raw", "byteskip": "-1"}).from_end
    assert read({"encoding": "gzip"}).packing is Packing.DEFLATE


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"type": "block"}, Problem.BAD_VOXEL_TYPE),
        ({"type": None}, Problem.BAD_VOXEL_TYPE),
        ({"sizes": None}, Problem.BAD_DIMENSIONS),
        ({"sizes": "3 4"}, Problem.BAD_DIMENSIONS),  # of three
        ({"sizes": "3 -4 5"}, Problem.BAD_DIMENSIONS),
        ({"dimension": "5", "sizes": "3 4 5 2 2"}, Problem.BAD_DIMENSIONS),  # two axes that are not of space
        ({"encoding": "bzip2"}, Problem.DATA_ELSEWHERE),
        ({"encoding": None}, Problem.DATA_ELSEWHERE),
        ({"line skip": "2"}, Problem.DATA_ELSEWHERE),
        ({"data file": "LIST"}, Problem.DATA_ELSEWHERE),
        ({"data file": "slice%03d.raw 1 5 1"}, Problem.DATA_ELSEWHERE),
    ],
)
def test_what_cannot_be_read_says_why(fields: dict[str, str | None], problem: Problem) -> None:
    with pytest.raises(ScanError) as caught:
        read(fields)
    assert caught.value.problem is problem


@pytest.mark.parametrize("fields", [{"sizes": "3 4 five"}, {"space directions": "(1,0,0) (0,a,0) (0,0,1)"}])
def test_a_number_that_is_none_is_a_value_error(fields: dict[str, str | None]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int() and float() say it in their own words
        read(fields)
