import numpy as np
import pytest

from brain_tumor.evaluation.map_checks import (
    mass_inside,
    measure_deletion,
    measure_location,
    measure_occlusion,
    measure_pointing,
    peak_of,
    to_patches,
)
from brain_tumor.evaluation.metrics import Estimate
from brain_tumor.input.scan import FloatArray

QUARTER = (0.0, 0.0, 0.5, 0.5)  # the upper left one


def spot(row: int, column: int, side: int = 10) -> FloatArray:
    """A map with one cell above 0."""
    heat = np.zeros((side, side), np.float32)
    heat[row, column] = 2
    return heat


def counts(estimate: Estimate | None) -> tuple[int | None, int | None]:
    assert estimate is not None
    return estimate.hits, estimate.total


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_the_peak_is_the_centre_of_the_highest_cell_across_then_down() -> None:
    assert peak_of(spot(2, 7)) == pytest.approx((0.75, 0.25))


def test_an_empty_map_has_no_peak_and_no_mass() -> None:
    empty = np.zeros((10, 10), np.float32)
    assert peak_of(empty) is None
    assert mass_inside(empty, QUARTER) == 0


def test_mass_counts_the_part_of_a_cell_that_lies_in_the_box() -> None:
    even = np.ones((10, 10), np.float32)
    assert mass_inside(even, (0.25, 0.0, 0.75, 0.5)) == pytest.approx(0.25)
    # One cell, 0.2 to 0.3 across and 0.4 to 0.5 down: half of its width, a quarter of its height.
    assert mass_inside(spot(4, 2), (0.25, 0.0, 1.0, 0.425)) == pytest.approx(0.125)


def test_patches_share_out_the_cells() -> None:
    assert to_patches(spot(0, 0, side=4), 2).tolist() == [[2, 0], [0, 0]]
    # The middle one of three cells lies half in each of two patches.
    assert to_patches(spot(1, 0, side=3), 2) == pytest.approx(np.array([[1, 0], [1, 0]]))


def test_pointing_counts_peaks_in_the_box_and_near_it() -> None:
    # The peaks lie at 0.45, 0.55 and 0.65 across; grown by a tenth of 0.5, the box ends at 0.55.
    pointing = measure_pointing([spot(0, 4), spot(0, 5), spot(0, 6), np.zeros((10, 10), np.float32)], [QUARTER] * 4)
    assert pointing is not None
    assert counts(pointing.inside) == (1, 4)
    assert counts(pointing.near) == (2, 4)
    assert pointing.mass.value == pytest.approx(0.25)
    assert pointing.chance_inside == pytest.approx(0.25)
    assert pointing.chance_near == pytest.approx(0.55**2)


def test_a_box_between_the_centres_of_cells_cannot_be_reached() -> None:
    # Centres lie at 0.15 and 0.25.
    pointing = measure_pointing([spot(1, 1)] * 2, [(0.16, 0.1, 0.24, 0.2), (0.14, 0.1, 0.24, 0.2)])
    assert pointing is not None
    assert pointing.reachable == 0.5


def test_no_maps_give_no_figures() -> None:
    assert measure_pointing([], []) is None
    assert measure_location([], [], []) is None
    assert measure_deletion([]) is None
    assert measure_occlusion([], [], []) is None


def test_a_scan_without_a_drawn_box_counts_as_no_overlap() -> None:
    measures = measure_location([QUARTER, None, (0.0, 0.0, 0.5, 0.25)], [QUARTER] * 3, [None, None, None, QUARTER])
    assert measures is not None
    assert measures.overlap.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert counts(measures.on_tumor) == (2, 3)
    assert counts(measures.on_healthy) == (1, 4)


def test_deletion_compares_the_two_boxes_scan_by_scan() -> None:
    measures = measure_deletion([(0.6, 0.1), (0.4, 0.2), (0.2, 0.0)])
    assert measures is not None
    assert measures.images == 3
    assert measures.tumor.value == pytest.approx(0.4)
    assert measures.control.value == pytest.approx(0.1)
    assert measures.difference.value == pytest.approx(0.3)
    # The differences, 0.5, 0.2 and 0.2, cannot average to less than 0.2 in any resample.
    assert measures.difference.low >= 0.2 - 1e-9


def test_occlusion_that_falls_where_saliency_rises_disagrees() -> None:
    rising = np.arange(16, dtype=np.float32).reshape(4, 4)
    measures = measure_occlusion([rising, 15 - rising], [rising, rising], [QUARTER] * 2)
    assert measures is not None
    assert measures.agreement is not None
    # 1 for the first scan, -1 for the second.
    assert measures.agreement.value == pytest.approx(0)
    assert (measures.agreement.low, measures.agreement.high) == (-1, 1)
    assert counts(measures.occlusion.inside) == (1, 2)
    assert counts(measures.saliency.inside) == (0, 2)


def test_an_even_map_has_no_rank_correlation_and_is_counted() -> None:
    even = np.ones((4, 4), np.float32)
    measures = measure_occlusion([even, spot(0, 0, 4)], [spot(0, 0, 4)] * 2, [QUARTER] * 2)
    assert measures is not None
    assert (measures.images, measures.undefined) == (2, 1)
    assert value(measures.agreement) == pytest.approx(1)


def test_a_patch_whose_loss_helps_is_no_peak_and_no_mass() -> None:
    measures = measure_occlusion([-spot(0, 0, 4) - 1], [spot(0, 0, 4)], [QUARTER])
    assert measures is not None
    assert counts(measures.occlusion.inside) == (0, 1)
    assert measures.occlusion.mass.value == 0
