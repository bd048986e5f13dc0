import pytest
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.reader import MAX_SCAN_BYTES, read_scan
from tests.factories import encode, png_bytes


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_the_bytes_decide_the_format_whatever_the_name_says(file_format: str) -> None:
    data = encode(Image.new("L", (3, 2), 128), file_format)
    assert read_scan(data, "slice.docx").file_format == file_format


@pytest.mark.parametrize("byte_order", [b"II+\x00", b"MM\x00+"])
def test_big_tiff_is_taken_for_a_tiff(byte_order: bytes) -> None:
    with pytest.raises(ScanError, match="starts like a TIFF file"):
        read_scan(byte_order + bytes(60), "slice.tif")


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(ScanError, match=r"slice\.png: the file is empty"):
        read_scan(b"", "slice.png")


def test_one_byte_too_many_is_too_large() -> None:
    with pytest.raises(ScanError, match="larger than the 64 MiB"):
        read_scan(bytes(MAX_SCAN_BYTES + 1), "slice.png")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bytes(128) + b"DICM", "a DICOM file"),
        (bytes(344) + b"n+1\x00", "a NIfTI volume"),
        (bytes(344) + b"ni1\x00", "the header of a NIfTI volume"),
        (b"\x1c\x02\x00\x00n+2\x00\r\n\x1a\n", "a NIfTI volume"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"GIF89a", "a GIF animation"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    ],
)
def test_a_known_other_format_is_named_with_the_formats_that_are_read(data: bytes, kind: str) -> None:
    with pytest.raises(ScanError, match=f"is {kind}.*PNG, JPEG, BMP, TIFF and WebP"):
        read_scan(data, "slice.png")


def test_anything_else_is_no_image() -> None:
    with pytest.raises(ScanError, match="is not an image file"):
        read_scan(b"hello", "slice.png")


@pytest.mark.parametrize("length", [1, 8, 20, 40, -100, -40])
def test_a_cut_file_is_an_error(length: int) -> None:
    with pytest.raises(ScanError):
        read_scan(png_bytes()[:length], "slice.png")
