import numpy as np
import pytest

from brain_tumor.decision.location import find_location
from brain_tumor.decision.outline import find_outline
from tests.factories import make_output, make_rules


def test_one_full_cell_among_empty_ones_is_a_diamond_around_its_centre() -> None:
    # Half of the peak lies half a cell from its centre, in all four directions.
    outline = find_outline(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32))
    centre = 0.5
    expected = {(centre - 1 / 6, centre), (centre + 1 / 6, centre), (centre, centre - 1 / 6), (centre, centre + 1 / 6)}
    assert outline[0] == outline[-1]
    assert {(round(x, 9), round(y, 9)) for x, y in outline} == {(round(x, 9), round(y, 9)) for x, y in expected}


def test_a_map_that_is_full_everywhere_is_outlined_at_the_picture_s_edge() -> None:
    outline = find_outline(np.ones((2, 3), np.float32))
    assert {x for x, _ in outline} >= {0.0, 1.0} and {y for _, y in outline} >= {0.0, 1.0}
    assert all(x in (0.0, 1.0) or y in (0.0, 1.0) for x, y in outline)


def test_a_region_that_meets_another_at_a_corner_is_outlined_alone() -> None:
    outline = find_outline(np.array([[1, 0], [0, 0.9]], np.float32))
    assert max(x for x, _ in outline) == pytest.approx(0.5)


def test_a_hole_is_left_out() -> None:
    heat = np.ones((5, 5), np.float32)
    heat[2, 2] = 0
    assert all(not 0.3 < x < 0.7 or y in (0.0, 1.0) for x, y in find_outline(heat))


def test_an_outline_lies_in_the_part_of_the_picture_that_the_map_covers() -> None:
    outline = find_outline(np.ones((2, 2), np.float32), (0.25, 0.5, 0.75, 1.0))
    assert {min(x for x, _ in outline), max(x for x, _ in outline)} == {0.25, 0.75}
    assert {min(y for _, y in outline), max(y for _, y in outline)} == {0.5, 1.0}


@pytest.mark.parametrize("seed", range(30))
def test_the_box_is_the_outline_s_bounding_box(seed: int) -> None:
    heat = np.random.default_rng(seed).random((1 + seed % 7, 2 + seed % 5)).astype(np.float32) ** 3
    location = find_location(make_output(location=heat), make_rules(min_location=0.0))
    assert location is not None
    x, y = zip(*find_outline(heat), strict=True)
    assert (min(x), min(y), max(x), max(y)) == pytest.approx(location.box)
