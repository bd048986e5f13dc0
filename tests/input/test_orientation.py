from typing import Any

import numpy as np
import pytest

from brain_tumor.input.orientation import ascending_normal, nearest_plane, normal, radiological_view
from brain_tumor.input.scan import AS_STORED, Sides, View
from brain_tumor.input.series import Plane
from tests.dicom_factory import make_dicom, read_slices
from tests.input.slices import AXIAL, CORONAL, SAGITTAL

PICTURE = np.arange(6, dtype=np.uint16).reshape(2, 3) * 100


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        (AXIAL, Plane.AXIAL),
        ((0.99, 0.1, 0, -0.1, 0.99, 0.2), Plane.AXIAL),
        (CORONAL, Plane.CORONAL),
        (SAGITTAL, Plane.SAGITTAL),
    ],
)
def test_the_plane_is_the_one_across_the_nearest_axis(orientation: Any, plane: Plane) -> None:
    assert nearest_plane(orientation[:3], orientation[3:]) is plane


def test_the_normal_is_at_right_angles_to_rows_and_columns() -> None:
    assert normal((1, 0, 0), (0, 1, 0)).tolist() == [0, 0, 1]
    assert normal((2, 0, 0), (0, 0, -3)).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (AXIAL, (0, 0, 1)),  # to superior
        ((1, 0, 0, 0, -1, 0), (0, 0, 1)),
        (CORONAL, (0, -1, 0)),  # to anterior
        (SAGITTAL, (1, 0, 0)),  # to the left
    ],
)
def test_slices_count_to_superior_anterior_and_left(orientation: Any, expected: Any) -> None:
    assert ascending_normal(orientation[:3], orientation[3:]).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("orientation", "sides"),
    [
        (AXIAL, Sides("R", "L", "A", "P")),
        (CORONAL, Sides("R", "L", "S", "I")),
        (SAGITTAL, Sides("A", "P", "S", "I")),
    ],
)
def test_the_usual_orientations_are_shown_as_stored(orientation: Any, sides: Sides) -> None:
    assert radiological_view(orientation[:3], orientation[3:]) == (AS_STORED, sides)


@pytest.mark.parametrize(
    ("orientation", "view"),
    [
        ((-1, 0, 0, 0, 1, 0), View(flips_columns=True)),
        ((1, 0, 0, 0, -1, 0), View(flips_rows=True)),
        ((0, 1, 0, 1, 0, 0), View(is_transposed=True)),
        ((0, -1, 0, -1, 0, 0), View(True, True, True)),
    ],
)
def test_an_axial_slice_is_turned_until_anterior_is_up_and_right_is_on_the_left(orientation: Any, view: View) -> None:
    assert radiological_view(orientation[:3], orientation[3:]) == (view, Sides("R", "L", "A", "P"))


def test_an_oblique_edge_has_two_letters() -> None:
    tilted = (1, 0, 0, 0, 0.8, -0.6)  # axial, its lower edge towards the chin
    _, sides = radiological_view(tilted[:3], tilted[3:])
    assert sides == Sides("R", "L", "AS", "PI")


@pytest.mark.parametrize(
    "view", [View(), View(True), View(flips_rows=True), View(True, True, False), View(True, True, True)]
)
def test_a_view_can_be_undone(view: View) -> None:
    shown = view.apply(PICTURE)
    assert view.undo(shown).tolist() == PICTURE.tolist()


@pytest.mark.parametrize(
    "view", [View(), View(True), View(flips_columns=True), View(True, True, False), View(True, True, True)]
)
def test_a_box_of_the_shown_picture_is_found_in_the_stored_one(view: View) -> None:
    stored = np.zeros((4, 8))
    stored[1, 5:7] = 1
    rows, columns = np.nonzero(view.apply(stored))
    height, width = view.apply(stored).shape
    box = (columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
    assert view.to_stored(box) == pytest.approx((5 / 8, 1 / 4, 7 / 8, 2 / 4))


def test_a_dicom_frame_is_turned_with_its_spacing() -> None:
    data = make_dicom(PICTURE, ImageOrientationPatient=[0, 1, 0, 1, 0, 0], PixelSpacing=[2, 1])
    scan = read_slices(data)[0].read()
    assert scan.pixels.shape == (3, 2)
    assert scan.pixels[:, 0].tolist() == pytest.approx([0, 0.2, 0.4])
    assert (scan.spacing_mm, scan.sides, scan.view) == ((1, 2), Sides("R", "L", "A", "P"), View(is_transposed=True))


@pytest.mark.parametrize(
    ("letters", "sides"),
    [
        (["L", "P"], Sides("R", "L", "A", "P")),
        (["R", "P"], Sides("R", "L", "A", "P")),
        (["L", "FP"], Sides("R", "L", "S", "I")),
        (["P", "F"], Sides("A", "P", "S", "I")),
        (["L", "R"], None),
        (["L"], None),
        (["X", "P"], None),
    ],
)
def test_named_directions_stand_in_for_an_orientation(letters: list[str], sides: Sides | None) -> None:
    assert read_slices(make_dicom(PICTURE, PatientOrientation=letters))[0].read().sides == sides


def test_a_dicom_frame_without_an_orientation_is_shown_as_stored_and_unmarked() -> None:
    scan = read_slices(make_dicom(PICTURE))[0].read()
    assert (scan.sides, scan.view) == (None, AS_STORED)
