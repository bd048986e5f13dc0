import base64
import zlib

import numpy as np
import pytest

from brain_tumor.input.scan import Scan
from page import source_picture
from page.source_picture import SourcePicture, to_source_picture


def unpack(picture: SourcePicture) -> np.ndarray:
    kind = "<u2" if picture.bits == 16 else np.uint8
    return np.frombuffer(zlib.decompress(base64.b64decode(picture.packed)), kind).reshape(picture.rows, picture.columns)


def test_a_picture_of_8_bits_keeps_every_shade() -> None:
    shades = np.arange(256, dtype=np.float32).reshape(8, 32)
    picture = to_source_picture(Scan(shades / np.float32(255), 0.0, "PNG"), None)
    assert (picture.bits, picture.values, picture.window, picture.has_values) == (8, (0, 255), (0, 255), False)
    assert np.array_equal(unpack(picture), shades)


def test_a_deep_picture_gets_16_bits() -> None:
    shades = np.arange(4096, dtype=np.float32).reshape(64, 64)
    assert len(np.unique(unpack(to_source_picture(Scan(shades / np.float32(4095), 0.0, "PNG"), None)))) == 4096


def test_a_scan_keeps_its_values_and_starts_in_its_window() -> None:
    values = np.arange(-1000, 1000, dtype=np.float32).reshape(40, 50)
    scan = Scan((values + 1000) / np.float32(1999), 0.0, "DICOM", value_range=(-1000.0, 999.0))
    picture = to_source_picture(scan, (-40.0, 80.0))
    assert (picture.values, picture.window, picture.has_values) == ((-1000, 999), (-40, 80), True)
    assert -1000 + unpack(picture) * (1999 / 65535) == pytest.approx(values, abs=0.02)


def test_without_a_window_the_brightest_and_darkest_hundredth_are_left_out() -> None:
    scan = Scan(np.linspace(0, 1, 1001, dtype=np.float32)[None], 0.0, "DICOM", value_range=(0.0, 500.0))
    assert to_source_picture(scan, None).window == pytest.approx((5, 495))


def test_what_is_white_at_low_values_stays_so() -> None:
    scan = Scan(np.linspace(0, 1, 10, dtype=np.float32)[None], 0.0, "DICOM", value_range=(100.0, 0.0))
    assert to_source_picture(scan, (80.0, 20.0)).window == (80, 20)


def test_a_picture_too_large_for_a_browser_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_picture, "MAX_PIXELS", 100)
    picture = to_source_picture(Scan(np.zeros((31, 20), np.float32), 0.0, "PNG"), None)
    assert (picture.reduced_by, picture.rows, picture.columns) == (3, 11, 7)
