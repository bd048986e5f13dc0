import numpy as np
import pytest
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.input.reader import read_scan
from brain_tumor.input.series import ReadOptions, WindowMode
from brain_tumor.problems import Problem
from tests.factories import encode, png_bytes
from tests.input.slices import dicom_bytes
from tests.input.volumes import make_values, nifti_bytes, nifti_gz_bytes
from tests.refused import refused


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_the_bytes_decide_the_format_whatever_the_name_says(file_format: str) -> None:
    data = encode(Image.new("L", (3, 2), 128), file_format)
    assert read_scan(data, "slice.docx").file_format == file_format


@pytest.mark.parametrize("byte_order", [b"II+\x00", b"MM\x00+"])
def test_big_tiff_is_taken_for_a_tiff(byte_order: bytes) -> None:
    with refused(Problem.DAMAGED):
        read_scan(byte_order + bytes(60), "slice.tif")


def test_an_empty_file_is_called_empty() -> None:
    with refused(Problem.EMPTY, "slice.png"):
        read_scan(b"", "slice.png")


def test_one_byte_too_many_is_too_large() -> None:
    with refused(Problem.TOO_LARGE):
        read_scan(bytes(MAX_SCAN_BYTES + 1), "slice.png")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7", "pdf"),
        (b"MZ\x90\x00", "program"),
        (b"\x00\x00\x00\x18ftypmp42", "video"),
        (b"CDF\x01", "minc"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git_lfs"),
    ],
)
def test_a_known_other_format_is_named(data: bytes, kind: str) -> None:
    with refused(Problem.UNSUPPORTED_FORMAT) as caught:
        read_scan(data, "slice.png")
    assert caught.value.facts == {"kind": kind}


def test_a_dicom_file_of_one_frame_is_read() -> None:
    scan = read_scan(dicom_bytes(), "slice.png")
    assert (scan.file_format, scan.pixels.shape, scan.modality) == ("DICOM", (4, 6), "MR")


def test_the_window_is_passed_on() -> None:
    data = dicom_bytes(values=np.array([[0, 1000], [0, 100]]), WindowCenter=50, WindowWidth=100)
    assert read_scan(data, "slice").pixels[1, 1] == pytest.approx(1, abs=0.02)
    assert read_scan(data, "slice", ReadOptions(window=WindowMode.FULL)).pixels[1, 1] == pytest.approx(0.1, abs=0.02)


def test_a_dicom_file_of_several_frames_says_how_many() -> None:
    with refused(Problem.SEVERAL_SLICES) as caught:
        read_scan(dicom_bytes(values=np.zeros((3, 4, 6))), "slice")
    assert caught.value.facts == {"found": 3}


def test_a_volume_says_how_many_slices_it_holds() -> None:
    with refused(Problem.SEVERAL_SLICES) as caught:
        read_scan(nifti_bytes(), "brain.nii")
    assert caught.value.facts == {"found": 5}


def test_a_volume_of_one_slice_is_read() -> None:
    assert read_scan(nifti_gz_bytes(make_values((3, 4))), "brain.nii.gz").pixels.shape == (4, 3)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x05\x06"])
def test_an_archive_is_no_image(data: bytes) -> None:
    with refused(Problem.ARCHIVE):
        read_scan(data, "slice.zip")


def test_anything_else_is_no_image() -> None:
    with refused(Problem.UNKNOWN_FORMAT):
        read_scan(b"hello", "slice.png")


@pytest.mark.parametrize("length", [1, 8, 20, 40, -100, -40])
def test_a_cut_file_is_an_error(length: int) -> None:
    with pytest.raises(ScanError):
        read_scan(png_bytes()[:length], "slice.png")
