from pathlib import Path

import pytest

from tests.dicom_out.objects import BLANK, HEAD, make
from tests.mr_series import FRAME_OF_REFERENCE_UID, write_enhanced, write_series


def test_a_heat_map_is_a_fractional_probability_of_the_same_size_in_the_same_place(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a", [BLANK, HEAD, HEAD, HEAD], name="mapped")
    heat_map = make(files, with_heat_map=True)[2]
    assert (heat_map.SegmentationType, heat_map.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    assert "Heat map" in heat_map.SegmentSequence[0].SegmentLabel
    assert "no outline" in heat_map.ContentDescription
    assert heat_map.pixel_array.shape == (3, 128, 96)  # a blank slice has no location
    # 0.8 in the second of four rows, in the third and fourth of four columns.
    assert heat_map.pixel_array[0, 48, 84] / heat_map.MaximumFractionalValue == pytest.approx(0.8, abs=0.02)
    assert heat_map.pixel_array[0, :, :24].max() == 0
    positions_mm = [
        item.PlanePositionSequence[0].ImagePositionPatient[2] for item in heat_map.PerFrameFunctionalGroupsSequence
    ]
    assert sorted(positions_mm) == [5, 10, 15]
    assert heat_map.FrameOfReferenceUID == FRAME_OF_REFERENCE_UID


def test_heat_maps_of_frames_refer_to_their_frames(tmp_path: Path) -> None:
    heat_map = make([write_enhanced(tmp_path / "mapped.dcm", [BLANK, HEAD, HEAD])], with_heat_map=True)[2]
    sources = {
        int(frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber): float(
            frame.PlanePositionSequence[0].ImagePositionPatient[2]
        )
        for frame in heat_map.PerFrameFunctionalGroupsSequence
    }
    assert sources == {2: 5, 3: 10}


def test_a_heat_map_needs_a_tumor_and_a_place(tmp_path: Path) -> None:
    assert len(make(write_series(tmp_path / "a", [HEAD] * 3, name="healthy"), with_heat_map=True)) == 2
    lost = write_series(tmp_path / "b", [HEAD], name="mapped", ImagePositionPatient=None)
    assert len(make(lost, with_heat_map=True)) == 2


def test_a_heat_map_of_images_without_a_thickness_has_their_distance(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 3, name="mapped", apart_mm=7.5, SliceThickness=None)
    *_, heat_map = make(files, with_heat_map=True)
    measures = heat_map.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SliceThickness == 7.5


def test_images_at_one_place_have_one_heat_map_all_the_same(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 3, name="mapped", ImagePositionPatient=[0, 0, 0])
    assert make(files, with_heat_map=True)[2].pixel_array.ndim == 2
