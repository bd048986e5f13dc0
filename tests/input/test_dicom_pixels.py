import io
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from brain_tumor.input.dicom_pixels import decode_frame
from brain_tumor.problems import Problem
from tests.dicom_factory import make_compressed, make_dicom
from tests.refused import refused

RAMP = np.array([[0, 1, 2], [3, 4, 5]], np.uint16)


def decoded(data: bytes, index: int = 0) -> np.ndarray:
    return decode_frame(dcmread(io.BytesIO(data), force=True), index, "scan")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_stored_values_come_out_as_they_are(syntax: UID) -> None:
    assert decoded(make_dicom(RAMP, syntax=syntax)).tolist() == RAMP.tolist()


def test_signed_values_keep_their_sign() -> None:
    assert decoded(make_dicom(RAMP.astype(np.int16) - 3)).tolist() == [[-3, -2, -1], [0, 1, 2]]


def test_each_frame_is_decoded_alone() -> None:
    assert decoded(make_dicom(np.stack([RAMP.T, RAMP.T + 10])), 1).tolist() == (RAMP.T + 10).tolist()


def test_values_at_the_upper_end_of_their_bits_move_down_without_the_overlay_below() -> None:
    stored = (RAMP << 4) | 0b1010
    assert decoded(make_dicom(stored, BitsStored=12, HighBit=15)).tolist() == RAMP.tolist()


def test_colour_is_rgb_of_eight_bits() -> None:
    colours = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    found = decoded(make_dicom(colours))
    assert found.dtype == np.uint8 and np.array_equal(found, colours)


def test_deeper_colour_is_divided_by_its_depth() -> None:
    found = decoded(make_dicom(np.full((1, 1, 3), 65_535, np.uint16)))
    assert found.dtype == np.uint8 and found.tolist() == [[[255, 255, 255]]]


def test_a_full_range_luma_without_colour_is_grey() -> None:
    ybr = np.full((2, 2, 3), 128, np.uint8)
    ybr[..., 0] = 77
    assert np.unique(decoded(make_dicom(ybr, PhotometricInterpretation="YBR_FULL"))).tolist() == [77]


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({"PixelData": None}, Problem.NO_PIXELS),
        ({"PhotometricInterpretation": "HSV"}, Problem.UNKNOWN_PIXELS),
        ({"PhotometricInterpretation": None}, Problem.UNKNOWN_PIXELS),
        ({"BitsStored": 12, "HighBit": 3}, Problem.BAD_PIXELS),
        ({"PhotometricInterpretation": "RGB"}, Problem.BAD_PIXELS),
    ],
)
def test_pixels_that_cannot_be_meant_are_refused(elements: dict[str, Any], problem: Problem) -> None:
    data = make_dicom(RAMP, **elements)
    with refused(problem, "scan"):
        decoded(data)


def test_an_unknown_compression_is_refused() -> None:
    data = make_compressed(bytes(2), UID("1.2.826.0.1.3680043.8.498.99"), 2, 2)
    with refused(Problem.UNKNOWN_COMPRESSION, "scan") as caught:
        decoded(data)
    assert caught.value.facts == {"found": None}
