"""16-bit pictures of several channels: the same answer as the same values in one channel."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.input.raster import read_raster
from brain_tumor.problems import Problem
from tests.refused import refused

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG specification, section 11.2.2


def png16(values: NDArray[np.integer]) -> bytes:
    """A PNG of 16 bits a channel; values: (rows, columns, channels)."""
    rows, columns, channels = values.shape
    body = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", columns, rows, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    )


def tiff16(values: NDArray[np.integer], order: str = "<", compression: int = 1, has_planes: bool = False) -> bytes:
    """A TIFF of 16 bits a channel; values: (rows, columns, channels)."""
    rows, columns, channels = values.shape
    pixels = (np.moveaxis(values, -1, 0) if has_planes else values).astype(f"{order}u2").tobytes()
    if compression == 8:
        pixels = zlib.compress(pixels)
    pixels += b"\0" * (len(pixels) % 2)
    depths = struct.pack(f"{order}{channels}H", *([16] * channels))
    plane, start = len(pixels) // channels, 8 + 10 * channels
    entries = [
        (256, 3, 1, columns), (257, 3, 1, rows), (258, 3, channels, 8), (259, 3, 1, compression), (262, 3, 1, 2),
        (273, 4, 1, start), (277, 3, 1, channels), (278, 3, 1, rows), (279, 4, 1, len(pixels)),
    ]  # fmt: skip
    if has_planes:
        entries[5], entries[8] = (273, 4, channels, 8 + 2 * channels), (279, 4, channels, 8 + 6 * channels)
        entries.append((284, 3, 1, 2))
    depths += struct.pack(f"{order}{channels}I", *(start + plane * index for index in range(channels)))
    depths += struct.pack(f"{order}{channels}I", *([plane] * channels))
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        cell = f"{order}H2x" if kind == 3 and count == 1 else f"{order}I"
        directory += struct.pack(f"{order}HHI", tag, kind, count) + struct.pack(cell, value)
    start += len(pixels)
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HI", 42, start) + depths + pixels + directory + struct.pack(f"{order}I", 0)


def grey12() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 4096, (40, 50)).astype(np.uint16)


def stacked(grey: NDArray[np.uint16], channels: int) -> NDArray[np.uint16]:
    return np.repeat(grey[..., None], channels, axis=2)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_png_of_several_12_bit_channels_reads_as_one_channel(channels: int) -> None:
    grey = grey12()
    expected = read_raster(png16(stacked(grey, 1)), "a", "PNG").pixels
    scan = read_raster(png16(stacked(grey, channels)), "a", "PNG")
    assert np.abs(scan.pixels - expected).max() < 1e-6
    assert scan.chroma == 0


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_12_bit_channels_reads_as_one_channel(order: str) -> None:
    grey = grey12()
    scan = read_raster(tiff16(stacked(grey, 3), order), "a", "TIFF")
    assert np.abs(scan.pixels - grey / 4095).max() < 1e-6


def test_a_compressed_tiff_of_12_bit_channels_reads_as_one_channel() -> None:
    grey = grey12()
    scan = read_raster(tiff16(stacked(grey, 3), compression=8), "a", "TIFF")
    assert np.abs(scan.pixels - grey / 4095).max() < 1e-6


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deepest", [4095, 65535])
def test_channels_that_are_stored_one_after_the_other_read_as_one_channel(order: str, deepest: int) -> None:
    values = stacked(np.rint(grey12() / 4095 * deepest).astype(np.uint16), 3)
    scan = read_raster(tiff16(values, order, has_planes=True), "a", "TIFF")
    assert np.abs(scan.pixels - values[..., 0] / deepest).max() < 1e-6
    assert scan.chroma == 0


def test_compressed_channels_one_after_the_other_are_refused_in_the_right_words() -> None:
    with refused(Problem.PIXEL_KIND) as caught:
        read_raster(tiff16(stacked(grey12(), 3), compression=8, has_planes=True), "a", "TIFF")
    assert "3 channels of 16-bit integers, compressed separately" in str(caught.value)


def test_channels_that_need_all_16_bits_read_as_before() -> None:
    values = stacked(grey12() * 16, 3)
    with Image.open(io.BytesIO(png16(values))) as image:
        expected = np.asarray(image.convert("L"), np.float32) / 255
    assert np.abs(read_raster(png16(values), "a", "PNG").pixels - expected).max() < 1e-6


def test_a_real_alpha_channel_still_makes_transparent_pixels_black() -> None:
    values = stacked(np.full((4, 4), 4095, np.uint16), 4)
    values[..., 3] = 65535
    values[0, 0, 3] = 0
    pixels = read_raster(png16(values), "a", "PNG").pixels
    assert pixels[0, 0] == 0
    assert pixels[1:].min() == pytest.approx(1)


def test_deep_colour_keeps_its_chroma() -> None:
    values = np.zeros((200, 300, 3), np.uint16)
    values[..., 0] = 4095
    scan = read_raster(png16(values), "a", "PNG")
    assert scan.chroma == pytest.approx(1)
    assert scan.pixels.mean() == pytest.approx(0.299, abs=1e-3)
