import io

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input.scan import Scan
from brain_tumor.presentation.thumbnail import render_thumbnail


def thumbnail_of(pixels: np.ndarray) -> tuple[bytes, Image.Image]:
    data = render_thumbnail(Scan(pixels.astype(np.float32), 0.0, "PNG"))
    return data, Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("shape", "size"), [((600, 600), (300, 300)), ((300, 600), (300, 150)), ((80, 40), (40, 80))])
def test_the_longer_side_is_at_most_300_pixels_and_proportions_stay(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    assert thumbnail_of(np.zeros(shape))[1].size == size


@pytest.mark.parametrize(
    ("spacing_mm", "size"), [((3.0, 1.0), (100, 300)), ((1.0, 2.0), (200, 100)), ((1.0, 1.0), (100, 100))]
)
def test_pixels_that_are_no_squares_are_shown_in_true_proportions(
    spacing_mm: tuple[float, float], size: tuple[int, int]
) -> None:
    data = render_thumbnail(Scan(np.zeros((100, 100), np.float32), 0.0, "NIfTI", spacing_mm))
    assert Image.open(io.BytesIO(data)).size == size


def test_even_noise_stays_below_60_kilobytes() -> None:
    data, _ = thumbnail_of(np.random.default_rng(0).random((300, 300)))
    assert len(data) < 60_000


def test_grey_values_survive() -> None:
    _, image = thumbnail_of(np.full((100, 100), 0.5))
    assert image.mode == "L"
    assert image.getpixel((50, 50)) == pytest.approx(128, abs=2)
