import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.input import tiff_stack
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.tiff_pages import find_pages
from brain_tumor.problems import Problem
from tests.factories import encode
from tests.refused import refused

SHADES = (10, 20, 200)


def stack(*pages: NDArray[np.generic], **options: object) -> bytes:
    first, *others = (Image.fromarray(page) for page in pages)
    return encode(first, "TIFF", save_all=True, append_images=others, **options)


def flat(shade: float, dtype: type[np.generic] = np.uint8) -> NDArray[np.generic]:
    return np.full((4, 6), shade, dtype)


def opened(data: bytes) -> Series:
    (series,) = open_series([SourceFile("stack.tif", lambda: data)], ReadOptions())
    return series


def shown(data: bytes) -> list[float]:
    return [float(slice_.read().pixels[0, 0]) for slice_ in opened(data).slices]


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_pages_are_one_series_in_their_order(options: dict[str, object]) -> None:
    series = opened(stack(*map(flat, SHADES), **options))
    assert [slice_.name for slice_ in series.slices] == [f"stack.tif slice {number}" for number in (1, 2, 3)]
    assert [slice_.read().pixels[0, 0] for slice_ in series.slices] == pytest.approx([shade / 255 for shade in SHADES])


def test_pages_are_those_that_pillow_finds() -> None:
    data = stack(*map(flat, SHADES))
    with Image.open(io.BytesIO(data)) as image:
        for index, slice_ in enumerate(opened(data).slices):
            image.seek(index)
            assert slice_.read().pixels == pytest.approx(np.asarray(image) / 255)


def test_pages_share_one_scale_of_grey() -> None:
    assert shown(stack(flat(100, np.uint16), flat(4095, np.uint16))) == pytest.approx([100 / 4095, 1])
    assert shown(stack(flat(-10, np.float32), flat(0, np.float32), flat(30, np.float32))) == pytest.approx([0, 0.25, 1])


def test_a_smaller_copy_of_a_page_is_no_slice() -> None:
    data = bytearray(stack(flat(10), flat(20)))
    second = find_pages(io.BytesIO(data)).found[1]
    entry = second.offset + 2  # the first one, which becomes NewSubfileType
    data[entry : entry + 12] = struct.pack("<HHII", 254, 4, 1, 1)
    assert shown(bytes(data)) == pytest.approx([10 / 255])


def test_pages_of_different_sizes_are_refused() -> None:
    with refused(Problem.SEVERAL_FRAMES):
        opened(stack(flat(1), np.zeros((5, 5), np.uint8))).slices[0].read()


def test_a_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_stack, "MAX_STACK_BYTES", 100)
    with refused(Problem.TOO_LARGE):
        opened(stack(flat(1), flat(2))).slices[0].read()


def test_a_stack_that_is_cut_off_says_that_pages_are_missing() -> None:
    data = stack(*map(flat, SHADES))
    third = find_pages(io.BytesIO(data)).found[2].offset
    for end in (third - 1, third + 20):  # before its directory, and within
        *whole, missing = opened(data[:end]).slices
        assert [slice_.read().pixels[0, 0] for slice_ in whole] == pytest.approx([10 / 255, 20 / 255])
        with refused(Problem.DAMAGED):
            missing.read()


def test_a_chain_that_leads_back_ends_there() -> None:
    data = bytearray(stack(*map(flat, SHADES)))
    first, second, _ = find_pages(io.BytesIO(data)).found
    entries = struct.unpack_from("<H", data, second.offset)[0]
    struct.pack_into("<I", data, second.offset + 2 + 12 * entries, first.offset)
    assert shown(bytes(data)) == pytest.approx([10 / 255, 20 / 255])


def test_pages_of_64_bit_numbers_share_one_scale_of_grey() -> None:
    pages = [flat(shade, np.float64) for shade in (-10, 0, 30)]
    directories, at = b"", 8
    for number, page in enumerate(pages, start=1):
        tags = {256: 6, 257: 4, 258: 64, 259: 1, 262: 1, 273: 1000 * number, 277: 1, 278: 4, 279: page.nbytes, 339: 3}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        at += len(entries) + 6
        directories += struct.pack("<H", len(tags)) + entries + struct.pack("<I", at if number < len(pages) else 0)
    data = (b"II*\0" + struct.pack("<I", 8) + directories).ljust(1000, b"\0")
    data += b"".join(page.tobytes().ljust(1000, b"\0") for page in pages)
    assert shown(data) == pytest.approx([0, 0.25, 1])
