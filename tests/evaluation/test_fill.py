import numpy as np
import pytest

from brain_tumor.evaluation.fill import control_box, fill_box
from brain_tumor.input.scan import Box, FloatArray


def ramp(side: int = 20) -> FloatArray:
    """Grey that grows evenly from left to right and from top to bottom."""
    rows, columns = np.mgrid[:side, :side]
    grey: FloatArray = ((rows + columns) / (2 * side)).astype(np.float32)
    return grey


@pytest.mark.parametrize("box", [(0.25, 0.25, 0.5, 0.75), (0.1, 0.4, 0.9, 0.45), (0.5, 0.5, 0.55, 0.55)])
def test_an_even_ramp_closes_over_a_spot_as_if_it_had_never_been_there(box: Box) -> None:
    spotted = ramp()
    x0, y0, x1, y1 = (round(20 * edge) for edge in box)
    spotted[y0:y1, x0:x1] = 1
    assert np.allclose(fill_box(spotted, box), ramp(), atol=1e-6)


def test_a_single_pixel_becomes_the_mean_of_its_four_neighbours() -> None:
    pixels = np.array([[9, 1, 9], [2, 5, 3], [9, 4, 9]], np.float32)
    filled = fill_box(pixels, (1 / 3, 1 / 3, 2 / 3, 2 / 3))
    assert filled.tolist() == [[9, 1, 9], [2, pytest.approx(2.5), 3], [9, 4, 9]]
    assert pixels[1, 1] == 5


def test_a_box_at_the_edge_leaves_the_outermost_pixels() -> None:
    pixels = np.zeros((10, 10), np.float32)
    pixels[1:9, 1:9] = 1
    assert not fill_box(pixels, (0, 0, 1, 1)).any()
    assert not fill_box(pixels, (0, 0, 0.9, 0.9))[:9, :9][[0, -2], :].max() > 1
    assert fill_box(np.ones((10, 10), np.float32), (0.97, 0.97, 1, 1)) == pytest.approx(1)


def test_only_the_box_is_changed() -> None:
    pixels = np.random.default_rng(0).random((20, 20)).astype(np.float32)
    changed = fill_box(pixels, (0.25, 0.5, 0.5, 0.75)) != pixels
    assert changed[10:15, 5:10].all() and changed.sum() == 25


def head(side: int = 40) -> FloatArray:
    """A white square of half the side in the middle of air."""
    pixels = np.zeros((side, side), np.float32)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return pixels


def test_the_control_has_the_size_of_the_box_lies_in_the_head_and_does_not_touch_it() -> None:
    box = (0.3, 0.3, 0.4, 0.45)
    for number in range(50):
        control = control_box(head(), box, f"{number}.png")
        assert control is not None
        x0, y0, x1, y1 = control
        assert (x1 - x0, y1 - y0) == pytest.approx((0.1, 0.15))
        assert x0 >= 0.4 or x1 <= 0.3 or y0 >= 0.45 or y1 <= 0.3
        rows, columns = (slice(round(40 * low), round(40 * high)) for low, high in ((y0, y1), (x0, x1)))
        assert head()[rows, columns].all()


def test_the_control_depends_on_the_name_alone() -> None:
    boxes = {name: control_box(head(), (0.3, 0.3, 0.4, 0.45), name) for name in "abcdefgh"}
    assert len(set(boxes.values())) > 4
    assert boxes == {name: control_box(head(), (0.3, 0.3, 0.4, 0.45), name) for name in "abcdefgh"}


def test_a_head_that_the_box_fills_has_no_room_for_a_control() -> None:
    assert control_box(head(), (0.25, 0.25, 0.75, 0.75), "a.png") is None


def test_the_control_of_a_box_that_leaves_one_place_is_that_place() -> None:
    pixels = np.zeros((24, 24), np.float32)
    pixels[8:16, 8:16] = 1
    # Without its rim of one pixel the head is 6 x 6, and the box takes the upper half of it.
    box = (9 / 24, 9 / 24, 15 / 24, 12 / 24)
    assert control_box(pixels, box, "a.png") == pytest.approx((9 / 24, 12 / 24, 15 / 24, 15 / 24))


def test_a_dark_ventricle_is_no_air() -> None:
    pixels = np.zeros((24, 24), np.float32)
    pixels[8:16, 8:16] = 1
    pixels[13:15, 10:14] = 0
    box = (9 / 24, 9 / 24, 15 / 24, 12 / 24)
    assert control_box(pixels, box, "a.png") == pytest.approx((9 / 24, 12 / 24, 15 / 24, 15 / 24))
