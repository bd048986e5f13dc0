import numpy as np
import pytest

from brain_tumor.input.head import Region, find_head
from brain_tumor.input.scan import FloatArray


def draw_head(height: int = 200, width: int = 200, scale: int = 1) -> FloatArray:
    """Grey tissue in rows 50 to 150 and columns 60 to 110, of a picture of that size times the scale, on black."""
    pixels = np.zeros((height * scale, width * scale), np.float32)
    tissue = np.random.default_rng(0).uniform(0.3, 1, (100 * scale, 50 * scale))
    pixels[50 * scale : 150 * scale, 60 * scale : 110 * scale] = tissue
    return pixels


# Four per cent of 100 rows and of 50 columns on each side.
HEAD = Region(46, 154, 58, 112)


def surround(pixels: FloatArray, value: float, rows: int, columns: int) -> FloatArray:
    return np.pad(pixels, ((rows, rows), (columns, columns)), constant_values=value)


def moved(region: Region, rows: int, columns: int) -> Region:
    return Region(region.top + rows, region.bottom + rows, region.left + columns, region.right + columns)


def test_the_head_is_found_with_a_margin() -> None:
    assert find_head(draw_head()) == HEAD


def test_black_bars_change_nothing() -> None:
    assert find_head(surround(draw_head(), 0, rows=0, columns=70)) == moved(HEAD, 0, 70)


def test_a_white_frame_is_taken_off() -> None:
    assert find_head(surround(draw_head(), 1, rows=15, columns=25)) == moved(HEAD, 15, 25)


def test_a_grey_page_is_taken_off_as_well() -> None:
    assert find_head(surround(draw_head(), 0.8, rows=15, columns=25)) == moved(HEAD, 15, 25)


def test_a_white_frame_around_black_bars_is_taken_off() -> None:
    barred = surround(draw_head(), 0, rows=30, columns=0)
    assert find_head(surround(barred, 1, rows=10, columns=10)) == moved(HEAD, 40, 10)


def test_a_white_frame_between_black_bars_is_taken_off() -> None:
    framed = surround(draw_head(), 1, rows=10, columns=10)
    assert find_head(surround(framed, 0, rows=0, columns=60)) == moved(HEAD, 10, 70)


def test_noise_in_the_air_is_background() -> None:
    noise = np.random.default_rng(1).uniform(0, 0.06, (200, 200)).astype(np.float32)
    assert find_head(np.maximum(draw_head(), noise)) == HEAD


def test_letters_in_a_corner_are_background() -> None:
    pixels = draw_head()
    pixels[190:193, 180:183] = 1  # 1.5 % of their rows and columns
    assert find_head(pixels) == HEAD


def test_a_picture_without_background_is_whole() -> None:
    pixels = np.random.default_rng(0).uniform(0.3, 1, (120, 90)).astype(np.float32)
    assert find_head(pixels) == Region(0, 120, 0, 90)


def test_a_head_that_the_border_cuts_has_no_margin_there() -> None:
    assert find_head(draw_head()[50:, 60:]) == Region(0, 104, 0, 52)


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_blank_picture_is_whole(value: float) -> None:
    assert find_head(np.full((80, 60), value, np.float32)) == Region(0, 80, 0, 60)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (20, 20)])
def test_a_tiny_picture_is_whole(shape: tuple[int, int]) -> None:
    pixels = np.zeros(shape, np.float32)
    pixels[:, shape[1] // 2 :] = 1
    assert find_head(pixels) == Region(0, shape[0], 0, shape[1])


@pytest.mark.parametrize(("size", "side"), [(20, 100), (28, 320)])
def test_what_is_too_small_for_a_head_is_none(size: int, side: int) -> None:
    # 22 pixels with the margin are fewer than 24; 30 are less than a tenth of 320.
    pixels = np.zeros((side, side), np.float32)
    pixels[40 : 40 + size, 40 : 40 + size] = 1
    assert find_head(pixels) == Region(0, side, 0, side)


@pytest.mark.parametrize("scale", [2, 4, 10])
def test_a_large_picture_is_found_like_a_small_one(scale: int) -> None:
    pixels = draw_head(scale=scale)
    found, wanted = find_head(pixels).shares(pixels), HEAD.shares(draw_head())
    assert found == pytest.approx(wanted, abs=0.01)


def test_a_large_region_ends_with_the_picture() -> None:
    # Of 1283 rows every second is looked at; the last is 1282.
    pixels = np.random.default_rng(0).uniform(0.3, 1, (1283, 1281)).astype(np.float32)
    assert find_head(pixels) == Region(0, 1283, 0, 1281)


def test_an_inverted_head_is_found_without_a_margin() -> None:
    assert find_head(1 - draw_head()) == Region(50, 150, 60, 110)


def test_an_inverted_head_between_black_bars_is_found() -> None:
    assert find_head(surround(1 - draw_head(), 0, rows=40, columns=0)) == Region(90, 190, 60, 110)


def test_a_bright_square_on_black_is_no_frame() -> None:
    pixels = np.zeros((200, 200), np.float32)
    pixels[50:150, 50:150] = 0.8
    assert find_head(pixels) == Region(46, 154, 46, 154)


def test_brightness_does_not_matter() -> None:
    assert find_head(draw_head() * np.float32(0.05)) == HEAD


def test_a_region_is_cut_by_rows_and_columns() -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert Region(1, 3, 2, 3).cut(pixels).tolist() == [[6], [10]]


def test_shares_are_x_before_y_and_of_width_and_height() -> None:
    assert Region(25, 75, 40, 180).shares(np.zeros((100, 200), np.float32)) == (0.2, 0.25, 0.9, 0.75)


def test_the_whole_picture_is_all_shares() -> None:
    pixels = np.zeros((3, 5), np.float32)
    assert Region.whole(pixels).shares(pixels) == (0, 0, 1, 1)
