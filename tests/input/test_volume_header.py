from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.volume_header import RGB, VolumeHeader, check_layout, is_usable, to_affine
from brain_tumor.problems import Problem

HEADER = VolumeHeader("NRRD", (4, 3, 2), np.dtype(np.int16), np.eye(4), True)


def test_directions_and_an_origin_make_an_affine() -> None:
    affine, is_placed = to_affine(np.diag([-1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]))
    assert is_placed
    assert (affine @ [1, 1, 1, 1]).tolist() == [9, 22, 33, 1]


@pytest.mark.parametrize(
    "directions",
    [
        [[1, 1, 0], [1, 1, 0], [0, 0, 1]],  # two axes run the same way
        [[1, 0, 0], [0, 1, 0], [0, 0, np.nan]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
    ],
)
def test_directions_that_are_none_leave_the_spacings_and_no_place(directions: list[list[float]]) -> None:
    affine, is_placed = to_affine(np.array(directions, float), np.zeros(3))
    assert not is_placed
    assert is_usable(affine) and np.count_nonzero(affine) == 4


def test_an_origin_beyond_any_scanner_is_not_used() -> None:
    assert not to_affine(np.eye(3), np.array([1e9, 0, 0]))[1]


def test_bytes_count_all_volumes_only_where_they_are_interleaved() -> None:
    assert replace(HEADER, volumes=5).volume_bytes == 4 * 3 * 2 * 2
    assert replace(HEADER, volumes=5, is_interleaved=True).volume_bytes == 4 * 3 * 2 * 2 * 5


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (replace(HEADER, shape=(4, 0, 2)), Problem.BAD_DIMENSIONS),
        (replace(HEADER, volumes=0), Problem.BAD_DIMENSIONS),
        (replace(HEADER, dtype=np.dtype(np.complex64)), Problem.VOXEL_TYPE),
        (replace(HEADER, shape=(2048, 2048, 2048)), Problem.VOLUME_TOO_LARGE),
        (replace(HEADER, offset=2**40), Problem.VOLUME_TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused(header: VolumeHeader, problem: Problem) -> None:
    with pytest.raises(ScanError) as caught:
        check_layout(header, "a.nrrd")
    assert caught.value.problem is problem


@pytest.mark.parametrize("header", [HEADER, replace(HEADER, dtype=RGB)])
def test_greys_and_colours_are_taken(header: VolumeHeader) -> None:
    check_layout(header, "a.nrrd")
