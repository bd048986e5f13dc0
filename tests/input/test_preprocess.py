import numpy as np
import pytest

from brain_tumor.input.preprocess import InputContract, to_tensor
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
    tensor = to_tensor(make_scan(), InputContract(side_px=10))
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


@pytest.mark.parametrize("side", [0, -1, 1025, 299.0, "299", True])
def test_a_side_that_no_network_here_has_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="a side of"):
        InputContract(side_px=side)
