import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.raster import MAX_SCAN_PIXELS, to_jpeg_and_back, to_luma_and_chroma
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.problems import Problem
from tests.factories import encode
from tests.refused import refused

RED_LUMA = 76 / 255  # ITU-R 601: 0.299 of 255
TOP_LEFT_LIGHT = np.array([[200, 0, 0], [0, 0, 0]], np.uint8)  # two rows, three columns


def pixels(image: Image.Image, file_format: str = "PNG", **options: object) -> FloatArray:
    return read_scan(encode(image, file_format, **options), "slice").pixels


def grey(*rows: list[float], dtype: type[np.generic] = np.uint8) -> Image.Image:
    return Image.fromarray(np.array(rows, dtype))


def make_tiff(values: np.ndarray, *, photometric: int = 1, alpha: int | None = None) -> bytes:
    """A plain TIFF of 16-bit grey values in the array's byte order, or of 8-bit pairs of grey and alpha."""
    rows, columns = values.shape[:2]
    samples = 1 if alpha is None else 2
    order = ">" if values.dtype.byteorder == ">" else "<"
    tags = {
        256: columns, 257: rows, 258: 8 * values.itemsize, 259: 1, 262: photometric,
        273: 200, 277: samples, 278: rows, 279: values.nbytes,
    }  # fmt: skip
    if alpha is not None:
        tags[338] = alpha
    entries = b""
    for tag, value in tags.items():
        # A short stands in the first two bytes of its field; bits per sample of two channels fit there too.
        field = struct.pack(f"{order}HH", value, value if (tag, samples) == (258, 2) else 0)
        entries += struct.pack(f"{order}HHI", tag, 3, samples if tag == 258 else 1) + field
    header = (b"MM\x00*" if order == ">" else b"II*\x00") + struct.pack(f"{order}IH", 8, len(tags))
    return (header + entries + bytes(4)).ljust(200, b"\x00") + values.tobytes()


def test_eight_bit_grey_is_divided_by_255() -> None:
    assert pixels(grey([0, 51, 255])).ravel().tolist() == pytest.approx([0.0, 0.2, 1.0])


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_every_format_keeps_an_even_grey(file_format: str) -> None:
    even = Image.new("L", (16, 16), 102)
    assert pixels(even, file_format) == pytest.approx(0.4, abs=1 / 255)


def test_sixteen_bits_are_divided_by_65535() -> None:
    assert pixels(grey([0, 13107, 65535], dtype=np.uint16)).ravel().tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_twelve_bits_in_a_sixteen_bit_file_are_divided_by_4095() -> None:
    assert pixels(grey([0, 819, 4095], dtype=np.uint16)).ravel().tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_small_values_in_a_sixteen_bit_file_are_divided_by_255() -> None:
    assert pixels(grey([0, 51, 100], dtype=np.uint16))[0, 1] == pytest.approx(0.2)


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_sixteen_bit_tiff_is_read_in_either_byte_order(dtype: str) -> None:
    data = make_tiff(np.array([[0, 819, 4095]], dtype))
    assert read_scan(data, "slice").pixels.ravel().tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_sixteen_bit_tiff_whose_zero_is_white_is_inverted() -> None:
    data = make_tiff(np.array([[0, 819, 4095]], "<u2"), photometric=0)
    assert read_scan(data, "slice").pixels.ravel().tolist() == pytest.approx([1.0, 0.8, 0.0])


def test_values_above_sixteen_bits_are_refused() -> None:
    with refused(Problem.VALUES_OUT_OF_RANGE):
        pixels(grey([0, 70000], dtype=np.int32), "TIFF")


def test_negative_values_are_refused() -> None:
    with refused(Problem.VALUES_OUT_OF_RANGE):
        pixels(grey([-1, 7], dtype=np.int32), "TIFF")


def test_floating_point_pixels_within_0_and_1_are_kept() -> None:
    assert pixels(grey([0.25, 0.5], dtype=np.float32), "TIFF").ravel().tolist() == [0.25, 0.5]


def test_other_floating_point_pixels_are_stretched_and_what_is_no_number_is_black() -> None:
    found = pixels(grey([-100.0, 100.0, 300.0, np.nan, np.inf], dtype=np.float32), "TIFF").ravel()
    assert found.tolist() == [0, 0.5, 1, 0, 0]


def test_pixels_of_which_none_is_a_number_are_refused() -> None:
    with refused(Problem.NOT_FINITE):
        pixels(grey([np.nan, np.inf], dtype=np.float32), "TIFF")


@pytest.mark.parametrize("file_format", ["GIF", "JPEG2000", "AVIF", "HEIF"])
def test_formats_of_phones_scanners_and_the_web_are_read(file_format: str) -> None:
    if file_format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    options = {"quality": 100} if file_format in ("AVIF", "HEIF") else {}
    scan = read_scan(encode(Image.fromarray(ramp), file_format, **options), "slice")
    assert scan.file_format == file_format
    assert scan.pixels == pytest.approx(ramp / 255, abs=0.02)


@pytest.mark.parametrize("codestream", [False, True])
def test_jpeg_2000_of_twelve_bits_is_read_as_deep_png_is(codestream: bool) -> None:
    values = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (64, 1))
    data = encode(Image.fromarray(values), "JPEG2000", no_jp2=codestream)
    assert read_scan(data, "slice").pixels == pytest.approx(values / 4095, abs=1e-6)


def test_one_bit_becomes_black_and_white() -> None:
    assert pixels(grey([0, 255]).convert("1")).tolist() == [[0.0, 1.0]]


def test_colour_becomes_luma() -> None:
    assert pixels(Image.new("RGB", (2, 2), "red")) == pytest.approx(RED_LUMA)


def test_a_palette_is_looked_up() -> None:
    assert pixels(Image.new("RGB", (2, 2), "red").quantize(2)) == pytest.approx(RED_LUMA)


def test_a_transparent_palette_entry_becomes_black() -> None:
    image = grey([0, 1]).convert("P")
    image.putpalette([255, 255, 255, 255, 255, 255])
    assert pixels(image, transparency=1).tolist() == [[1.0, 0.0]]


def test_transparent_pixels_become_black() -> None:
    assert pixels(Image.new("RGBA", (2, 2), (255, 255, 255, 0))) == pytest.approx(0.0)


def test_half_transparent_grey_becomes_half_as_light() -> None:
    assert pixels(Image.new("LA", (2, 2), (200, 128))) == pytest.approx(100 / 255)


@pytest.mark.parametrize(("alpha", "light"), [(1, 100 / 255), (2, 50 / 255)])
def test_tiff_alpha_is_applied_unless_the_values_hold_it_already(alpha: int, light: float) -> None:
    data = make_tiff(np.full((2, 2, 2), (100, 128), np.uint8), alpha=alpha)
    assert read_scan(data, "slice").pixels == pytest.approx(light, abs=1 / 255)


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk_becomes_luma(file_format: str) -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    assert pixels(cyan, file_format) == pytest.approx(1 - RED_LUMA, abs=0.02)


@pytest.mark.parametrize("mode", ["YCbCr", "LAB"])
def test_other_colour_spaces_become_luma(mode: str) -> None:
    assert pixels(Image.new("RGB", (2, 2), (90, 90, 90)).convert(mode), "TIFF") == pytest.approx(90 / 255, abs=0.02)


def test_grey_has_no_chroma() -> None:
    assert read_scan(encode(Image.new("RGB", (4, 4), (90, 90, 90)), "PNG"), "slice").chroma == 0.0


def test_pure_red_has_full_chroma() -> None:
    assert read_scan(encode(Image.new("RGB", (4, 4), "red"), "PNG"), "slice").chroma == 1.0


@pytest.mark.parametrize(
    ("orientation", "row", "column"),
    [(1, 0, 0), (2, 0, 2), (3, 1, 2), (4, 1, 0), (5, 0, 0), (6, 0, 1), (7, 2, 1), (8, 2, 0)],
)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_exif_orientation_puts_the_light_corner_where_it_belongs(
    file_format: str, orientation: int, row: int, column: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = pixels(Image.fromarray(TOP_LEFT_LIGHT), file_format, exif=exif)
    assert np.argwhere(upright > 0.5).tolist() == [[row, column]]


def test_unreadable_exif_is_ignored() -> None:
    data = encode(Image.fromarray(TOP_LEFT_LIGHT), "WEBP", lossless=True, exif=b"Exif\x00\x00nonsense")
    assert np.argwhere(read_scan(data, "slice").pixels > 0.5).tolist() == [[0, 0]]


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_several_frames_are_refused(file_format: str) -> None:
    first, second = Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 200)
    data = encode(first, file_format, save_all=True, append_images=[second])
    with refused(Problem.SEVERAL_FRAMES):
        read_scan(data, "slice")


def test_a_phone_picture_with_further_views_is_its_first_picture() -> None:
    first, second = Image.new("RGB", (16, 16), (51, 51, 51)), Image.new("RGB", (16, 16), (200, 200, 200))
    data = encode(first, "MPO", save_all=True, append_images=[second])
    assert read_scan(data, "slice").pixels == pytest.approx(0.2, abs=1 / 255)


def png_with_header(columns: int, rows: int) -> bytes:
    """A PNG of a few bytes that announces any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


# The second stands where Pillow warns, the first where it refuses, the third where it says nothing.
@pytest.mark.parametrize("side", [65_000, 10_000, int(MAX_SCAN_PIXELS**0.5) + 1])
def test_a_header_that_promises_too_many_pixels_is_refused(side: int) -> None:
    with refused(Problem.TOO_MANY_PIXELS):
        read_scan(png_with_header(side, side), "slice")


def test_a_header_that_promises_a_very_long_row_is_refused() -> None:
    with refused(Problem.SIDE_TOO_LONG):
        read_scan(png_with_header(65_536, 1), "slice")


def test_a_jpeg_that_goes_over_its_picture_again_and_again_is_refused() -> None:
    data = encode(grey([1, 2], [3, 4]), "JPEG")
    last = data.rindex(b"\xff\xda")
    with refused(Problem.TOO_MANY_SCANS):
        read_scan(data[:-2] + data[last:-2] * 100 + b"\xff\xd9", "slice")


def test_what_pillow_warns_of_is_not_shown() -> None:
    damaged = bytearray(make_tiff(np.zeros((2, 2), "<u2")))
    damaged[8] += 1  # announces one tag more than there is
    program = "import sys; from brain_tumor.input.raster import read_raster\ntry: read_raster("
    program += f"{bytes(damaged)!r}, 'x', 'TIFF')\nexcept Exception: pass"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""


def test_a_long_chain_of_pages_without_a_picture_is_not_followed() -> None:
    page = bytearray(make_tiff(np.zeros((2, 2), "<u2")))
    next_page = 8 + 2 + 9 * 12
    page[next_page : next_page + 4] = struct.pack("<I", len(page))
    chain = b"".join(struct.pack("<HI", 0, len(page) + 6 * (n + 1)) for n in range(100_000))
    assert read_scan(bytes(page) + chain, "slice").pixels.shape == (2, 2)


def test_a_tiff_of_several_pages_is_no_single_image() -> None:
    first, second = Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 200)
    with refused(Problem.SEVERAL_SLICES):
        read_scan(encode(first, "TIFF", save_all=True, append_images=[second]), "slice")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "MPO"])
def test_damage_anywhere_ends_in_a_scan_error_or_in_pixels_from_0_to_1(file_format: str) -> None:
    dice = random.Random(file_format)  # noqa: S311 - the same damage every time
    noise = Image.frombytes("RGB", (20, 16), dice.randbytes(960))
    whole = encode(noise, file_format)
    for _ in range(150):
        damaged = bytearray(whole[: dice.choice([len(whole), dice.randrange(4, len(whole))])])
        for _ in range(dice.choice([1, 4, 16])):
            damaged[dice.randrange(min(len(damaged), 200))] = dice.choice([0, 1, 127, 255])
        try:
            scan = read_scan(bytes(damaged), "slice")
        except ScanError:
            continue
        assert 0.0 <= scan.pixels.min() <= scan.pixels.max() <= 1.0


def test_jpeg_and_back_loses_more_at_a_lower_quality() -> None:
    pixels = np.random.default_rng(0).random((40, 56), np.float32)
    losses = [float(np.abs(to_jpeg_and_back(pixels, quality) - pixels).mean()) for quality in (95, 50, 10)]
    assert 0 < losses[0] < losses[1] < losses[2]
    assert to_jpeg_and_back(pixels, 50).shape == (40, 56)


def test_jpeg_and_back_keeps_black_and_white() -> None:
    for value in (0.0, 1.0):
        assert np.all(to_jpeg_and_back(np.full((8, 8), value, np.float32), 10) == value)


def test_an_array_of_colour_is_read_as_a_picture_of_it_is() -> None:
    red = np.zeros((2, 3, 3), np.uint8)
    red[..., 0] = 255
    luma, chroma = to_luma_and_chroma(red)
    assert (luma.shape, luma[0, 0], chroma) == ((2, 3), pytest.approx(RED_LUMA), 1)
