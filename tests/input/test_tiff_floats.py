"""Floating-point TIFF files that Pillow does not know: NumPy's own numbers."""

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from brain_tumor.input.raster import read_raster
from brain_tumor.input.tiff_floats import Tags
from brain_tumor.problems import Problem
from tests.refused import refused


def tiff(values: NDArray[np.generic], order: str = "<", strips: int = 1, **other: int) -> bytes:
    """A plain TIFF; values: (rows, columns). other: tags by number, as t258=16."""
    rows, columns = values.shape
    pixels = values.astype(f"{order}{values.dtype.str[1:]}").tobytes()
    part = len(pixels) // strips
    tags = {256: columns, 257: rows, 258: 8 * values.itemsize, 259: 1, 262: 1, 273: 400, 277: 1, 278: rows // strips}
    tags |= {279: part, 339: {"f": 3, "i": 2}.get(values.dtype.kind, 1)}
    tags |= {int(tag[1:]): value for tag, value in other.items()}
    lists = b""
    if strips > 1:
        tags |= {273: 200, 279: 200 + 4 * strips}
        lists = struct.pack(f"{order}{2 * strips}I", *(400 + part * item for item in range(strips)), *[part] * strips)
    count = {273: strips, 279: strips}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, count.get(tag, 1), tags[tag]) for tag in sorted(tags))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    return (head.ljust(200, b"\0") + lists).ljust(400, b"\0") + pixels


RAMP = np.linspace(0, 1, 64 * 50).reshape(64, 50)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("strips", [1, 4])
@pytest.mark.parametrize("kind", ["f8", "f2"])
def test_numbers_from_0_to_1_are_kept(order: str, strips: int, kind: str) -> None:
    scan = read_raster(tiff(RAMP.astype(kind), order, strips), "a", "TIFF")
    assert scan.pixels == pytest.approx(RAMP, abs=1e-3)


def test_other_numbers_are_stretched_and_what_is_no_number_is_black() -> None:
    values = 500 * RAMP - 100
    values[1, 1] = np.nan
    pixels = read_raster(tiff(values), "a", "TIFF").pixels
    assert (pixels[0, 0], pixels[-1, -1], pixels[1, 1]) == pytest.approx((0, 1, 0))


def test_numbers_whose_zero_is_white_are_inverted() -> None:
    assert read_raster(tiff(RAMP, t262=0), "a", "TIFF").pixels == pytest.approx(1 - RAMP, abs=1e-6)


def test_a_file_that_ends_before_its_pixels_is_damaged() -> None:
    with refused(Problem.DAMAGED):
        read_raster(tiff(RAMP)[:-1], "a", "TIFF")


def test_strips_that_say_the_same_bytes_again_and_again_take_no_more_than_the_picture() -> None:
    data = bytearray(tiff(RAMP, strips=20))
    struct.pack_into("<40I", data, 200, *[0] * 20, *[len(data)] * 20)
    assert read_raster(bytes(data), "a", "TIFF").pixels.shape == RAMP.shape


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (tiff(RAMP, t259=8), "compressed 64-bit floating-point numbers"),
        (tiff((RAMP * 1000).astype("i8")), "64-bit signed integers"),
        (tiff(RAMP, t277=2), "2 channels of 64-bit floating-point numbers, stored together"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, kind: str) -> None:
    with refused(Problem.PIXEL_KIND) as caught:
        read_raster(data, "a", "TIFF")
    assert kind in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"II+\0\x08\0\0\0" + bytes(8)])
def test_a_damaged_directory_says_nothing(data: bytes) -> None:
    tags = Tags(data)
    assert tags.size == (0, 0)
    assert not tags.is_rare
