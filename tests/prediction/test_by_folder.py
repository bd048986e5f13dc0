from collections.abc import Sequence

import pytest

from brain_tumor.input.series import Series, Slice
from brain_tumor.prediction.by_folder import PictureSeries, group_by_folder
from tests.factories import make_scan


def make_image(name: str) -> Series:
    return Series(name, (Slice(name, None, make_scan),))


def group(*names: str) -> list[tuple[str, list[str]]]:
    return [(item.name, [slice_.file for slice_ in item.slices]) for item in group_by_folder(map(make_image, names))]


def test_numbered_images_of_a_folder_are_one_series_in_the_order_of_their_numbers() -> None:
    assert group("p/s1.png", "p/s10.png", "p/s2.png") == [("p", ["p/s1.png", "p/s2.png", "p/s10.png"])]


def test_each_folder_is_a_series_of_its_own() -> None:
    assert [name for name, _ in group("a/1.png", "a/2.png", "b/1.png", "b/2.png")] == ["a", "b"]


def test_an_image_that_is_alone_stays_an_image() -> None:
    assert group("a/1.png") == [("a/1.png", ["a/1.png"])]


def test_a_volume_stays_a_series_between_images() -> None:
    volume = Series("a/v.nii", (Slice("a/v.nii", 1, make_scan), Slice("a/v.nii", 2, make_scan)))
    assert list(group_by_folder([volume])) == [volume]


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (("p/t1-01.png", "p/t1-02.png"), True),
        (("p/a.png", "p/b.png"), False),
        (("p/1.png", "p/01.png"), False),
        (("p/1-2.png", "p/2-1.png"), False),
        (("p/axial-1.png", "p/coronal-2.png"), False),
    ],
)
def test_an_order_is_known_from_one_number_that_differs(names: Sequence[str], ordered: bool) -> None:
    (series,) = group_by_folder(map(make_image, names))
    assert isinstance(series, PictureSeries)
    assert series.is_ordered is ordered
