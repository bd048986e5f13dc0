from itertools import pairwise

import numpy as np
import pytest

from brain_tumor.evaluation.corruptions import RICIAN_NOISE, STRENGTHS, Corruption, corrupt
from brain_tumor.input.scan import FloatArray, Scan
from tests.factories import make_scan


def draw_head() -> Scan:
    """A grey ellipse with a bright spot and a fine grain on black, 96 x 128 pixels."""
    y, x = np.mgrid[-1:1:96j, -1:1:128j]
    pixels = 0.5 * (x**2 / 0.3 + y**2 / 0.7 < 1) + 0.3 * ((x - 0.2) ** 2 + (y + 0.3) ** 2 < 0.02)
    grain = 0.1 * np.random.default_rng(0).random(pixels.shape) * (pixels > 0)
    return make_scan((pixels + grain).astype(np.float32))


HEAD = draw_head()


def damage(corruption: Corruption, strength: int, name: str = "slice.png", scan: Scan = HEAD) -> FloatArray:
    return corrupt(scan, corruption, strength, name).pixels


def grey(value: float, side: int = 64) -> Scan:
    return make_scan(np.full((side, side), value, np.float32))


def edge(side: int = 64) -> Scan:
    """Black on the left, white on the right."""
    pixels = np.zeros((side, side), np.float32)
    pixels[:, side // 2 :] = 1
    return make_scan(pixels)


@pytest.mark.parametrize("corruption", Corruption)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_corrupted_scan_has_the_shape_range_and_type_of_a_scan(corruption: Corruption, strength: int) -> None:
    pixels = damage(corruption, strength)
    assert pixels.shape == (96, 128)
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() < pixels.max() <= 1


@pytest.mark.parametrize("corruption", Corruption)
@pytest.mark.parametrize("name", ["a.png", "b.png", "c.png"])
def test_each_strength_is_farther_from_the_original_than_the_one_before(corruption: Corruption, name: str) -> None:
    distances = [float(np.sqrt(((damage(corruption, n, name) - HEAD.pixels) ** 2).mean())) for n in STRENGTHS]
    assert distances[0] > 0.003
    assert all(after > 1.02 * before for before, after in pairwise(distances)), distances


@pytest.mark.parametrize("corruption", Corruption)
def test_equal_arguments_give_equal_pixels_and_the_original_stays(corruption: Corruption) -> None:
    before = HEAD.pixels.copy()
    first, second = damage(corruption, 3), damage(corruption, 3)
    assert np.array_equal(first, second)
    assert np.array_equal(HEAD.pixels, before)


@pytest.mark.parametrize("corruption", [Corruption.GAUSSIAN_NOISE, Corruption.RICIAN_NOISE, Corruption.BIAS_FIELD])
def test_another_name_gives_another_draw(corruption: Corruption) -> None:
    assert not np.array_equal(damage(corruption, 3, "a.png"), damage(corruption, 3, "b.png"))


@pytest.mark.parametrize("corruption", Corruption)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 2)])
def test_the_smallest_pictures_pass_through(corruption: Corruption, shape: tuple[int, int]) -> None:
    pixels = damage(corruption, 5, scan=make_scan(np.full(shape, 0.5, np.float32)))
    assert pixels.shape == shape
    assert np.isfinite(pixels).all()


@pytest.mark.parametrize("strength", [0, 6])
def test_a_strength_outside_1_to_5_is_refused(strength: int) -> None:
    with pytest.raises(KeyError):
        damage(Corruption.BLUR, strength)


def test_colour_and_format_of_the_scan_stay() -> None:
    scan = Scan(HEAD.pixels, 0.07, "TIFF")
    corrupted = corrupt(scan, Corruption.BLUR, 1, "a")
    assert (corrupted.chroma, corrupted.file_format) == (0.07, "TIFF")


def test_gaussian_noise_has_the_stated_spread() -> None:
    assert damage(Corruption.GAUSSIAN_NOISE, 1, scan=grey(0.5, 256)).std() == pytest.approx(0.08, rel=0.02)


def test_rician_noise_raises_the_background_as_rayleigh_says() -> None:
    # Without a signal the magnitude of two noisy channels has a mean of sigma times the root of pi / 2.
    background = damage(Corruption.RICIAN_NOISE, 4, scan=grey(0.0, 256))
    assert background.mean() == pytest.approx(RICIAN_NOISE[3] * np.sqrt(np.pi / 2), rel=0.02)


def test_a_blurred_edge_is_still_in_its_place() -> None:
    row = damage(Corruption.BLUR, 3, scan=edge())[20]
    assert row[0] < 0.01 and row[-1] > 0.99
    assert row[31] + row[32] == pytest.approx(1.0, abs=1e-3)
    assert np.all(np.diff(row) > -1e-6)


def test_blur_grows_with_the_picture() -> None:
    edges = [damage(Corruption.BLUR, 5, scan=edge(side))[50] for side in (112, 224)]
    grey_columns = [int(((row > 0.1) & (row < 0.9)).sum()) for row in edges]
    assert grey_columns[1] == pytest.approx(2 * grey_columns[0], abs=2)


def test_pixelation_leaves_blocks_of_one_value_each_the_mean_of_its_pixels() -> None:
    # Strength 5 leaves a quarter: blocks of 4 x 4 pixels in a picture of 64.
    ramp = np.arange(64 * 64, dtype=np.float32).reshape(64, 64) / np.float32(64 * 64)
    pixels = damage(Corruption.PIXELATION, 5, scan=make_scan(ramp))
    assert len(np.unique(pixels)) == 16 * 16
    assert np.allclose(pixels[4:8, 8:12], ramp[4:8, 8:12].mean())


def test_pixelation_leaves_large_pictures_no_more_than_small_ones() -> None:
    # A quarter of 224 is 56, also for 448 columns that all differ.
    ramp = np.tile(np.linspace(0, 1, 448, dtype=np.float32), (448, 1))
    assert len(np.unique(damage(Corruption.PIXELATION, 5, scan=make_scan(ramp)))) == 56


def test_jpeg_shows_the_edges_of_its_blocks() -> None:
    steps = np.abs(np.diff(damage(Corruption.JPEG, 5), axis=1)).mean(axis=0)
    at_blocks = np.arange(1, 128) % 8 == 0
    assert steps[at_blocks].mean() > steps[~at_blocks].mean()


def test_brightness_adds_the_same_to_every_pixel() -> None:
    assert np.allclose(damage(Corruption.BRIGHTNESS, 2, scan=grey(0.3)), 0.5)
    assert np.allclose(damage(Corruption.BRIGHTNESS, 2, scan=grey(0.9)), 1.0)


def test_contrast_pulls_black_and_white_towards_the_mean() -> None:
    # Half black, half white: a tenth of the distance of 0.5 is left on both sides.
    assert np.unique(damage(Corruption.CONTRAST, 4, scan=edge())) == pytest.approx([0.45, 0.55])


def test_gamma_keeps_black_and_white_and_bends_the_middle_either_way() -> None:
    assert np.array_equal(damage(Corruption.GAMMA, 5, scan=edge()), edge().pixels)
    middles = {round(float(damage(Corruption.GAMMA, 5, str(n), grey(0.5))[0, 0]), 2) for n in range(20)}
    assert middles == {0.15, 0.77}


def test_the_bias_field_is_smooth_and_as_wide_as_stated() -> None:
    pixels = damage(Corruption.BIAS_FIELD, 2, scan=grey(0.5))
    assert (pixels.min(), pixels.max()) == (pytest.approx(0.4), pytest.approx(0.6))
    assert max(np.abs(np.diff(pixels, axis=axis)).max() for axis in (0, 1)) < 0.02


@pytest.mark.parametrize("corruption", [Corruption.MOTION, Corruption.GHOSTING])
def test_what_happens_in_k_space_shows_in_the_black_beside_the_head(corruption: Corruption) -> None:
    background = HEAD.pixels == 0
    assert damage(corruption, 5)[background].mean() > 0.01


@pytest.mark.parametrize("corruption", [Corruption.MOTION, Corruption.GHOSTING])
def test_what_happens_in_k_space_keeps_the_brightness_of_the_whole(corruption: Corruption) -> None:
    # The middle line, which carries the mean, is never touched.
    pixels = damage(corruption, 5, scan=grey(0.5))
    assert pixels.mean() == pytest.approx(0.5, abs=0.05)


def test_a_full_ghost_repeats_the_spot_along_one_direction_only() -> None:
    spot = np.zeros((64, 64), np.float32)
    spot[10, 20] = 1.0
    rows, columns = np.nonzero(damage(Corruption.GHOSTING, 5, scan=make_scan(spot)) > 0.1)
    assert len(rows) > 1
    assert set(rows.tolist()) == {10} or set(columns.tolist()) == {20}


def test_rotation_turns_the_picture_about_its_middle() -> None:
    # Strength 4 is 15 degrees: a spot 20 pixels right of the middle moves 20 sin 15 = 5.2 up or down.
    spot = np.zeros((65, 65), np.float32)
    spot[31:34, 51:54] = 1.0
    pixels = damage(Corruption.ROTATION, 4, scan=make_scan(spot))
    row, column = (float((axis * pixels).sum() / pixels.sum()) for axis in np.indices(pixels.shape))
    assert abs(row - 32) == pytest.approx(5.2, abs=0.1)
    assert column - 32 == pytest.approx(19.3, abs=0.1)
