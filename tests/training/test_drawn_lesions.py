from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the training extra is not installed")

from scipy import ndimage

from brain_tumor.input.scan import Box, FloatArray
from brain_tumor_training.drawn_lesions import draw_lesion
from brain_tumor_training.head_mask import depth_in_head

SIDE = 128
SEEDS = range(30)


def draw_head() -> FloatArray:
    """A disc of softly mottled tissue in the middle, on black."""
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    tissue = 0.5 + ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((SIDE, SIDE)), 2)
    return np.where(np.hypot(rows, columns) < 0.9, np.clip(tissue, 0.3, 0.7), 0).astype(np.float32)


HEAD = draw_head()


def draws() -> Iterator[tuple[FloatArray, Box]]:
    """What each seed draws, where it draws anything."""
    for seed in SEEDS:
        drawn = draw_lesion(HEAD, np.random.default_rng(seed))
        if drawn is not None:
            yield drawn


DRAWS = list(draws())


def to_slices(box: Box) -> tuple[slice, slice]:
    """The pixels of a box."""
    x0, y0, x1, y1 = (round(share * SIDE) for share in box)
    return slice(y0, y1), slice(x0, x1)


def test_most_draws_are_seen() -> None:
    assert len(DRAWS) > 0.8 * len(SEEDS)


def test_a_drawn_picture_is_still_one() -> None:
    for image, _ in DRAWS:
        assert image.shape == (SIDE, SIDE)
        assert image.dtype == np.float32
        assert 0 <= image.min() <= image.max() <= 1


def test_the_box_holds_the_change() -> None:
    for image, box in DRAWS:
        change = np.abs(image - HEAD)
        inside = np.zeros((SIDE, SIDE), np.bool_)
        inside[to_slices(box)] = True
        assert change[inside].mean() > 4 * change[~inside].mean()


def test_the_box_lies_in_the_picture_and_is_as_large_as_a_lesion() -> None:
    for _, (x0, y0, x1, y1) in DRAWS:
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
        # Radii are 3.5 to 15 % of the side, an ellipse is up to 1.3 times as long, and its border bends.
        assert 0.03 < x1 - x0 < 0.6 and 0.03 < y1 - y0 < 0.6


def test_a_lesion_begins_below_the_skull() -> None:
    depth = depth_in_head(HEAD)
    for _, box in DRAWS:
        rows, columns = to_slices(box)
        assert depth[(rows.start + rows.stop) // 4, (columns.start + columns.stop) // 4] > 0


def test_beyond_the_reach_of_the_push_nothing_changes() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    seen = 0
    for image, (x0, y0, x1, y1) in DRAWS:
        away = np.hypot(rows - (y0 + y1) / 2, columns - (x0 + x1) / 2)
        # The displacement falls as exp(-distance^2 / 2) in radii: at six of the longer half axis nothing is left.
        beyond = away > 6 * max(x1 - x0, y1 - y0) / 2
        seen += bool(beyond.any())
        assert np.abs(image - HEAD)[beyond].max(initial=0) < 1e-3
    assert seen > 5


def test_air_far_from_a_lesion_stays_black() -> None:
    corners = np.hypot(*(np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j])) > 1.35
    assert max(float(image[corners].max()) for image, _ in DRAWS) < 0.01


def test_the_same_generator_state_draws_the_same_lesion() -> None:
    first, again, other = (draw_lesion(HEAD, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first and again and other
    assert np.array_equal(first[0], again[0]) and first[1] == again[1]
    assert first[1] != other[1]


def test_the_original_stays_as_it_was() -> None:
    before = HEAD.copy()
    draw_lesion(HEAD, np.random.default_rng(0))
    assert np.array_equal(HEAD, before)


def test_lesions_are_brighter_and_darker_than_what_is_around() -> None:
    middles = [float(image[to_slices(box)].mean() - HEAD[to_slices(box)].mean()) for image, box in DRAWS]
    assert min(middles) < -0.02 and max(middles) > 0.02
    assert sum(middle > 0 for middle in middles) > len(middles) / 2


@pytest.mark.parametrize("side", [32, 65])
def test_an_empty_picture_gets_none(side: int) -> None:
    assert draw_lesion(np.zeros((side, side), np.float32), np.random.default_rng(0)) is None


def test_a_head_that_is_skull_and_no_more_gets_none() -> None:
    # Eight of a hundred pixels across: nothing lies 9 % of the side below the outline.
    thin = np.zeros((100, 100), np.float32)
    thin[:, 46:54] = 0.5
    assert all(draw_lesion(thin, np.random.default_rng(seed)) is None for seed in SEEDS)
