import numpy as np
import pytest

pytest.importorskip("scipy", reason="the training extra is not installed")

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.head_mask import depth_in_head, full_size, remove_skull

SIDE = 100
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
RADIUS = np.hypot(ROWS - 49.5, COLUMNS - 49.5)


def draw_head(radius: float = 40) -> FloatArray:
    """A disc of grey tissue in the middle, on black."""
    tissue = np.random.default_rng(0).uniform(0.4, 0.9, (SIDE, SIDE))
    return np.where(radius >= RADIUS, tissue, 0).astype(np.float32)


def strip(image: FloatArray, box: tuple[float, float, float, float] | None = None, seed: int = 0) -> FloatArray:
    return remove_skull(image, box, np.random.default_rng(seed))


def test_depth_is_a_share_of_the_side_at_half_the_size() -> None:
    depth = depth_in_head(draw_head())
    assert depth.shape == (50, 50)
    assert depth.dtype == np.float32
    # Forty of a hundred pixels lie between the outline and the middle, ten at three quarters of the radius.
    assert depth[25, 25] == pytest.approx(0.40, abs=0.03)
    assert depth[25, 40] == pytest.approx(0.10, abs=0.03)


def test_air_has_no_depth() -> None:
    depth = depth_in_head(draw_head())
    assert not depth[::, :4].any() and not depth[:4].any()


def test_noise_of_the_air_is_no_head() -> None:
    noisy = np.maximum(draw_head(), np.random.default_rng(1).uniform(0, 0.05, (SIDE, SIDE)).astype(np.float32))
    depth = depth_in_head(noisy)
    assert not depth[::, :4].any() and not depth[:4].any()


def test_a_dark_inside_belongs_to_the_head() -> None:
    ring = draw_head() * (RADIUS > 20)
    assert np.array_equal(depth_in_head(ring), depth_in_head(draw_head()))


def test_letters_beside_the_head_are_no_head() -> None:
    image = draw_head(radius=30)
    image[:8, :8] = 1
    assert not depth_in_head(image)[:5, :5].any()


def test_a_head_that_the_border_cuts_is_deep_there() -> None:
    # Cut through the middle: what is at the border is as deep as it was.
    assert depth_in_head(draw_head()[50:, 25:75])[0, 12] > 0.3


def test_where_no_air_is_seen_all_is_deep() -> None:
    assert depth_in_head(draw_head()[35:65, 35:65]).min() == 1


@pytest.mark.parametrize("side", [63, 64, 99])
def test_an_empty_picture_has_no_head(side: int) -> None:
    assert not depth_in_head(np.zeros((side, side), np.float32)).any()


@pytest.mark.parametrize("side", [3, 4])
def test_a_mask_gets_its_picture_s_size(side: int) -> None:
    grown = full_size(np.array([[True, False], [False, True]]), side)
    assert grown.shape == (side, side)
    assert np.argwhere(grown).tolist()[:5] == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("seed", range(5))
def test_the_brain_stays_as_it_was(seed: int) -> None:
    image = draw_head()
    # At most 8.5 of a hundred pixels are cut off, and 2 more where the border wavers; masks are 2 pixels coarse.
    brain = RADIUS < 40 - 8.5 - 2 - 2
    assert np.array_equal(strip(image, seed=seed)[brain], image[brain])


def test_the_skull_is_cut_off_as_thick_as_skulls_are() -> None:
    # A head of 80 pixels around its centre, at a side that trains.
    rows, columns = np.mgrid[:224, :224] - 111.5
    head = np.where(np.hypot(rows, columns) < 80, 0.5, 0).astype(np.float32)
    kept = np.array([(strip(head, seed=seed) > 0).sum() for seed in range(40)])
    cut = (80 - np.sqrt(kept / np.pi)) / 224
    # 3 to 8.5 % of the side, measured from two coarse pixels outside of the outline.
    assert cut.mean() == pytest.approx(0.0575 - 0.012, abs=0.01)
    assert cut.min() > 0.01 and cut.max() < 0.085


def test_nothing_is_left_outside_of_the_head() -> None:
    image = draw_head(radius=30)
    image[:8, :8] = 1
    assert not strip(image)[RADIUS > 31].any()


def test_a_cut_is_the_same_for_the_same_generator_state() -> None:
    assert np.array_equal(strip(draw_head(), seed=3), strip(draw_head(), seed=3))
    assert not np.array_equal(strip(draw_head(), seed=3), strip(draw_head(), seed=4))


def test_a_tumor_in_the_middle_lets_the_skull_go() -> None:
    assert np.array_equal(strip(draw_head(), (0.4, 0.4, 0.6, 0.6)), strip(draw_head()))


def test_a_tumor_at_the_skull_keeps_it() -> None:
    image = draw_head()
    assert np.array_equal(strip(image, (0.4, 0.1, 0.6, 0.2)), image)


def test_a_tumor_of_less_than_a_pixel_is_looked_at() -> None:
    image = draw_head()
    assert np.array_equal(strip(image, (0.5, 0.102, 0.501, 0.103)), image)
    assert not np.array_equal(strip(image, (0.5, 0.5, 0.501, 0.501)), image)


def test_an_empty_picture_stays() -> None:
    assert not strip(np.zeros((SIDE, SIDE), np.float32)).any()
