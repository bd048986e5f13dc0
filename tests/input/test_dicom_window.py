"""A window that does not fit the values of its series gives way to robust limits, and only such a window."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brain_tumor.input.dicom import DicomFrame, list_frames, read_header, to_slices
from brain_tumor.input.scan import Scan, WindowUse
from brain_tumor.input.series import ReadOptions, WindowMode
from tests.dicom_factory import make_dicom, make_table


def head(seed: int = 0, brightest: int = 4000) -> NDArray[np.uint16]:
    """A disc of tissue in air, with a bright rim as of fat."""
    rows, columns = np.mgrid[:128, :128] - 64.0
    radius = np.hypot(rows, columns)
    tissue = np.random.default_rng(seed).normal(0.45, 0.12, (128, 128))
    shown = np.where(radius < 45, tissue, np.where(radius < 52, 0.9, 0.01))
    return (np.clip(shown, 0, 1) * brightest).astype(np.uint16)


def read(*pictures: NDArray[Any], mode: WindowMode = WindowMode.FILE, **elements: Any) -> list[Scan]:
    """The slices of one series, a file each."""
    frames: list[DicomFrame] = []
    for picture in pictures or (head(),):
        data = make_dicom(picture, **elements)
        frames += list_frames(lambda data=data: data, read_header(data, "a"), "a")  # type: ignore[misc]
    return [slice_.read() for slice_ in to_slices(frames, ReadOptions(window=mode))]


def window(center: float, width: float, **elements: Any) -> dict[str, Any]:
    return {"WindowCenter": center, "WindowWidth": width, **elements}


FITTING = {
    "the full range": window(2000, 4000),
    "bright tissue white": window(1700, 2400),
    "dark tissue black": window(2500, 3000),
    "half as wide again": window(2000, 6000),
    "sigmoid": window(1800, 2500, VOILUTFunction="SIGMOID"),
    "exact": window(2000, 4000, VOILUTFunction="LINEAR_EXACT"),
    "in units after rescale": window(200, 400, RescaleSlope=0.1, RescaleIntercept=0),
    "a table": {"VOILUTSequence": make_table([int(65535 * entry**0.5) for entry in np.linspace(0, 1, 4096)], 0)},
    "black on white": window(2000, 4000, PhotometricInterpretation="MONOCHROME1"),
}
UNFIT = {
    "of CT": window(40, 80),
    "twice as wide": window(2000, 8000),
    "sixteen times too wide": window(32768, 65536),
    "too narrow": window(1800, 40),
    "above all values": window(30000, 4000),
    "below all values": window(-30000, 4000),
    "in units before rescale": window(2000, 4000, RescaleSlope=0.1, RescaleIntercept=0),
    "of width one": window(1800, 1),
    "wide sigmoid": window(32768, 65536, VOILUTFunction="SIGMOID"),
    "two that do not fit": {"WindowCenter": [40, 60000], "WindowWidth": [80, 400]},
    "a table of one value": {"VOILUTSequence": make_table([30000] * 16, 0)},
    "black on white": window(40, 80, PhotometricInterpretation="MONOCHROME1"),
}


@pytest.mark.parametrize("name", FITTING)
def test_a_window_that_fits_changes_nothing(name: str) -> None:
    (scan,), (stored,) = read(**FITTING[name]), read(mode=WindowMode.STORED, **FITTING[name])
    assert scan.window is WindowUse.FILE
    assert (scan.pixels == stored.pixels).all()


@pytest.mark.parametrize("name", UNFIT)
def test_a_window_that_does_not_fit_gives_way_to_robust_limits(name: str) -> None:
    (scan,), (robust,) = read(**UNFIT[name]), read(mode=WindowMode.ROBUST, **UNFIT[name])
    assert scan.window is WindowUse.UNFIT
    assert np.abs(scan.pixels - robust.pixels).max() < 0.02  # a sample of the pixels stands for all


def test_8_bit_values_under_a_12_bit_window_are_shown() -> None:
    (scan,) = read((head() // 16).astype(np.uint8), **window(2048, 4096))
    assert scan.window is WindowUse.UNFIT
    assert scan.pixels.max() == 1


def test_the_first_window_that_fits_counts() -> None:
    (scan,) = read(WindowCenter=[40, 2000], WindowWidth=[80, 4000])
    (expected,) = read(**window(2000, 4000))
    assert scan.window is WindowUse.FILE_OTHER
    assert (scan.pixels == expected.pixels).all()


def test_a_window_without_a_width_gives_way_to_the_next() -> None:
    (scan,) = read(WindowCenter=[0, 2000], WindowWidth=[0, 4000])
    (expected,) = read(**window(2000, 4000))
    assert scan.window is WindowUse.FILE
    assert (scan.pixels == expected.pixels).all()


def test_a_window_that_does_not_fit_goes_for_the_whole_series() -> None:
    scans = read(head(1), head(2) // 2, np.zeros((128, 128), np.uint16), **window(40, 80))
    assert [scan.window for scan in scans] == [WindowUse.UNFIT] * 3
    assert scans[0].value_range == scans[1].value_range
    assert scans[1].pixels.max() == pytest.approx(0.5, abs=0.1)  # half as bright stays half as bright


def test_slices_of_air_do_not_make_a_window_unfit() -> None:
    air = np.random.default_rng(0).integers(0, 40, (128, 128)).astype(np.uint16)
    scans = read(air, air, head(1), head(2), head(3), air, air, **window(2000, 4000))
    assert {scan.window for scan in scans} == {WindowUse.FILE}


def test_windows_of_each_slice_stay_its_own() -> None:
    frames: list[DicomFrame] = []
    for brightest in (4000, 2000, 1000):
        data = make_dicom(head(0, brightest), **window(brightest / 2, brightest))
        frames += list_frames(lambda data=data: data, read_header(data, "a"), "a")  # type: ignore[misc]
    scans = [slice_.read() for slice_ in to_slices(frames, ReadOptions())]
    assert [scan.window for scan in scans] == [WindowUse.FILE] * 3
    assert [scan.value_range for scan in scans] == [(0, 4000), (0, 2000), (0, 1000)]


@pytest.mark.parametrize("elements", [{}, window(2000, 0), window(float("nan"), 5)])
def test_without_a_usable_window_the_full_range_is_shown(elements: dict[str, Any]) -> None:
    (scan,) = read(**elements)
    assert scan.window is WindowUse.FULL


def test_the_windows_of_ct_are_left_as_they_are() -> None:
    (scan,) = read(Modality="CT", **window(40, 80))
    assert scan.window is WindowUse.FILE


def test_a_picture_of_a_few_pixels_says_nothing_of_a_window() -> None:
    (scan,) = read(np.arange(64, dtype=np.uint16).reshape(8, 8), **window(5, 2))
    assert scan.window is WindowUse.FILE


def test_a_slice_that_cannot_be_read_does_not_keep_the_others_from_a_choice() -> None:
    good = make_dicom(head(), **window(40, 80))
    frames = list_frames(lambda: good, read_header(good, "a"), "a")
    bad = list_frames(lambda: good[:-5000], read_header(good, "b"), "b")
    scan = to_slices([*bad, *frames], ReadOptions())[1].read()
    assert scan.window is WindowUse.UNFIT


def test_robust_and_full_are_named_as_asked_for() -> None:
    assert read(mode=WindowMode.ROBUST)[0].window is WindowUse.ROBUST
    assert read(mode=WindowMode.FULL, **window(40, 80))[0].window is WindowUse.FULL
    assert read(mode=WindowMode.STORED, **window(40, 80))[0].window is WindowUse.FILE


def read_each(*windows: dict[str, Any]) -> list[Scan]:
    """The slices of one series, each with a window of its own."""
    frames: list[DicomFrame] = []
    for seed, elements in enumerate(windows):
        data = make_dicom(head(seed), **elements)
        frames += list_frames(lambda data=data: data, read_header(data, "a"), "a")  # type: ignore[misc]
    return [slice_.read() for slice_ in to_slices(frames, ReadOptions())]


def test_a_wrong_window_of_one_slice_does_not_go_unseen_among_right_ones() -> None:
    right = window(2000, 4000)
    assert {item.window for item in read_each(right, right, right, window(40, 80), right, right)} == {WindowUse.UNFIT}


def test_windows_that_differ_and_fit_are_kept() -> None:
    assert {item.window for item in read_each(*(window(1800 + 40 * i, 3600 + 80 * i) for i in range(6)))} == {
        WindowUse.FILE
    }


def hot(picture: NDArray[np.uint16], value: int = 60000) -> NDArray[np.uint16]:
    """A picture with one voxel that is far brighter than all others."""
    changed = picture.copy()
    changed[3, 3] = value
    return changed


def test_a_hot_voxel_leaves_a_slice_without_a_window_as_bright_as_it_was() -> None:
    (scan,), (robust,) = read(hot(head())), read(head(), mode=WindowMode.ROBUST)
    assert scan.window is WindowUse.OUTLIERS
    assert np.abs(scan.pixels - robust.pixels)[4:].max() < 0.02


def test_a_hot_voxel_in_black_on_white_is_left_out_too() -> None:
    (scan,) = read(hot(head()), PhotometricInterpretation="MONOCHROME1")
    assert scan.window is WindowUse.OUTLIERS
    assert scan.value_range is not None and scan.value_range[0] < 5000  # the higher value is black's


def test_a_hot_voxel_of_one_slice_changes_that_slice_only() -> None:
    scans = read(head(1), hot(head(2)), head(3))
    assert [scan.window for scan in scans] == [WindowUse.FULL, WindowUse.OUTLIERS, WindowUse.FULL]
    assert scans[1].pixels.mean() == pytest.approx(scans[0].pixels.mean(), abs=0.03)


def test_a_slice_without_a_window_does_not_hide_that_the_others_do_not_fit() -> None:
    assert {item.window for item in read_each({}, window(40, 80), window(40, 80))} == {WindowUse.UNFIT}
    assert [item.window for item in read_each({}, window(2000, 4000))] == [WindowUse.FULL, WindowUse.FILE]


def test_a_drawing_of_two_values_keeps_its_full_range() -> None:
    (scan,) = read(np.kron([[0, 900], [900, 0]], np.ones((64, 64))).astype(np.uint16))
    assert scan.window is WindowUse.FULL
