import io

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray
from PIL import Image

from brain_tumor.input.array import read_array
from brain_tumor.input.raster import read_raster
from brain_tumor.problems import Problem
from tests.factories import encode
from tests.refused import refused


@pytest.mark.parametrize(
    ("values", "dtype", "scaled"),
    [
        ([0, 51, 255], np.uint8, [0, 0.2, 1]),
        ([0, 51, 255], np.int64, [0, 0.2, 1]),
        ([0, 819, 4095], np.uint16, [0, 0.2, 1]),  # 12 bit
        ([0, 819, 4095], np.int16, [0, 0.2, 1]),
        ([0, 13107, 65535], np.int32, [0, 0.2, 1]),
        ([-1000, 0, 1000], np.int16, [0, 0.5, 1]),
        ([0, 0.2, 0.5], np.float64, [0, 0.2, 0.5]),
        ([0, 0.25, 0.5], np.float16, [0, 0.25, 0.5]),
        ([0, 50, 100], np.float32, [0, 0.5, 1]),
        ([-0.5, 0, 0.5], np.float32, [0, 0.5, 1]),
        ([-1.7e308, 0, 1.7e308], np.float64, [0, 0.5, 1]),
        ([7.0, 7.0, 7.0], np.float32, [0, 0, 0]),
        ([0, 1, 1], np.bool_, [0, 1, 1]),
    ],
)
def test_values_become_0_to_1(values: list[float], dtype: DTypeLike, scaled: list[float]) -> None:
    scan = read_array(np.array([values], dtype), "array")
    assert scan.pixels.dtype == np.float32
    assert scan.pixels[0].tolist() == pytest.approx(scaled, abs=1e-6)


def test_a_colour_array_is_read_as_its_png() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    from_file = read_raster(encode(Image.fromarray(pixels), "PNG"), "picture.png", "PNG")
    from_array = read_array(pixels, "array")
    assert from_array.pixels.tolist() == from_file.pixels.tolist()
    assert from_array.chroma == from_file.chroma > 0


def test_a_grey_array_is_read_as_its_png() -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (40, 30)).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    assert read_array(pixels, "array").pixels.tolist() == read_raster(buffer.getvalue(), "a", "PNG").pixels.tolist()


def test_the_array_is_left_as_it_is() -> None:
    pixels = np.array([[-1.0, 3.0]])
    read_array(pixels, "array").pixels[:] = 0
    assert pixels.tolist() == [[-1.0, 3.0]]


@pytest.mark.parametrize("shape", [(), (5,), (0, 5), (5, 5, 1), (5, 5, 4), (3, 5, 5), (1, 5, 5, 3)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with refused(Problem.ARRAY_SHAPE, "slice"):
        read_array(np.zeros(shape), "slice")


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.array([[0.0, np.nan]]), Problem.NOT_FINITE),
        (np.array([[0.0, np.inf]]), Problem.NOT_FINITE),
        (np.array([[1j, 0]]), Problem.ARRAY_TYPE),
        (np.array([["a", "b"]]), Problem.ARRAY_TYPE),
        (np.broadcast_to(np.uint8(0), (5001, 5000)), Problem.TOO_MANY_PIXELS),
    ],
)
def test_what_is_no_slice_is_refused(pixels: NDArray[np.generic], problem: Problem) -> None:
    with refused(problem, "slice"):
        read_array(pixels, "slice")
