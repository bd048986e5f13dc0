import io

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input.scan import Scan, Sides
from brain_tumor.presentation.overlay import draw_sides, render_overlay, render_png, to_square_pixels
from tests.factories import make_scan

NOTHING = np.zeros((2, 2), np.float32)
HOT = np.ones((2, 2), np.float32)
# Ends of the colour map.
YELLOW, BLUE = [0xF0, 0xF9, 0x21], [0x0D, 0x08, 0x87]
GREY_SCAN = make_scan(np.full((6, 8), 0.2, np.float32))


def test_an_overlay_is_as_large_as_its_scan() -> None:
    assert render_overlay(make_scan(np.zeros((60, 100), np.float32)), HOT, 0.5).shape == (60, 100, 3)


def test_without_heat_the_scan_stays_grey() -> None:
    pixels = render_overlay(GREY_SCAN, NOTHING, 1.0)
    assert pixels.dtype == np.uint8
    assert (pixels == 51).all()


def test_without_strength_the_scan_stays_grey() -> None:
    assert (render_overlay(GREY_SCAN, HOT, 0.0) == 51).all()


def test_full_heat_at_full_strength_is_the_brightest_colour() -> None:
    assert render_overlay(GREY_SCAN, HOT, 1.0)[3, 3].tolist() == YELLOW


def test_at_half_strength_full_heat_is_half_scan_and_half_colour() -> None:
    halfway = [(51 + part) / 2 for part in YELLOW]
    assert render_overlay(GREY_SCAN, HOT, 0.5)[3, 3].tolist() == pytest.approx(halfway, abs=0.5)


def test_a_weaker_heat_has_another_colour_and_covers_less() -> None:
    # A quarter of the way through the table is its third of nine colours.
    pixel = render_overlay(make_scan(np.zeros((4, 4), np.float32)), 0.25 * HOT, 1.0)[2, 2]
    assert pixel.tolist() == pytest.approx([0.25 * part for part in (0x7E, 0x03, 0xA8)], abs=1)


def test_heat_lies_where_its_cell_lies() -> None:
    heat = np.array([[0, 1], [0, 0]], np.float32)
    pixels = render_overlay(make_scan(np.zeros((40, 80), np.float32)), heat, 1.0)
    assert pixels[5, 70].tolist() == YELLOW  # a corner's outer quarter is beyond every other centre
    assert not pixels[5, 10].any() and not pixels[35, 70].any()


def test_between_two_cells_heat_changes_evenly() -> None:
    heat = np.array([[0, 1]], np.float32)
    red = render_overlay(make_scan(np.zeros((2, 200), np.float32)), heat, 1.0)[0, :, 0]
    assert (np.diff(red.astype(int)) >= -3).all()
    assert len(set(red[50:150].tolist())) > 50


def test_the_colours_are_those_of_plasma() -> None:
    colors = pytest.importorskip("matplotlib", reason="the reference for the colours is not installed").colormaps
    levels = np.linspace(0, 1, 52, dtype=np.float32)
    for level in map(float, levels[1:]):
        shown = (
            render_overlay(make_scan(np.zeros((1, 1), np.float32)), np.full((1, 1), level, np.float32), 1.0)[0, 0]
            / level
        )
        # Five steps of 255 from nine colours instead of 256, and what dividing makes of rounding.
        assert shown == pytest.approx(np.array(colors["plasma"](level)[:3]) * 255, abs=5 + 0.5 / level)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_0_to_1_is_an_error(strength: float) -> None:
    with pytest.raises(ValueError, match="must be within 0 and 1"):
        render_overlay(GREY_SCAN, HOT, strength)


@pytest.mark.parametrize("value", [-1.0, 2.0, float("nan")])
def test_a_heat_outside_0_to_1_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="must be within 0 and 1"):
        render_overlay(GREY_SCAN, np.full((2, 2), value, np.float32), 0.5)


def test_a_box_is_outlined_in_white_between_black_and_leaves_its_inside() -> None:
    scan = make_scan(np.full((101, 201), 0.2, np.float32))
    pixels = render_overlay(scan, NOTHING, 1.0, (0.25, 0.2, 0.75, 0.6))
    across = pixels[40, :, 0].tolist()  # a row through the box
    assert across[48:53] == [51, 0, 255, 0, 51]
    assert across[148:153] == [51, 0, 255, 0, 51]
    assert pixels[18:23, 100, 0].tolist() == [51, 0, 255, 0, 51]
    assert pixels[58:63, 100, 0].tolist() == [51, 0, 255, 0, 51]


def test_a_box_of_the_whole_image_is_outlined_inside_it() -> None:
    pixels = render_overlay(GREY_SCAN, NOTHING, 1.0, (0, 0, 1, 1))
    assert (pixels[0] == 255).all() and (pixels[:, -1] == 255).all()


def test_a_box_smaller_than_its_line_is_drawn_all_the_same() -> None:
    assert (render_overlay(GREY_SCAN, NOTHING, 1.0, (0.5, 0.5, 0.51, 0.51)) == 255).any()


def test_heat_is_drawn_in_its_region_alone() -> None:
    # Of 8 x 6 pixels the columns 2 to 5 and the rows 3 to 5.
    pixels = render_overlay(GREY_SCAN, HOT, 1.0, region=(0.25, 0.5, 0.75, 1.0))
    coloured = (pixels != 51).any(axis=2)
    assert coloured[3:, 2:6].all()
    assert coloured.sum() == 3 * 4
    assert pixels[4, 4].tolist() == YELLOW


def test_heat_is_stretched_over_its_region() -> None:
    heat = np.array([[0, 1], [0, 0]], np.float32)
    pixels = render_overlay(make_scan(np.zeros((40, 80), np.float32)), heat, 1.0, region=(0.5, 0.0, 1.0, 0.5))
    assert pixels[2, 77].tolist() == YELLOW  # a corner's outer quarter is beyond every other centre
    assert not pixels[:, :40].any() and not pixels[20:].any()


def test_a_box_is_in_shares_of_the_picture_whatever_the_region() -> None:
    scan, box = make_scan(np.full((101, 201), 0.2, np.float32)), (0.25, 0.2, 0.75, 0.6)
    wanted = render_overlay(scan, NOTHING, 1.0, box)
    assert np.array_equal(render_overlay(scan, NOTHING, 1.0, box, (0.0, 0.0, 0.5, 0.5)), wanted)


def test_a_region_without_a_pixel_of_its_own_draws_nothing() -> None:
    assert (render_overlay(GREY_SCAN, HOT, 1.0, region=(0.5, 0.5, 0.51, 0.51)) == 51).all()


def test_a_png_holds_the_pixels_and_says_what_they_are() -> None:
    pixels = render_overlay(GREY_SCAN, HOT, 0.5)
    image = Image.open(io.BytesIO(render_png(pixels, {"Title": "Heat map: where"})))
    assert image.format == "PNG"
    assert np.asarray(image).tolist() == pixels.tolist()
    assert image.info["Title"] == "Heat map: where"


def test_a_scan_is_not_changed() -> None:
    scan = make_scan()
    before = scan.pixels.copy()
    render_overlay(scan, HOT, 1.0, (0, 0, 1, 1))
    assert (scan.pixels == before).all()


def test_pixels_that_are_not_square_are_drawn_at_their_true_proportions() -> None:
    scan = Scan(np.zeros((100, 80), np.float32), 0.0, "DICOM", spacing_mm=(2.0, 1.0))
    assert to_square_pixels(scan).pixels.shape == (200, 80)


def test_square_pixels_stay_as_they_are() -> None:
    scan = Scan(np.zeros((100, 80), np.float32), 0.0, "DICOM", spacing_mm=(0.5, 0.5))
    assert to_square_pixels(scan) is scan


def test_a_picture_of_very_long_pixels_stays_small() -> None:
    scan = Scan(np.zeros((100, 80), np.float32), 0.0, "DICOM", spacing_mm=(1000.0, 1.0))
    assert max(to_square_pixels(scan).pixels.shape) == 4096


def test_the_sides_of_the_patient_are_marked_at_the_edges() -> None:
    black = np.zeros((200, 300, 3), np.uint8)
    marked = draw_sides(black, Sides("R", "L", "A", "P"))
    rows, columns = np.nonzero(marked.max(axis=2) > 200)
    for is_here in (columns < 40, columns > 260, rows < 40, rows > 160):
        assert is_here.any()
    middle = (abs(columns - 150) < 80) & (abs(rows - 100) < 60)
    assert not middle.any()
    assert not black.any()


def test_without_known_sides_nothing_is_drawn() -> None:
    black = np.zeros((20, 30, 3), np.uint8)
    assert draw_sides(black, None) is black


def test_square_pixels_keep_the_sides() -> None:
    scan = Scan(np.zeros((2, 4), np.float32), 0.0, "DICOM", (2.0, 1.0), sides=Sides("R", "L", "A", "P"))
    assert to_square_pixels(scan).sides == scan.sides
