import brain_tumor
from brain_tumor.input.series import Series, Slice, WindowMode
from tests.factories import make_scan


def test_a_slice_is_called_by_its_file_and_where_there_are_several_by_its_number() -> None:
    assert Slice("a.png", None, make_scan).name == "a.png"
    assert Slice("a.nii", 4, make_scan).name == "a.nii slice 4"


def test_a_single_image_is_no_stack() -> None:
    image = Slice("a.png", None, make_scan)
    assert not Series("a.png", (image,)).is_stack
    assert Series("a", (image, image)).is_stack


def test_the_former_name_of_the_window_stays_for_one_release() -> None:
    assert brain_tumor.Window is WindowMode
