from itertools import product

import numpy as np
import pytest

from brain_tumor.input.scan import Scan, View

STORED = np.arange(6).reshape(2, 3)
VIEWS = [View(*flags) for flags in product((False, True), repeat=3)]


def test_a_picture_is_transposed_before_it_is_flipped() -> None:
    assert View(is_transposed=True, flips_rows=True).apply(STORED).tolist() == [[2, 5], [1, 4], [0, 3]]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_undone_in_colour_too(view: View) -> None:
    colour = np.stack([STORED, STORED + 10, STORED + 20], axis=-1)
    for picture in (STORED, colour):
        assert np.array_equal(view.undo(view.apply(picture)), picture)


@pytest.mark.parametrize("view", VIEWS)
def test_a_box_frames_the_same_pixel_as_it_is_stored(view: View) -> None:
    shown = view.apply(STORED)
    for row, column in np.ndindex(shown.shape):
        rows, columns = shown.shape
        box = (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        x0, y0, x1, y1 = view.to_stored(box)
        assert x0 < x1 and y0 < y1
        middle = STORED[int((y0 + y1) / 2 * STORED.shape[0]), int((x0 + x1) / 2 * STORED.shape[1])]
        assert middle == shown[row, column]


def test_pixels_are_square_unless_something_is_known() -> None:
    pixels = np.zeros((2, 2), np.float32)
    assert Scan(pixels, 0, "PNG").pixel_size == (1, 1)
    assert Scan(pixels, 0, "DICOM", pixel_aspect=(2, 1)).pixel_size == (2, 1)
    assert Scan(pixels, 0, "DICOM", spacing_mm=(0.5, 0.4), pixel_aspect=(2, 1)).pixel_size == (0.5, 0.4)
