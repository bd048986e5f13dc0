from typing import Any

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_identity import is_uid, read_identity
from tests.dicom_factory import SERIES_UID, make_dicom


@pytest.mark.parametrize("text", ["1.2", "0.0", "1.2.840.10008", "2." + "1" * 62])
def test_numbers_between_dots_are_a_uid(text: str) -> None:
    assert is_uid(text)


# Source: DICOM PS3.5, 9.1: 64 characters at most, and no number begins with a zero.
@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1..2", "1.02", "1.2 ", "1.2\n", "DOE^JANE", "1.٢", "2." + "1" * 63]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_uid(text)


def test_an_object_says_what_it_is_and_who_made_it() -> None:
    data = make_dicom(None, StudyInstanceUID="1.2", Manufacturer="Maker")
    found = read_identity(data, "a.dcm")
    assert (found.study, found.series, found.instance) == ("1.2", SERIES_UID, f"{SERIES_UID}.1")
    assert found.manufacturer == "Maker" and found.is_complete


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_what_it_does_not_say_is_empty_and_it_cannot_be_referred_to(keyword: str) -> None:
    elements: dict[str, Any] = {"StudyInstanceUID": "1.2", keyword: None}
    found = read_identity(make_dicom(None, **elements), "a.dcm")
    assert "" in (found.study, found.series) and not found.is_complete


def test_an_empty_object_is_not_complete_and_what_is_no_dicom_is_an_error() -> None:
    assert not read_identity(b"", "a.dcm").is_complete
    with pytest.raises(ScanError):
        read_identity(b"no DICOM", "a.dcm")
