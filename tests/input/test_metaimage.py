"""What a MetaImage header says, line by line; tests/input/test_volume_file.py compares whole files with SimpleITK."""

import io

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.metaimage import read_metaimage_header
from brain_tumor.input.volume_header import RGB, Packing, VolumeHeader
from brain_tumor.problems import Problem

FIELDS = {
    "NDims": "3",
    "BinaryData": "True",
    "DimSize": "3 4 5",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}


def header_text(**fields: str | None) -> bytes:
    """A header; None leaves a field out, and the data file is the last."""
    data_file = fields.pop("ElementDataFile", FIELDS["ElementDataFile"])
    rest = {**FIELDS, **fields, "ElementDataFile": data_file}
    del rest["ElementDataFile"]
    rest["ElementDataFile"] = data_file
    return "".join(f"{key} = {value}\n" for key, value in rest.items() if value is not None).encode()


def read(**fields: str | None) -> VolumeHeader:
    return read_metaimage_header(io.BytesIO(header_text(**fields)), "a.mha")


def test_voxels_begin_behind_the_header() -> None:
    header = read()
    assert header.shape == (3, 4, 5) and header.dtype == np.dtype("<i2")
    assert header.offset == len(header_text()) and header.data_files == ()


def test_axes_run_to_the_left_and_back_as_those_of_dicom() -> None:
    header = read(TransformMatrix="1 0 0 0 1 0 0 0 1", Offset="10 20 30", ElementSpacing="1 2 3")
    assert header.is_placed
    assert (header.affine @ [1, 1, 1, 1]).tolist() == [-11, -22, 33, 1]


def test_rows_of_the_matrix_are_the_directions_of_the_axes() -> None:
    header = read(TransformMatrix="0 1 0 0 0 1 1 0 0")  # the first axis runs to the back
    assert (header.affine[:3, 0]).tolist() == [0, -1, 0]


def test_without_a_matrix_the_directions_are_a_guess() -> None:
    assert not read(ElementSpacing="1 1 1").is_placed


@pytest.mark.parametrize(("name", "order"), [("ElementByteOrderMSB", ">"), ("BinaryDataByteOrderMSB", ">")])
def test_the_byte_order_has_two_names(name: str, order: str) -> None:
    assert read(**{name: "True"}).dtype == np.dtype(f"{order}i2")


def test_three_bytes_are_a_colour_and_three_shorts_are_three_volumes() -> None:
    assert read(ElementType="MET_UCHAR", ElementNumberOfChannels="3").dtype == RGB
    header = read(ElementNumberOfChannels="3")
    assert header.volumes == 3 and header.is_interleaved


def test_a_fourth_axis_counts_volumes_and_a_third_may_be_missing() -> None:
    assert read(NDims="4", DimSize="3 4 5 6").volumes == 6
    assert read(NDims="2", DimSize="3 4").shape == (3, 4, 1)


def test_voxels_may_lie_beside_the_header_at_its_end_or_packed() -> None:
    header = read(ElementDataFile="./brain.zraw", CompressedData="True", HeaderSize="16")
    assert header.data_files == ("brain.zraw",) and header.packing is Packing.DEFLATE and header.offset == 16
    header = read(ElementDataFile="brain.raw", HeaderSize="-1")
    assert header.from_end and header.offset == 0


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"ElementDataFile": None}, Problem.DAMAGED),
        ({"ElementDataFile": "LIST"}, Problem.DATA_ELSEWHERE),
        ({"ElementDataFile": "slice%03d.raw 1 5 1"}, Problem.DATA_ELSEWHERE),
        ({"BinaryData": "False"}, Problem.DATA_ELSEWHERE),
        ({"ElementType": "MET_STRING"}, Problem.BAD_VOXEL_TYPE),
        ({"ElementType": None}, Problem.BAD_VOXEL_TYPE),
        ({"DimSize": None}, Problem.BAD_DIMENSIONS),
        ({"DimSize": "3 0 5"}, Problem.BAD_DIMENSIONS),
        ({"DimSize": "3 4"}, Problem.BAD_DIMENSIONS),  # of three
        ({"ElementNumberOfChannels": "0"}, Problem.BAD_DIMENSIONS),
    ],
)
def test_what_cannot_be_read_says_why(fields: dict[str, str | None], problem: Problem) -> None:
    with pytest.raises(ScanError) as caught:
        read(**fields)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    "fields", [{"DimSize": "3 4 five"}, {"Offset": "1 2"}, {"TransformMatrix": "1 0"}, {"ElementSpacing": "a b c"}]
)
def test_a_number_that_is_none_is_a_value_error(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int() and float() say it in their own words
        read(**fields)
