import numpy as np
import pytest

from brain_tumor.input.preprocess import InputContract, to_input, to_tensor
from brain_tumor.input.scan import FloatArray
from tests.factories import make_scan


def test_the_tensor_has_the_shape_and_type_of_the_contract() -> None:
    tensor = to_tensor(make_scan(), InputContract(side_px=10))
    assert tensor.shape == (1, 10, 10, 3)
    assert tensor.dtype == np.float32


def test_the_three_channels_are_equal() -> None:
    tensor = to_tensor(make_scan(), InputContract(side_px=10))
    assert np.array_equal(tensor[..., 0], tensor[..., 1])
    assert np.array_equal(tensor[..., 0], tensor[..., 2])


def test_values_keep_their_range() -> None:
    half_white = make_scan(np.repeat(np.array([[0.0, 1.0]], np.float32), 32, axis=1))
    tensor = to_tensor(half_white, InputContract(side_px=10))
    assert (tensor.min(), tensor.max()) == (0.0, 1.0)


def test_rows_stay_rows() -> None:
    dark_above = make_scan(np.array([[0.0] * 4] * 4 + [[1.0] * 4] * 4, np.float32))
    tensor = to_tensor(dark_above, InputContract(side_px=4))
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([0.0, 0.125, 0.875, 1.0], abs=0.1)


def test_a_wide_image_is_stretched_to_a_square() -> None:
    wide = make_scan(np.repeat(np.array([[0.0, 1.0]], np.float32), 20, axis=1))
    assert to_tensor(wide, InputContract(side_px=2))[0, :, :, 0].round().tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_an_unknown_way_to_resize_is_refused() -> None:
    with pytest.raises(ValueError, match="letterbox"):
        InputContract(resize="letterbox")  # type: ignore[arg-type]


def draw_head() -> FloatArray:
    """Tissue in the middle half of 100 x 100 pixels, on black; its margin is 2 pixels."""
    pixels = np.zeros((100, 100), np.float32)
    pixels[25:75, 25:75] = np.random.default_rng(0).uniform(0.3, 1, (50, 50))
    return pixels


CROPPED = InputContract(side_px=10, crop="head")


def test_without_a_crop_the_network_sees_the_whole_picture() -> None:
    assert to_input(make_scan(draw_head()), InputContract(side_px=10)).region == (0, 0, 1, 1)


def test_the_region_is_in_shares_of_the_picture() -> None:
    assert to_input(make_scan(draw_head()[:, 20:]), CROPPED).region == pytest.approx((3 / 80, 0.23, 57 / 80, 0.77))


def test_the_tensor_shows_the_region() -> None:
    wanted = to_tensor(make_scan(draw_head()[23:77, 23:77]), InputContract(side_px=10))
    # At its very edge a filter also sees the pixels beside the region.
    inner = np.s_[:, 1:-1, 1:-1]
    assert to_tensor(make_scan(draw_head()), CROPPED)[inner] == pytest.approx(wanted[inner], abs=1e-6)


@pytest.mark.parametrize("bars", [((0, 0), (40, 40)), ((30, 5), (0, 0)), ((10, 20), (30, 60))])
def test_black_bars_do_not_change_the_tensor(bars: tuple[tuple[int, int], tuple[int, int]]) -> None:
    wanted = to_tensor(make_scan(draw_head()), CROPPED)
    assert np.array_equal(to_tensor(make_scan(np.pad(draw_head(), bars)), CROPPED), wanted)


def test_a_white_frame_does_not_change_the_tensor() -> None:
    framed = np.pad(draw_head(), ((20, 20), (10, 10)), constant_values=1)
    assert np.array_equal(to_tensor(make_scan(framed), CROPPED), to_tensor(make_scan(draw_head()), CROPPED))


def test_black_bars_count_where_nothing_is_cropped() -> None:
    barred, contract = make_scan(np.pad(draw_head(), ((0, 0), (40, 40)))), InputContract(side_px=10)
    assert not np.array_equal(to_tensor(barred, contract), to_tensor(make_scan(draw_head()), contract))


def test_an_unknown_way_to_crop_is_refused() -> None:
    with pytest.raises(ValueError, match="brain"):
        InputContract(crop="brain")  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [0, -1, 1025, 299.0, "299", True])
def test_a_side_that_no_network_here_has_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="a side of"):
        InputContract(side_px=side)


def test_a_white_frame_does_not_bleed_into_the_head() -> None:
    page = np.random.default_rng(0).uniform(0.1, 0.6, (60, 60)).astype(np.float32)
    framed = np.ones((100, 100), np.float32)
    framed[20:80, 20:80] = page
    found = to_input(make_scan(framed), CROPPED)
    assert found.region == pytest.approx((0.2, 0.2, 0.8, 0.8))
    assert np.array_equal(found.tensor, to_tensor(make_scan(page), InputContract(side_px=10)))
