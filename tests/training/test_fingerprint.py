import numpy as np
import pytest
from PIL import Image, ImageOps

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.fingerprint import SIDE_PX, to_fingerprint
from tests.factories import make_scan
from tests.training.heads import draw_head, look


def square(side: int, bright: slice, value: float = 1.0) -> FloatArray:
    """A black square picture with a bright square inside."""
    pixels = np.zeros((side, side), np.float32)
    pixels[bright, bright] = value
    return pixels


def test_a_fingerprint_is_small_and_uses_the_whole_range_of_grey() -> None:
    print_ = look(draw_head(0))
    assert print_.frames.shape == (2, SIDE_PX, SIDE_PX) and print_.frames.dtype == np.uint8
    assert (print_.frames.min(), print_.frames.max()) == (0, 255)


def test_exposure_and_size_do_not_show_in_the_frames() -> None:
    dark = to_fingerprint(b"", make_scan(square(64, slice(16, 48), 0.2)))
    large = to_fingerprint(b"", make_scan(square(128, slice(32, 96))))
    assert np.abs(dark.frames[0].astype(int) - large.frames[0]).max() <= 90  # the edge alone, where sizes differ
    assert np.abs(dark.frames[0].astype(int) - large.frames[0]).mean() < 3


def test_the_second_frame_has_no_dark_margin() -> None:
    frames = to_fingerprint(b"", make_scan(square(100, slice(20, 80)))).frames
    assert frames[0][0].max() == 0
    assert frames[1].max() == 0  # nothing but content is left, and that is one flat grey


@pytest.mark.parametrize("width", [1, 10, 60])
def test_a_wider_margin_leaves_the_second_frame_as_it_is(width: int) -> None:
    head = draw_head(0)
    plain, framed = (look(image).frames[1].astype(int) for image in (head, ImageOps.expand(head, width)))
    assert np.abs(plain - framed).mean() < 2


def test_a_picture_that_is_nearly_all_margin_stays_whole() -> None:
    frames = to_fingerprint(b"", make_scan(square(100, slice(45, 55)))).frames
    assert frames[0].tolist() == frames[1].tolist()


@pytest.mark.parametrize("grey", [0.0, 0.5])
def test_a_blank_picture_has_blank_frames(grey: float) -> None:
    assert to_fingerprint(b"", make_scan(np.full((30, 40), grey, np.float32))).frames.max() == 0


def test_pictures_of_other_shape_have_other_pixels() -> None:
    flat = [to_fingerprint(b"", make_scan(np.zeros(shape, np.float32))) for shape in ((20, 10), (10, 20))]
    assert flat[0].pixels_sha256 != flat[1].pixels_sha256
    assert flat[0].bytes_sha256 == flat[1].bytes_sha256


def test_one_other_pixel_is_another_picture() -> None:
    image = Image.new("L", (32, 32), 9)
    before = look(image).pixels_sha256
    image.putpixel((3, 3), 10)
    assert look(image).pixels_sha256 != before
