from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.dicom_out.objects import BLANK, HEAD, make
from tests.mr_series import SERIES_UID, write_series

LOOKED_FROM_THE_FRONT = [1, 0, 0, 0, 0, -1]


def capture(files: list[Path]) -> Dataset:
    return make(files)[1]


def test_the_picture_is_in_colour_and_names_the_slice_that_it_shows(tumor: list[Path]) -> None:
    picture = capture(tumor)
    assert (picture.PhotometricInterpretation, picture.BitsStored, picture.pixel_array.shape[2]) == ("RGB", 8, 3)
    (source,) = picture.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == f"{SERIES_UID}.1"
    assert picture.DerivationDescription.startswith("Slice 1 with the location map")


def test_the_location_map_is_laid_over_the_slice(tumor: list[Path], tmp_path: Path) -> None:
    def coloured_px(picture: Dataset) -> int:
        return int(np.count_nonzero(np.ptp(picture.pixel_array.astype(int), axis=2) > 40))

    plain = capture(write_series(tmp_path / "plain", [HEAD] * 5))
    assert coloured_px(capture(tumor)) > coloured_px(plain) + 1000


def test_a_patient_s_directions_are_dicom_s_letters(tmp_path: Path) -> None:
    coronal = write_series(tmp_path, [HEAD] * 3, ImageOrientationPatient=LOOKED_FROM_THE_FRONT)
    assert capture(coronal).PatientOrientation == ["L", "F"]


def test_images_that_do_not_say_how_they_lie_give_a_picture_without_directions(tmp_path: Path) -> None:
    lost = write_series(tmp_path, [HEAD], ImageOrientationPatient=None, ImagePositionPatient=None)
    assert not capture(lost).PatientOrientation


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("body_part", ["HEAD", "head of Jane Doe", None])
def test_a_body_part_is_taken_over_where_it_is_a_code(tmp_path: Path, body_part: str | None) -> None:
    elements: dict[str, Any] = {"BodyPartExamined": body_part} if body_part else {}
    picture = capture(write_series(tmp_path, [HEAD], **elements))
    # The standard wants one of the two.
    assert (picture.get("BodyPartExamined"), picture.get("Laterality")) == (
        ("HEAD", None) if body_part == "HEAD" else (None, "")
    )


def test_a_picture_of_a_slice_that_was_not_analysed_shows_no_map(tmp_path: Path) -> None:
    picture = capture(write_series(tmp_path, [BLANK], name="mapped"))
    top, bottom = 60, 572  # under the notice, above the answer in words
    assert np.ptp(picture.pixel_array[top:bottom].astype(int), axis=2).max() == 0
