import io
import struct

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.mgh import read_mgh_header
from brain_tumor.problems import Problem

# Version, width, height, depth, frames, type, degrees of freedom, whether a place in space follows.
SIZES = (1, 4, 6, 8, 2, 4, 0)
SPACINGS, DIRECTIONS, CENTRE = (1, 2, 3), (-1, 0, 0, 0, 0, -1, 0, 1, 0), (10, 20, 30)


def make_header(kind: int = 4, is_placed: int = 1) -> bytes:
    head = struct.pack(">7i h 15f", *SIZES[:5], kind, 0, is_placed, *SPACINGS, *DIRECTIONS, *CENTRE)
    return head.ljust(284, b"\0")


def test_the_middle_voxel_lies_at_the_centre() -> None:
    header = read_mgh_header(io.BytesIO(make_header()), "a.mgh")
    assert (header.shape, header.volumes, header.dtype, header.offset) == ((4, 6, 8), 2, np.dtype(">i2"), 284)
    assert header.is_placed and (header.affine @ [2, 3, 4, 1])[:3].tolist() == [10, 20, 30]
    assert header.affine[:3, 0].tolist() == [-1, 0, 0]  # the first axis runs to the left, by 1 mm
    assert header.affine[:3, 1].tolist() == [0, 0, -2]  # the second downwards, by 2 mm


def test_without_a_place_slices_are_coronal_of_one_millimetre() -> None:
    header = read_mgh_header(io.BytesIO(make_header(is_placed=0)), "a.mgh")
    assert not header.is_placed
    assert header.affine[:3, :3].tolist() == [[-1, 0, 0], [0, 0, 1], [0, -1, 0]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", Problem.MISSING_VOXELS),
        (make_header()[:283], Problem.MISSING_VOXELS),
        (make_header(kind=2), Problem.BAD_VOXEL_TYPE),
        (make_header(kind=-1), Problem.BAD_VOXEL_TYPE),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, problem: Problem) -> None:
    with pytest.raises(ScanError) as caught:
        read_mgh_header(io.BytesIO(content), "a.mgh")
    assert caught.value.problem is problem
