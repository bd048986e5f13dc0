import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom.data.data_manager import DATA_ROOT
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from brain_tumor.input.dicom_signature import is_dicom
from tests.dicom_factory import make_dicom

IMAGE = np.zeros((4, 4), np.uint8)
CT_CLASS = b"1.2.840.10008.5.1.4.1.1.2\x00"


def explicit(order: str) -> bytes:
    return (
        struct.pack(f"{order}HH2sH", 8, 5, b"CS", 4)
        + b"ISO "
        + struct.pack(f"{order}HH2sH", 8, 0x16, b"UI", 26)
        + CT_CLASS
    )


def implicit() -> bytes:
    return struct.pack("<HHI", 8, 0, 4) + bytes(4) + struct.pack("<HHI", 8, 0x16, 26) + CT_CLASS


def test_the_mark_is_enough() -> None:
    assert is_dicom(make_dicom(IMAGE))


def test_file_meta_information_without_a_preamble_is_known() -> None:
    assert is_dicom(make_dicom(IMAGE, preamble=False))


@pytest.mark.parametrize("data", [explicit("<"), explicit(">"), implicit()])
def test_a_bare_data_set_is_known(data: bytes) -> None:
    assert is_dicom(data)


@pytest.mark.parametrize("data", [explicit("<"), explicit(">"), implicit()])
def test_a_data_set_cut_off_before_its_class_is_not_taken(data: bytes) -> None:
    assert not any(is_dicom(data[:length]) for length in range(len(data) - len(CT_CLASS)))


def test_elements_out_of_order_are_not_taken() -> None:
    data = explicit("<")
    assert not is_dicom(data[12:].replace(b"\x16\x00UI", b"\x05\x00UI") + data)


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x00", b"\x08\x00" * 500, b"\x02\x00" * 500, bytes(1000), b"\x89PNG\r\n\x1a\n" + bytes(200)]
)
def test_other_bytes_are_not_taken(data: bytes) -> None:
    assert not is_dicom(data)


def test_random_bytes_are_not_taken() -> None:
    source = np.random.default_rng(0)
    assert not any(is_dicom(b"\x08\x00" + source.bytes(200)) for _ in range(10_000))


def test_no_other_file_of_this_project_is_taken() -> None:
    root = Path(__file__).parents[2]
    assert not [path for path in root.glob("*.*") if path.is_file() and is_dicom(path.read_bytes())]


def test_every_file_of_pydicoms_own_tests_is_known() -> None:
    # This one begins with a stray byte, and pydicom finds nothing in it either.
    unknown = {path.name for path in Path(DATA_ROOT).rglob("*.dcm") if not is_dicom(path.read_bytes())}
    assert unknown <= {"no_meta.dcm"}


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_the_transfer_syntax_does_not_matter(syntax: UID) -> None:
    assert is_dicom(make_dicom(IMAGE, syntax=syntax, preamble=False))
