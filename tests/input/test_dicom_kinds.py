from typing import Any

import numpy as np
import pytest
from pydicom.uid import UID

from tests.dicom_factory import make_compressed, make_dicom, message_of

RAMP = np.array([[0, 1], [2, 4]], np.uint16)


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        ("1.2.840.10008.1.3.10", "DICOMDIR"),
        ("1.2.840.10008.5.1.4.1.1.88.11", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "radiotherapy"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "segmentation"),
        ("1.2.840.10008.5.1.4.1.1.4.2", "spectroscopy"),
        ("1.2.840.10008.5.1.4.1.1.66.1", "registration"),
        ("1.2.840.10008.5.1.4.38.1", "without an image (Hanging Protocol Storage)"),
    ],
)
def test_other_objects_are_called_by_their_name(sop_class: str, words: str) -> None:
    message = message_of(make_dicom(None, SOPClassUID=sop_class))
    assert message.startswith("scan: is ") and words in message and "images are read" in message


def test_a_video_is_called_one() -> None:
    assert "video" in message_of(make_compressed(bytes(2), UID("1.2.840.10008.1.2.4.102"), 2, 2))


def test_missing_pixels_are_told() -> None:
    assert "without pixel data" in message_of(make_dicom(RAMP, PixelData=None))


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_a_missing_size_is_told(keyword: str) -> None:
    assert "without an image" in message_of(make_dicom(RAMP, **dict[str, Any]({keyword: None})))


@pytest.mark.parametrize("elements", [{"Rows": 0}, {"NumberOfFrames": 0}, {"NumberOfFrames": -1}])
def test_an_image_of_nothing_is_told(elements: dict[str, Any]) -> None:
    assert "announces" in message_of(make_dicom(RAMP, **elements))


def test_an_unknown_compression_is_named_only_where_the_standard_names_it() -> None:
    message = message_of(make_compressed(bytes(2), UID("1.2.826.0.1.3680043.8.498.99"), 2, 2))
    assert "compressed in a way that is not read;" in message


def test_unusual_pixels_are_told() -> None:
    assert "unusual kind" in message_of(make_dicom(RAMP, PhotometricInterpretation="HSV"))


def test_messages_name_no_patient() -> None:
    private = "Nightingale"
    data = make_dicom(RAMP, PatientName=private, PatientID=private, StudyDescription=private, BitsStored=99)
    assert private not in message_of(data)
