from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from brain_tumor.input.dicom_facts import FactsReader, FrameFacts, number_of, text_of
from brain_tumor.input.dicom_frames import Frames
from brain_tumor.input.series_kind import SeriesKind
from tests.dicom_factory import make_item, make_sequence


def read(index: int = 0, **elements: Any) -> FrameFacts:
    dataset = make_item(Modality="MR", **elements)
    return FactsReader(dataset, Frames(dataset)).read(index)


def with_private(group: int, creator: str, *elements: tuple[int, str, Any], **others: Any) -> FrameFacts:
    dataset = make_item(Modality="MR", **others)
    dataset.add_new(Tag(group, 0x0010), "LO", creator)
    for element, vr, value in elements:
        dataset.add_new(Tag(group, element), vr, value)
    return FactsReader(dataset, Frames(dataset)).read(0)


def test_a_file_that_says_nothing_is_magnitude_without_facts() -> None:
    assert read() == FrameFacts(kind=SeriesKind.MAGNITUDE)


def test_facts_of_a_classic_file_are_rounded_so_that_equal_values_are_equal() -> None:
    facts = read(EchoNumbers=2, EchoTime=4.9249, FlipAngle=30, InversionTime=700, AcquisitionNumber=3)
    assert (facts.echo_number, facts.echo_time_ms, facts.flip_angle) == (2, 4.92, 30.0)
    assert (facts.inversion_time_ms, facts.acquisition) == (700.0, 3)


@pytest.mark.parametrize(
    ("group", "creator", "elements", "expected"),
    [
        (0x0019, "SIEMENS MR HEADER", [(0x100C, "IS", 1000)], 1000),
        (0x0019, "SOMEBODY ELSE", [(0x100C, "IS", 1000)], None),
        # GE adds 10^9 to images with several directions.
        (0x0043, "GEMS_PARM_01", [(0x1039, "IS", [1000000800, 8, 0, 0])], 800),
        (0x2001, "Philips Imaging DD 001", [(0x1003, "FL", 600.0)], 600),
        # A viewer that does not know the element hands on its bytes.
        (0x0019, "SIEMENS MR HEADER", [(0x100C, "UN", b"50 ")], 50),
        (0x0019, "SIEMENS MR HEADER", [(0x100C, "LO", "none")], None),
        (0x0019, "SIEMENS MR HEADER", [(0x100C, "IS", -1)], None),
    ],
)
def test_a_b_value_is_that_of_the_vendor_whose_block_it_is(
    group: int, creator: str, elements: list[tuple[int, str, Any]], expected: int | None
) -> None:
    assert with_private(group, creator, *elements).b_value == expected


def test_the_standard_s_b_value_counts_before_a_vendor_s() -> None:
    elements = ((0x100C, "IS", 1000),)
    assert with_private(0x0019, "SIEMENS MR HEADER", *elements, DiffusionBValue=500.0).b_value == 500


@pytest.mark.parametrize(
    ("name", "b_value", "direction"),
    [("ep_b1000#12", 1000, (12.0,)), ("*ep_b0", 0, None), ("ep_b1000t", 1000, None), ("tfl3d1", None, None)],
)
def test_the_name_of_a_siemens_sequence_tells_b_value_and_direction(
    name: str, b_value: int | None, direction: tuple[float, ...] | None
) -> None:
    facts = read(SequenceName=name)
    assert (facts.b_value, facts.direction) == (b_value, direction)


def test_what_a_frame_says_itself_counts_before_what_all_share() -> None:
    elements: dict[str, Any] = {
        "NumberOfFrames": 2,
        "SharedFunctionalGroupsSequence": make_sequence(MREchoSequence=make_sequence(EffectiveEchoTime=10.0)),
        "PerFrameFunctionalGroupsSequence": [
            make_item(MREchoSequence=make_sequence(EffectiveEchoTime=20.0)),
            make_item(),
        ],
    }
    assert [read(index, **elements).echo_time_ms for index in (0, 1)] == [20.0, 10.0]


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, SeriesKind.MAGNITUDE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, SeriesKind.PHASE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P"], "Modality": "CT"}, None),
    ],
)
def test_only_images_of_mr_have_a_kind(elements: dict[str, Any], kind: SeriesKind | None) -> None:
    dataset = make_item(**{"Modality": "MR", **elements})
    assert FactsReader(dataset, Frames(dataset)).read(0).kind is kind


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("7", 7.0),
        (b"7\\8", 7.0),
        ([7, 8], 7.0),
        ([], None),
        ("seven", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_a_number_is_the_first_of_several_and_finite(value: Any, number: float | None) -> None:
    assert number_of(value) == number


def test_a_text_has_no_fill_around_it() -> None:
    dataset = Dataset()
    dataset.SeriesDescription = " T1 \x00"
    assert text_of(dataset, "SeriesDescription") == "T1"
    assert text_of(dataset, "ProtocolName") is None
