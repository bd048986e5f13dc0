import math
from typing import Any

import pytest

from brain_tumor.input.dicom_frames import Frames, ImagePlane
from brain_tumor.input.voi import VoiWindow
from tests.dicom_factory import ORIENTATION, make_item, make_sequence, make_table

CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def frames(**elements: Any) -> Frames:
    return Frames(make_item(**elements))


def test_the_distance_along_the_normal_leaves_out_what_lies_in_the_plane() -> None:
    assert ImagePlane(CORONAL, (90, 7, -40)).along_normal_mm == -7  # y runs to posterior, slices count to anterior


@pytest.mark.parametrize("plane", [ImagePlane(None, (0, 0, 1)), ImagePlane(CORONAL, None)])
def test_half_a_plane_has_no_distance(plane: ImagePlane) -> None:
    assert plane.along_normal_mm is None


def test_a_classic_file_says_the_same_for_each_frame() -> None:
    classic = frames(ImageOrientationPatient=ORIENTATION, ImagePositionPatient=[1, 2, 3], PixelSpacing=[0.5, 0.7])
    assert classic.plane(0) == classic.plane(7) == ImagePlane((1, 0, 0, 0, 1, 0), (1, 2, 3))
    assert classic.spacing_mm(0) == classic.spacing_mm(7) == (0.5, 0.7)


def test_a_frames_own_statement_goes_before_the_shared_one_and_that_before_the_files() -> None:
    def measured(*spacing: float) -> Any:
        return make_sequence(PixelSpacing=list(spacing))

    own = make_sequence(PixelMeasuresSequence=measured(1, 1))
    own.append(make_item())
    enhanced = frames(
        PerFrameFunctionalGroupsSequence=own,
        SharedFunctionalGroupsSequence=make_sequence(PixelMeasuresSequence=measured(2, 2)),
        PixelSpacing=[3, 3],
    )
    assert (enhanced.spacing_mm(0), enhanced.spacing_mm(1)) == ((1, 1), (2, 2))
    assert frames(PixelSpacing=[3, 3]).spacing_mm(0) == (3, 3)


@pytest.mark.parametrize("position", [[1, 2], [math.inf, 0, 0], None])
def test_a_position_that_is_no_point_is_none(position: list[float] | None) -> None:
    found = frames(ImageOrientationPatient=ORIENTATION, **({"ImagePositionPatient": position} if position else {}))
    assert found.plane(0) == ImagePlane((1, 0, 0, 0, 1, 0), None)


def test_nothing_said_is_a_scale_that_changes_nothing() -> None:
    scale = frames().grey_scale(0)
    assert (scale.slope, scale.intercept, scale.window, scale.padding) == (1, 0, None, None)
    assert not scale.white_is_low


def test_rescale_window_and_meaning_are_read() -> None:
    scale = frames(
        RescaleSlope=2, RescaleIntercept=-5, WindowCenter=[40, 50], WindowWidth=[80, 90],
    VOILUTFunction="SIGMOID ", PhotometricInterpretation="MONOCHROME1",
    ).grey_scale(0)  # fmt: skip
    assert (scale.slope, scale.intercept, scale.white_is_low) == (2, -5, True)
    assert scale.window == VoiWindow(40, 80, "SIGMOID")


def test_padding_is_a_range_whichever_end_comes_first() -> None:
    both = frames(PixelPaddingValue=9, PixelPaddingRangeLimit=4, BitsAllocated=16)
    assert both.grey_scale(0).padding == (4, 9)
    assert frames(PixelPaddingValue=9, BitsAllocated=16).grey_scale(0).padding == (9, 9)


def test_a_table_starts_at_a_signed_value_where_pixels_are_signed() -> None:
    table = frames(PixelRepresentation=1, ModalityLUTSequence=make_table([5, 6, 7], -2)).grey_scale(0).modality_table
    assert table and (table.first, table.entries.tolist(), table.bits) == (-2, [5, 6, 7], 16)


@pytest.mark.parametrize("descriptor", [[9, 0, 16], [3, 0, 0], [3, 0, 17]])
def test_a_table_that_cannot_be_meant_is_refused(descriptor: list[int]) -> None:
    table = make_table([1, 2, 3], 0)
    table[0].LUTDescriptor = descriptor
    with pytest.raises(ValueError, match="lookup table"):
        frames(VOILUTSequence=table).grey_scale(0)
