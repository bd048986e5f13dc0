from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from brain_tumor.input import volume
from brain_tumor.input.scan import Sides, WindowUse
from brain_tumor.input.series import Plane, ReadOptions, Series, WindowMode
from brain_tumor.input.volume_file import read_volume
from brain_tumor.problems import Problem
from tests.input.volumes import make_values, nifti_bytes
from tests.refused import refused


def read(
    values: NDArray[np.generic], affine: object = None, plane: Plane | None = None, window: WindowMode = WindowMode.FULL
) -> Series:
    data = nifti_bytes(values, np.eye(4) if affine is None else affine)  # type: ignore[arg-type]
    return read_volume(data, "brain.nii", ReadOptions(plane, window))


@pytest.mark.parametrize(
    ("spacings", "plane"),
    [
        ((1, 1, 5), Plane.AXIAL),
        ((1, 5, 1), Plane.CORONAL),
        ((5, 1, 1), Plane.SAGITTAL),
        ((1, 1, 1), Plane.AXIAL),
        ((1.0001, 1, 1), Plane.AXIAL),
    ],
)
def test_the_acquired_plane_has_the_finest_resolution_inside_it(
    spacings: tuple[float, float, float], plane: Plane
) -> None:
    assert read(make_values(), np.diag([*spacings, 1])).plane is plane


def test_with_equal_spacings_the_last_stored_axis_runs_from_slice_to_slice() -> None:
    stored_sagittally = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    assert read(make_values(), stored_sagittally).plane is Plane.SAGITTAL


def test_a_single_slice_is_shown_in_its_own_plane() -> None:
    assert read(make_values((4, 1, 5)), np.diag([3, 1, 1, 1])).plane is Plane.CORONAL


def test_another_plane_can_be_asked_for() -> None:
    series = read(make_values((3, 4, 5)), np.diag([1, 1, 9, 1]), Plane.SAGITTAL)
    assert (series.plane, len(series.slices)) == (Plane.SAGITTAL, 3)


@pytest.mark.parametrize(
    ("plane", "positions"),
    [
        (Plane.AXIAL, [30, 33, 36, 39, 42]),  # towards superior
        (Plane.CORONAL, [20, 22, 24, 26]),  # towards anterior
        (Plane.SAGITTAL, [-12, -11, -10]),  # towards left, and right is world's 10, 11, 12
    ],
)
def test_positions_grow_from_slice_to_slice_along_the_normal(plane: Plane, positions: list[float]) -> None:
    affine = np.array([[1, 0, 0, 10], [0, 2, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]])
    assert [slice_.position_mm for slice_ in read(make_values(), affine, plane).slices] == pytest.approx(positions)


def test_of_a_flipped_volume_positions_grow_too() -> None:
    affine = np.diag([1, 1, -3, 1])
    assert [slice_.position_mm for slice_ in read(make_values(), affine).slices] == pytest.approx([-12, -9, -6, -3, 0])


def test_positions_of_oblique_slices_are_as_far_apart_as_the_slices() -> None:
    angle = np.radians(25)
    affine = np.eye(4)
    affine[1:3, 1:3] = 2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    positions = [slice_.position_mm for slice_ in read(make_values(), affine, Plane.AXIAL).slices]
    assert np.diff(np.array(positions, float)) == pytest.approx(2)


def test_pixels_are_made_square_at_the_finer_spacing() -> None:
    scan = read(make_values((8, 4, 5)), np.diag([1, 2, 3, 1]), Plane.AXIAL).slices[0].read()
    assert scan.pixels.shape == (8, 8)
    assert scan.spacing_mm == pytest.approx((1, 1))


def test_the_spacing_says_what_rounding_to_whole_pixels_left() -> None:
    scan = read(make_values((3, 4, 5)), np.diag([1, 1, 2.5, 1]), Plane.CORONAL).slices[0].read()
    assert scan.pixels.shape == (12, 3)  # 12.5 mm high
    assert scan.spacing_mm == pytest.approx((12.5 / 12, 1))


def test_square_pixels_are_left_as_they_are() -> None:
    values = np.random.default_rng(0).integers(0, 99, (6, 7, 2)).astype(np.int16)
    scan = read(values, np.diag([0.5, 0.5, 3, 1])).slices[0].read()
    expected = (values[::-1, ::-1, 0].T - values.min()) / (values.max() - values.min())
    assert scan.pixels == pytest.approx(expected, abs=1e-6)
    assert scan.spacing_mm == (0.5, 0.5)


def test_the_window_is_that_of_the_whole_volume() -> None:
    values = np.full((2, 2, 3), 50, np.int16)
    values[..., 1], values[..., 2] = 0, 100
    assert [float(slice_.read().pixels.max()) for slice_ in read(values).slices] == pytest.approx([0.5, 0, 1])


@pytest.mark.parametrize("window", [WindowMode.ROBUST, WindowMode.FILE])
def test_a_robust_window_leaves_out_the_hundredth_part_on_both_ends(window: WindowMode) -> None:
    values = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    values[0, 0, 0] = 30000
    fitted, use = volume.fit_window(_volume(values), window, "a")
    assert fitted == pytest.approx((10.99, 990.01), abs=2)
    assert use is WindowUse.ROBUST


@pytest.mark.parametrize("asked", [(0, 4095), (300, 3700), (-1000, 6000)])
def test_a_window_of_the_file_that_fits_its_values_is_taken(asked: tuple[float, float]) -> None:
    fitted = volume.fit_window(_volume(_ramp(), asked), WindowMode.FILE, "a")
    assert fitted == (asked, WindowUse.FILE)


@pytest.mark.parametrize("asked", [(0, 1), (0, 100_000), (5000, 9000), (0, 20_000), (0, 500), (3900, 4300)])
def test_a_window_of_the_file_that_would_hide_its_values_is_not(asked: tuple[float, float]) -> None:
    fitted, use = volume.fit_window(_volume(_ramp(), asked), WindowMode.FILE, "a")
    assert fitted == pytest.approx((40.95, 4054.05))
    assert use is WindowUse.UNFIT
    assert volume.fit_window(_volume(_ramp(), asked), WindowMode.STORED, "a") == (asked, WindowUse.FILE)


def test_a_sample_stands_for_a_large_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(500, 100, (64, 64, 64)).astype(np.float32)
    whole, _ = volume.fit_window(_volume(values), WindowMode.ROBUST, "a")
    monkeypatch.setattr(volume, "_SAMPLED_VOXELS", 20_000)
    assert volume.fit_window(_volume(values), WindowMode.ROBUST, "a")[0] == pytest.approx(whole, rel=0.02)


def test_the_full_window_sees_every_voxel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "_PIECE_VOXELS", 7)
    values = make_values()
    values[1, 2, 3] = -300
    assert volume.fit_window(_volume(values), WindowMode.FULL, "a") == ((-300, 59), WindowUse.FULL)


def _ramp() -> NDArray[np.int16]:
    return np.arange(4096, dtype=np.int16).reshape(16, 16, 16)


def test_a_bright_spot_in_an_empty_volume_is_shown() -> None:
    values = np.zeros((10, 10, 10), np.float32)
    values[5, 5, 5] = 1
    assert read(values, window=WindowMode.ROBUST).slices[5].read().pixels.max() == 1


def test_what_is_no_number_becomes_the_minimum() -> None:
    values = make_values().astype(np.float32)
    values[0, 0, 0], values[1, 0, 0], values[2, 0, 0] = np.nan, np.inf, -np.inf
    pixels = read(values).slices[0].read().pixels
    assert pixels[-1].tolist() == [0, 0, 0]
    assert np.isfinite(pixels).all()


def test_a_volume_without_a_number_is_an_error() -> None:
    with refused(Problem.NO_FINITE_VOXEL):
        read(np.full((3, 4, 5), np.nan, np.float32))


def test_an_even_volume_is_black_and_every_slice_is_listed() -> None:
    slices = read(np.full((3, 4, 5), 7, np.int16)).slices
    assert [float(slice_.read().pixels.max()) for slice_ in slices] == [0] * 5


def test_values_beyond_single_precision_are_read() -> None:
    values = np.array([-1e300, 0, 1e300]).reshape(3, 1, 1)
    assert read(values, plane=Plane.AXIAL).slices[0].read().pixels[0].tolist() == pytest.approx([1, 0.5, 0])


def test_too_many_slices_are_refused() -> None:
    with refused(Problem.SLICES_TOO_LARGE):
        read(np.zeros((1, 1, 5000), np.uint8), plane=Plane.AXIAL)


def test_an_absurd_aspect_is_refused() -> None:
    with refused(Problem.SLICES_TOO_LARGE):
        read(make_values((8, 8, 4)), np.diag([0.001, 1000, 1, 1]), Plane.AXIAL)


def _volume(values: NDArray[np.generic], file_window: tuple[float, float] | None = None) -> volume.Volume:
    stored = np.asfortranarray(values)
    return volume.Volume(stored, np.eye(4), (0, 1, 2), (True, True, True), file_window=file_window)


def test_a_slice_knows_which_values_are_black_and_white() -> None:
    values = make_values()
    assert read(values).slices[0].read().value_range == (values.min(), values.max())


def test_a_slice_of_a_placed_volume_knows_its_sides() -> None:
    slices = {plane: volume.reslice(_volume(make_values()), plane, WindowMode.FULL, "a") for plane in Plane}
    assert {plane: found[0].read().sides for plane, found in slices.items()} == {
        Plane.AXIAL: Sides("R", "L", "A", "P"),
        Plane.CORONAL: Sides("R", "L", "S", "I"),
        Plane.SAGITTAL: Sides("A", "P", "S", "I"),
    }


def test_a_volume_whose_place_is_a_guess_has_no_sides() -> None:
    placed = replace(_volume(make_values()), is_placed=False)
    assert volume.reslice(placed, Plane.AXIAL, WindowMode.FULL, "a")[0].read().sides is None
