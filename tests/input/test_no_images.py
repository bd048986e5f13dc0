import gzip

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.no_images import OTHER, LeftOut, is_no_image
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.problems import Problem
from tests.dicom_factory import make_dicom
from tests.factories import png_bytes
from tests.input.slices import dicom_bytes
from tests.input.volumes import nifti_bytes, nifti_gz_bytes

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
JSON = b'{"EchoTime": 0.0025}'
NOISE = bytes(range(256))


def is_left_out(name: str, data: bytes) -> bool:
    return is_no_image(SourceFile(name, lambda: data, is_found=True))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sub-01_T1w.json", JSON),
        ("participants.tsv", b"participant_id\tage\n"),
        ("sub-01_dwi.bval", b"0 1000 1000"),
        ("sub-01_physio.tsv.gz", gzip.compress(b"0\t1\n" * 9, mtime=0)),
        ("README", b"A data set of brains"),
        ("VERSION", b"1.0\n"),
        ("CHANGES", b""),
        ("Thumbs.db", COMPOUND),
        ("desktop.ini", b"\xff\xfe[\0"),
        ("AUTORUN.INF", b"[autorun]\r\nopen=viewer.exe"),
        ("viewer.exe", b"MZ\x90\0" + NOISE),
        ("VIEWER", b"MZ\x90\0" + NOISE),
        ("viewer.dll", NOISE),
        ("viewer.jar", b"PK\x03\x04" + NOISE),
        ("index.html", b"<!DOCTYPE html><html>"),
        ("report.pdf", b"%PDF-1.7"),
        ("REPORT", b"%PDF-1.7"),
        ("movie.mp4", b"\0\0\0\x18ftypmp42" + NOISE),
        ("answers.csv.run.json", b"{}"),
        ("answers.csv.lock", b""),
        ("answers.parquet", b"PAR1" + NOISE),
        ("DICOMDIR", make_dicom(None, SOPClassUID="1.2.840.10008.1.3.10")),
        ("IM0007", make_dicom(None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")),
        ("IM0008", make_dicom(None, SOPClassUID="1.3.12.2.1107.5.9.1")),
        ("IM0009", make_dicom(None, SOPClassUID="1.3.46.670589.11.0.0.12.2")),
        ("IM0010", make_dicom(None, SOPClassUID="1.2.840.10008.5.1.4.38.1")),
        ("segmentation.dcm", make_dicom(None, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")),
        ("report.dcm", make_dicom(None, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")),
    ],
)
def test_a_file_that_was_found_and_is_no_image_is_left_out(name: str, data: bytes) -> None:
    assert is_left_out(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("1.png", png_bytes()),
        ("picture.json", png_bytes()),  # what it holds decides
        ("brain.nii.gz", nifti_gz_bytes()),
        ("IM0001", dicom_bytes()),
        ("1.2.840.1", dicom_bytes()),
        ("all.zip", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_an_image_is_taken(name: str, data: bytes) -> None:
    assert not is_left_out(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.nii", nifti_bytes()[:200]),
        ("page.png", b"<!DOCTYPE html>"),
        ("scan.dcm", b"not a DICOM file"),
        ("IM0001", NOISE),
        ("1.2.840.1", NOISE),
        ("empty.png", b""),
        ("I1", b""),
        ("text.nii.gz", gzip.compress(b"no volume", mtime=0)),
        ("many.rar", b"Rar!\x1a\x07" + NOISE),
        ("brain.mnc", b"CDF\x01" + NOISE),
        ("slice.pgm", b"P5\n4 4\n255\n" + NOISE),
        ("slice.pgm", b"P2\n2 1\n255\n0 9\n"),
    ],
)
def test_an_image_that_cannot_be_read_is_taken_so_that_reading_it_says_why(name: str, data: bytes) -> None:
    assert not is_left_out(name, data)


@pytest.mark.parametrize(("name", "expected"), [("a.json", True), ("a.png", False), ("a", False)])
def test_of_a_file_that_cannot_be_opened_the_name_decides(name: str, expected: bool) -> None:
    assert is_no_image(refused_source(ScanError(name, Problem.UNREADABLE, found="denied"))) is expected


def test_kinds_are_counted_by_endings_that_can_be_no_name() -> None:
    left_out = LeftOut()
    for name in ("a.JSON", "b.json", "report.Jane Doe", "x"):
        left_out.add(name)
    assert left_out.kinds == {".json": 2, OTHER: 2} and left_out.files == 4
