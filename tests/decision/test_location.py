import numpy as np
import pytest

from brain_tumor.decision.location import Location, find_location
from tests.factories import make_location, make_output, make_rules


def locate(heat: list[list[float]], min_location: float | None = 0.5) -> Location | None:
    return find_location(make_output(location=np.array(heat, np.float32)), make_rules(min_location=min_location))


def box_of(heat: list[list[float]]) -> tuple[float, ...]:
    location = locate(heat)
    assert location is not None
    return location.box


def test_a_network_without_the_map_locates_nothing() -> None:
    assert find_location(make_output(), make_rules(min_location=0.5)) is None


def test_a_card_without_a_threshold_locates_nothing() -> None:
    assert find_location(make_output(location=make_location(1.0)), make_rules()) is None


@pytest.mark.parametrize(("peak", "found"), [(0.5, True), (0.375, False)])
def test_a_peak_at_the_threshold_is_enough_and_one_below_is_not(peak: float, found: bool) -> None:
    assert (locate([[0, 0], [0, peak]]) is not None) is found


def test_an_empty_map_locates_nothing_even_without_a_limit() -> None:
    assert locate([[0, 0], [0, 0]], min_location=0.0) is None


def test_a_map_that_is_no_number_locates_nothing() -> None:
    assert locate([[float("nan"), 0.9], [0, 0]]) is None


def test_one_full_cell_among_empty_ones_is_exactly_that_cell() -> None:
    # Column 2 of 4, row 1 of 3: halfway between a full and an empty centre lies the cell's edge.
    location = locate([[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert location is not None
    assert location.box == pytest.approx((2 / 4, 1 / 3, 3 / 4, 2 / 3))
    assert location.peak == pytest.approx((2.5 / 4, 1.5 / 3))
    assert location.score == 1.0


def test_width_comes_first_on_a_map_that_is_no_square() -> None:
    assert box_of([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]) == pytest.approx((0.2, 0.0, 0.4, 0.5))


def test_an_edge_lies_where_the_map_crosses_half_of_the_peak() -> None:
    # From 1 to 0.25 the map passes 0.5 after two thirds of a cell; from 1 to 0 after half of one.
    x0, _, x1, _ = box_of([[0.25, 1, 0, 0]])
    assert (x0, x1) == pytest.approx(((1.5 - 2 / 3) / 4, 2 / 4))


def test_half_of_the_peak_belongs_to_the_tumor() -> None:
    # And its own crossing is its very centre.
    assert box_of([[0, 1, 0.5, 0]]) == pytest.approx((1 / 4, 0, 2.5 / 4, 1))


def test_a_tumor_at_the_border_ends_with_the_image() -> None:
    assert box_of([[1, 1], [1, 1]]) == (0.0, 0.0, 1.0, 1.0)


def test_a_fainter_map_of_the_same_shape_gives_the_same_box() -> None:
    shape = np.array([[0, 0.5, 0], [0.25, 1, 0.75], [0, 0.25, 0]])
    assert box_of((0.5 * shape).tolist()) == pytest.approx(box_of(shape.tolist()))


def test_a_second_spot_that_touches_only_at_a_corner_is_left_out() -> None:
    assert box_of([[1, 0, 0], [0, 0.75, 0], [0, 0, 0]]) == pytest.approx((0, 0, 1 / 3, 1 / 3))


def test_a_region_is_followed_around_a_bend() -> None:
    # A U of full cells, open to the right in the first row of gaps: all of it belongs together.
    assert box_of([[1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]) == pytest.approx((0, 0, 3 / 4, 3 / 4))


LOCATION = Location((0.0, 0.5, 0.5, 1.0), (0.25, 0.75), 0.9)


def test_a_place_in_a_region_becomes_one_in_the_picture() -> None:
    # The region is the right half of the upper half: half as wide and half as high.
    placed = LOCATION.placed_in((0.5, 0.0, 1.0, 0.5))
    assert placed == Location((0.5, 0.25, 0.75, 0.5), (0.625, 0.375), 0.9)


def test_a_place_in_the_whole_picture_stays() -> None:
    assert LOCATION.placed_in((0.0, 0.0, 1.0, 1.0)) == LOCATION


def test_width_and_height_of_a_region_are_taken_apart() -> None:
    assert Location((0, 0, 1, 1), (0.5, 0.5), 1.0).placed_in((0.2, 0.3, 0.4, 0.9)).box == pytest.approx(
        (0.2, 0.3, 0.4, 0.9)
    )
