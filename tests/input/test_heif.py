import sys

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input import heif
from brain_tumor.input.reader import read_scan
from brain_tumor.problems import Problem
from tests.factories import encode
from tests.refused import refused


def test_without_the_extra_a_heic_picture_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    heif._register.cache_clear()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with refused(Problem.NEEDS_EXTRA) as caught:
        read_scan(b"\x00\x00\x00\x18ftypheic" + bytes(100), "phone.heic")
    heif._register.cache_clear()
    assert "[formats]" in caught.value.message


def test_a_picture_of_a_phone_is_read_once_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    data = encode(Image.new("RGB", (64, 64), (51, 51, 51)), "HEIF", quality=100)
    heif._register.cache_clear()
    monkeypatch.delitem(Image.OPEN, "HEIF")
    scan = read_scan(data, "phone.heic")
    assert (scan.file_format, scan.pixels.shape) == ("HEIF", (64, 64))
    assert np.abs(scan.pixels - 0.2).max() < 0.01
