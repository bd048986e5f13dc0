import struct

import pytest

from brain_tumor.input.dicom_codestream import (
    JPEG_LS,
    LOSSLESS_JPEG,
    LOSSY_JPEG,
    CodedSize,
    jpeg_2000_size,
    jpeg_size,
    run_length_bytes,
)

SIZE = CodedSize(20, 30, 3, 12)
REMARK = b"\xff\xfe\x00\x04ab"


def make_jpeg(marker: int = 0xC3, before: bytes = b"") -> bytes:
    header = struct.pack(">BBHBHHB", 0xFF, marker, 17, 12, 20, 30, 3)
    return b"\xff\xd8" + before + header + bytes(9) + b"\xff\xda"


def make_jpeg_2000() -> bytes:
    size = struct.pack(">HHIIIIIIIIHB", 47, 0, 40, 25, 10, 5, 30, 20, 0, 0, 3, 0x80 | 11)
    return b"\xff\x4f\xff\x51" + size + bytes(20)


@pytest.mark.parametrize(("marker", "kind"), [(0xC0, LOSSY_JPEG), (0xC3, LOSSLESS_JPEG), (0xF7, JPEG_LS)])
def test_a_jpeg_says_its_size_and_depth(marker: int, kind: frozenset[int]) -> None:
    found = jpeg_size(make_jpeg(marker), kind)
    assert (found, found and found.bits) == (SIZE, 12)


def test_a_jpeg_of_another_kind_has_no_size() -> None:
    assert jpeg_size(make_jpeg(0xC0), LOSSLESS_JPEG) is None


@pytest.mark.parametrize("before", [REMARK, REMARK * 2, b"\xff\xff", b"\xff" + REMARK])
def test_segments_before_the_size_are_passed_over(before: bytes) -> None:
    assert jpeg_size(make_jpeg(before=before), LOSSLESS_JPEG) == SIZE


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\x00\x00" * 9, b"\x89PNG", b"\xff\xd8" + REMARK * 9])
def test_what_is_no_jpeg_has_no_size(data: bytes) -> None:
    assert jpeg_size(data, LOSSLESS_JPEG) is None


def test_a_jpeg_2000_says_its_size_without_the_offset_and_its_depth_without_the_sign() -> None:
    found = jpeg_2000_size(make_jpeg_2000())
    assert (found, found and found.bits) == (SIZE, 12)


def test_a_jpeg_2000_inside_a_jp2_file_is_found() -> None:
    boxes = (
        b"\x00\x00\x00\x0cjP  \r\n\x87\n"
        + struct.pack(">I4s8s", 16, b"ftyp", b"jp2 ")
        + struct.pack(">I4s", 0, b"jp2c")
    )
    assert jpeg_2000_size(boxes + make_jpeg_2000()) == SIZE


@pytest.mark.parametrize("data", [b"", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  " + bytes(50), bytes(100)])
def test_what_is_no_jpeg_2000_has_no_size(data: bytes) -> None:
    assert jpeg_2000_size(data) is None


def test_run_lengths_are_added_up() -> None:
    # A literal of 2, a run of 3 (257 - 254), a byte that means nothing.
    assert run_length_bytes(bytes(64) + b"\x01ab" + b"\xfec" + b"\x80") == 5
