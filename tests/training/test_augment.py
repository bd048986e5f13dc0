from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the training extra is not installed")

from scipy import ndimage

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.augment import Draw, change_grey, move
from brain_tumor_training.recipes import Augmentation
from tests.training.drawn import UNCHANGED

SIDE = 64


def still() -> Draw:
    """A draw that changes nothing."""
    return Draw.sample(UNCHANGED, np.random.default_rng(0))


def square(rows: slice, columns: slice) -> FloatArray:
    image = np.zeros((SIDE, SIDE), np.float32)
    image[rows, columns] = 1
    return image


def test_nothing_is_changed_where_every_range_is_shut() -> None:
    image = np.random.default_rng(1).random((SIDE, SIDE)).astype(np.float32)
    assert move(image, still()) == pytest.approx(image, abs=1e-6)
    assert change_grey(image, still()) == pytest.approx(image, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_a_bright_square_stays_under_its_mask(seed: int) -> None:
    draw = Draw.sample(Augmentation(), np.random.default_rng(seed))
    tumor = square(slice(24, 36), slice(40, 50))
    image, mask = move(0.2 + 0.8 * tumor, draw), move(tumor, draw)
    assert (mask > 0.9).sum() > 30
    assert image[mask > 0.9].min() > 0.9
    assert image[mask == 0].max() < 0.21


def test_a_mirror_image_has_left_and_right_exchanged_and_nothing_else() -> None:
    draw = replace(still(), matrix=np.diag([1.0, -1.0]))
    moved = move(square(slice(8, 12), slice(0, 6)), draw)
    assert moved == pytest.approx(square(slice(8, 12), slice(SIDE - 6, SIDE)), abs=1e-5)


def test_half_of_the_draws_are_mirrored() -> None:
    rng = np.random.default_rng(0)
    only_mirror = replace(UNCHANGED, mirror=True)
    turned = [np.linalg.det(Draw.sample(only_mirror, rng).matrix) < 0 for _ in range(400)]
    assert 160 < sum(turned) < 240


def test_a_zoom_of_two_makes_four_times_the_area() -> None:
    draw = Draw.sample(replace(UNCHANGED, zoom=(2.0, 2.0)), np.random.default_rng(0))
    assert move(square(slice(28, 36), slice(28, 36)), draw).sum() == pytest.approx(4 * 64, rel=0.05)


def test_a_shift_is_a_share_of_the_side() -> None:
    draw = replace(still(), shift=np.array([0.25, 0.0]))  # the output at row r shows the input at row r + 16
    moved = move(square(slice(30, 34), slice(10, 20)), draw)
    assert moved == pytest.approx(square(slice(14, 18), slice(10, 20)), abs=1e-5)


def test_a_quarter_turn_moves_the_top_to_the_right() -> None:
    # The output at (row, column) shows the input at (-column, row), counted from the centre.
    draw = replace(still(), matrix=np.array([[0.0, -1.0], [1.0, 0.0]]))
    moved = move(square(slice(0, 8), slice(28, 36)), draw)
    assert moved == pytest.approx(square(slice(28, 36), slice(56, 64)), abs=1e-5)


@pytest.mark.parametrize("side", [48, 64, 299])
def test_a_bias_field_is_the_coarse_grid_interpolated(side: int) -> None:
    bias = np.random.default_rng(3).uniform(0.7, 1.3, (4, 4)).astype(np.float32)
    view = change_grey(np.full((side, side), 0.5, np.float32), replace(still(), bias=bias))
    wanted = 0.5 * ndimage.zoom(bias, side / 4, order=1, grid_mode=True, mode="nearest")
    assert view == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_every_view_stays_between_black_and_white(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.random((SIDE, SIDE)).astype(np.float32)
    draw = Draw.sample(replace(Augmentation(), brightness=0.9, noise=0.5), rng)
    view = change_grey(move(image, draw), draw)
    assert view.dtype == np.float32
    assert view.shape == (SIDE, SIDE)
    assert view.min() >= 0
    assert view.max() <= 1


@pytest.mark.parametrize("side", [96, 224, 299])
def test_a_view_keeps_the_side_however_coarse_it_was(side: int) -> None:
    draw = replace(still(), coarseness=0.53)
    assert change_grey(np.full((side, side), 0.5, np.float32), draw).shape == (side, side)


def test_the_same_generator_state_gives_the_same_view() -> None:
    image = np.random.default_rng(1).random((SIDE, SIDE)).astype(np.float32)

    def view(seed: int) -> FloatArray:
        # Noise always, so that its own seed counts too.
        draw = replace(Draw.sample(Augmentation(), np.random.default_rng(seed)), noise=0.1)
        return change_grey(move(image, draw), draw)

    assert np.array_equal(view(5), view(5))
    assert not np.array_equal(view(5), view(6))


@pytest.mark.parametrize(("gamma", "brightness", "wanted"), [(2.0, 1.0, 0.25), (1.0, 0.5, 0.25), (1.0, 3.0, 1.0)])
def test_gamma_is_an_exponent_and_brightness_a_factor(gamma: float, brightness: float, wanted: float) -> None:
    grey = change_grey(np.full((SIDE, SIDE), 0.5, np.float32), replace(still(), gamma=gamma, brightness=brightness))
    assert grey == pytest.approx(np.full((SIDE, SIDE), wanted), abs=1e-6)


def test_noise_leaves_black_brighter_as_a_magnitude_does() -> None:
    noisy = change_grey(np.zeros((SIDE, SIDE), np.float32), replace(still(), noise=0.1))
    # The mean of a Rayleigh distribution is its scale times the square root of pi / 2.
    assert noisy.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2), rel=0.05)


def test_half_a_turn_brings_the_upper_left_to_the_lower_right() -> None:
    draw = Draw.sample(replace(UNCHANGED, upside_down=1.0), np.random.default_rng(0))
    assert move(square(slice(0, 8), slice(0, 16)), draw) == pytest.approx(square(slice(56, 64), slice(48, 64)))


def test_without_a_share_no_view_has_a_curve_is_inverted_or_clipped() -> None:
    draw = still()
    assert (draw.curve, draw.inverted, draw.window) == (None, False, (0.0, 1.0))


def test_a_share_of_the_views_has_each() -> None:
    rng = np.random.default_rng(0)
    shares = replace(UNCHANGED, curve=0.5, inverted=0.25, window=0.75)
    views = [Draw.sample(shares, rng) for _ in range(400)]
    assert 160 < sum(view.curve is not None for view in views) < 240
    assert 70 < sum(view.inverted for view in views) < 130
    assert 270 < sum(view.window != (0.0, 1.0) for view in views) < 330


def test_every_curve_rises_from_black_to_white() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        curve = Draw.sample(replace(UNCHANGED, curve=1.0), rng).curve
        assert curve is not None
        assert (curve[0], curve[-1]) == (0, pytest.approx(1))
        assert (np.diff(curve) > 0).all()


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.25, 0.4), (0.5, 0.8), (0.75, 0.9), (1.0, 1.0)])
def test_a_curve_is_linear_between_its_knots(before: float, after: float) -> None:
    draw = replace(still(), curve=np.array([0, 0.8, 1], np.float32))
    assert change_grey(np.full((SIDE, SIDE), before, np.float32), draw) == pytest.approx(after, abs=1e-6)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.1, 0.0), (0.35, 0.5), (0.6, 1.0), (0.9, 1.0)])
def test_a_window_makes_its_ends_black_and_white(before: float, after: float) -> None:
    draw = replace(still(), window=(0.1, 0.6))
    assert change_grey(np.full((SIDE, SIDE), before, np.float32), draw) == pytest.approx(after, abs=1e-6)


def test_no_window_cuts_off_more_than_a_tenth_of_the_dark_and_a_third_of_the_bright() -> None:
    rng = np.random.default_rng(0)
    windows = [Draw.sample(replace(UNCHANGED, window=1.0), rng).window for _ in range(50)]
    assert all(0 <= black <= 0.1 and 0.65 <= white <= 1 for black, white in windows)


def test_inversion_exchanges_bright_and_dark_in_the_head_and_leaves_the_air() -> None:
    head = square(slice(16, 48), slice(16, 48))
    head[16:48, 32:48] = 0.25
    inverted = change_grey(head, replace(still(), inverted=True))
    # White is 1 here, so 1 becomes 0 and 0.25 becomes 0.75.
    assert inverted[20:44, 18:31] == pytest.approx(0, abs=1e-6)
    assert inverted[20:44, 33:46] == pytest.approx(0.75)
    assert not inverted[:12].any() and not inverted[:, :12].any()


def test_inversion_is_relative_to_the_brightest_pixel() -> None:
    head = 0.5 * square(slice(16, 48), slice(16, 48))
    head[16:48, 32:48] = 0.2
    assert change_grey(head, replace(still(), inverted=True))[32, 40] == pytest.approx(0.3)
