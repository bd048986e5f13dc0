import numpy as np
import pytest

from brain_tumor.input import voi
from brain_tumor.input.series import WindowMode
from brain_tumor.input.voi import GreyScale, LookupTable, VoiWindow, to_grey, to_grey_and_range


def shown(values: list[float], scale: GreyScale | None = None, window: WindowMode = WindowMode.FILE) -> list[float]:
    return to_grey(np.array([values]), scale or GreyScale(), window).ravel().tolist()


def test_without_a_window_the_smallest_value_is_black_and_the_largest_white() -> None:
    assert shown([-100, 0, 300]) == [0, 0.25, 1]


def test_the_files_window_is_used() -> None:
    # LINEAR: from 40 - 0.5 - 99 / 2 = -10 to 40 - 0.5 + 99 / 2 = 89.
    scale = GreyScale(window=VoiWindow(40, 100))
    assert shown([-11, -10, 39.5, 89, 500], scale) == [0, 0, 0.5, 1, 1]


def test_an_exact_window_ends_half_a_width_from_its_centre() -> None:
    scale = GreyScale(window=VoiWindow(50, 100, "LINEAR_EXACT"))
    assert shown([-5, 0, 25, 100, 101], scale) == [0, 0, 0.25, 1, 1]


def test_a_sigmoid_window_is_half_at_its_centre() -> None:
    scale = GreyScale(window=VoiWindow(50, 100, "SIGMOID"))
    assert shown([0, 50, 100], scale) == pytest.approx([0.1192, 0.5, 0.8808], abs=1e-4)


def test_a_window_below_width_one_is_taken_exactly() -> None:
    assert shown([0, 0.25, 0.5, 1], GreyScale(window=VoiWindow(0.25, 0.5))) == [0, 0.5, 1, 1]


@pytest.mark.parametrize(("center", "width"), [(0, 0), (0, -5), (float("nan"), 5), (0, float("inf"))])
def test_a_window_that_makes_no_sense_is_left_out(center: float, width: float) -> None:
    assert shown([0, 1, 4], GreyScale(window=VoiWindow(center, width))) == [0, 0.25, 1]


def test_full_leaves_out_the_files_window() -> None:
    assert shown([0, 1, 4], GreyScale(window=VoiWindow(2, 2)), WindowMode.FULL) == [0, 0.25, 1]


def test_robust_leaves_out_a_hundredth_at_each_end() -> None:
    values = [*range(101), 10_000.0]
    grey = shown(values, window=WindowMode.ROBUST)
    # Of 102 values, the 1st percentile lies at 1.01 and the 99th at 99.99.
    assert grey[1] == 0 and grey[-1] == grey[100] == 1
    assert grey[50] == pytest.approx((50 - 1.01) / 98.98)


def test_robust_takes_the_full_range_of_a_nearly_empty_picture() -> None:
    assert shown([0.0] * 999 + [5.0], window=WindowMode.ROBUST)[-1] == 1


def test_slope_and_intercept_come_before_the_window() -> None:
    scale = GreyScale(slope=2, intercept=-10, window=VoiWindow(0, 20, "LINEAR_EXACT"))
    assert shown([0, 5, 10], scale) == [0, 0.5, 1]


def test_monochrome_1_shows_low_values_white() -> None:
    assert shown([0, 1, 4], GreyScale(white_is_low=True)) == [1, 0.75, 0]


def test_padding_is_black_and_no_part_of_the_range() -> None:
    assert shown([-2000, 0, 1, 2], GreyScale(padding=(-2000, -2000))) == [0, 0, 0.5, 1]


def test_padding_is_black_where_low_values_are_white() -> None:
    assert shown([-2000, 0, 2], GreyScale(padding=(-2000, -2000), white_is_low=True)) == [0, 1, 0]


def test_padding_may_be_a_range() -> None:
    assert shown([-7, -6, 0, 2], GreyScale(padding=(-7, -6))) == [0, 0, 0, 1]


def test_a_modality_table_is_looked_up_from_its_first_value() -> None:
    table = LookupTable(first=10, entries=np.array([0.0, 30.0, 40.0]), bits=16)
    assert shown([0, 10, 11, 12, 99], GreyScale(modality_table=table)) == [0, 0, 0.75, 1, 1]


def test_a_window_table_goes_before_the_window_and_is_divided_by_its_depth() -> None:
    table = LookupTable(first=-1, entries=np.array([0.0, 51.0, 255.0]), bits=8)
    scale = GreyScale(window_table=table, window=VoiWindow(0, 1))
    assert shown([-1, 0, 1], scale) == pytest.approx([0, 0.2, 1])


@pytest.mark.parametrize("value", [0, -5, 7, 1e300])
@pytest.mark.parametrize("window", WindowMode)
def test_an_image_of_one_value_is_black(value: float, window: WindowMode) -> None:
    assert shown([value] * 3, GreyScale(window=VoiWindow(0, 10)), window) == [0, 0, 0]


@pytest.mark.parametrize("window", WindowMode)
def test_values_that_are_no_numbers_are_black(window: WindowMode) -> None:
    assert shown([float("nan"), float("-inf"), 0, 1, float("inf")], window=window)[:3] == [0, 0, 0]


@pytest.mark.parametrize("window", WindowMode)
def test_the_largest_floats_give_numbers(window: WindowMode) -> None:
    grey = np.array(shown([-1.7e308, 0, 1.7e308], window=window))
    assert np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 1


def test_grey_is_float32() -> None:
    assert to_grey(np.array([[1, 2]], np.uint16), GreyScale(), WindowMode.FULL).dtype == np.float32


@pytest.mark.parametrize("window", list(WindowMode))
def test_a_picture_shown_in_bands_is_the_same_picture(window: WindowMode, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = np.random.default_rng(0).integers(0, 4096, (7, 5)).astype(np.uint16)
    scale = GreyScale(slope=2, padding=(0, 100), white_is_low=True, window=VoiWindow(4000, 3000))
    whole = to_grey(stored, scale, window)
    monkeypatch.setattr(voi, "_BAND_PIXELS", 10)
    assert np.array_equal(to_grey(stored, scale, window), whole)


def test_bands_cover_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voi, "_BAND_PIXELS", 10)
    assert [list(range(7))[band] for band in voi.bands(7, 5)] == [[0, 1], [2, 3], [4, 5], [6]]
    assert len(list(voi.bands(3, 99))) == 3


@pytest.mark.parametrize(
    ("scale", "window", "values"),
    [
        (GreyScale(slope=2, intercept=-10), WindowMode.FULL, (-10, 190)),
        (GreyScale(window=VoiWindow(50, 20)), WindowMode.FILE, (40, 60)),
        (GreyScale(window=VoiWindow(50, 20)), WindowMode.FULL, (0, 100)),
        (GreyScale(white_is_low=True), WindowMode.FULL, (100, 0)),
        (GreyScale(window_table=LookupTable(0, np.arange(101.0), 8)), WindowMode.FILE, None),
    ],
)
def test_the_values_of_black_and_white_are_known(
    scale: GreyScale, window: WindowMode, values: tuple[float, float] | None
) -> None:
    assert to_grey_and_range(np.arange(101)[None], scale, window)[1] == values


def test_an_image_of_one_value_has_no_range() -> None:
    assert to_grey_and_range(np.full((2, 2), 7), GreyScale(), WindowMode.FULL)[1] is None


def test_values_that_a_slope_makes_too_large_are_unknown_without_a_warning() -> None:
    _, unknown = voi.rescale(np.array([[1, 2]]), GreyScale(slope=1.5e308))
    assert unknown.tolist() == [[False, True]]
