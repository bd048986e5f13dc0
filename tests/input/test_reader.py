import io

import numpy as np
import pytest
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.reader import MAX_SCAN_BYTES, check_size, read_limited, read_scan
from brain_tumor.input.series import ReadOptions, Window
from tests.factories import encode, png_bytes
from tests.input.slices import dicom_bytes
from tests.input.volumes import make_values, nifti_bytes, nifti_gz_bytes


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
        (b"%PDF-1.7", "a PDF document"),
        (b"GIF89a", "a GIF animation"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    ],
)
def test_a_known_other_format_is_named_with_the_formats_that_are_read(data: bytes, kind: str) -> None:
    with pytest.raises(ScanError, match=f"is {kind}.*WebP images, DICOM files, NIfTI volumes and ZIP archives"):
        read_scan(data, "slice.png")


def test_a_dicom_file_of_one_frame_is_read() -> None:
    scan = read_scan(dicom_bytes(), "slice.png")
    assert (scan.file_format, scan.pixels.shape, scan.modality) == ("DICOM", (4, 6), "MR")


def test_the_window_is_passed_on() -> None:
    data = dicom_bytes(values=np.array([[0, 1000], [0, 100]]), WindowCenter=50, WindowWidth=100)
    assert read_scan(data, "slice").pixels[1, 1] == pytest.approx(1, abs=0.02)
    assert read_scan(data, "slice", ReadOptions(window=Window.FULL)).pixels[1, 1] == pytest.approx(0.1, abs=0.02)


def test_a_dicom_file_of_several_frames_says_how_many_and_what_reads_them() -> None:
    with pytest.raises(
        ScanError, match=r"holds 3 slices, one image is needed here; 'brain-tumor predict'.*open_series"
    ):
        read_scan(dicom_bytes(values=np.zeros((3, 4, 6))), "slice")


def test_a_volume_says_how_many_slices_it_holds() -> None:
    with pytest.raises(ScanError, match="holds 5 slices, one image is needed"):
        read_scan(nifti_bytes(), "brain.nii")


def test_a_volume_of_one_slice_is_read() -> None:
    assert read_scan(nifti_gz_bytes(make_values((3, 4))), "brain.nii.gz").pixels.shape == (4, 3)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x05\x06"])
def test_an_archive_says_what_reads_it(data: bytes) -> None:
    with pytest.raises(ScanError, match=r"ZIP archive, one image is needed here; .*open_series"):
        read_scan(data, "slice.zip")


@pytest.mark.parametrize("data", [bytes(128) + b"DICM", bytes(344) + b"n+1\x00", b"\x1f\x8b\x08"])
def test_what_may_hold_many_slices_may_be_larger(data: bytes) -> None:
    assert check_size(data + bytes(MAX_SCAN_BYTES), "large") is not None


def test_a_stream_is_read_up_to_one_byte_more_than_its_format_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.input.reader.MAX_SCAN_BYTES", 2000)
    assert len(read_limited(io.BytesIO(bytes(5000)))) == 2001
    assert len(read_limited(io.BytesIO(b"\x1f\x8b" + bytes(4998)))) == 5000


def test_anything_else_is_no_image() -> None:
    with pytest.raises(ScanError, match="is not an image file"):
        read_scan(b"hello", "slice.png")


@pytest.mark.parametrize("length", [1, 8, 20, 40, -100, -40])
def test_a_cut_file_is_an_error(length: int) -> None:
    with pytest.raises(ScanError):
        read_scan(png_bytes()[:length], "slice.png")
