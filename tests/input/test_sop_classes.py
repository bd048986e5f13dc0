from typing import Any

import numpy as np
import pytest
from pydicom.uid import UID

from brain_tumor.problems import Problem
from tests.dicom_factory import error_of, make_compressed, make_dicom

RAMP = np.array([[0, 1], [2, 4]], np.uint16)


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.11", "structured_report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "encapsulated_pdf"),
        ("1.2.840.10008.5.1.4.1.1.104.3", "encapsulated_document"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation_state"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "radiotherapy"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "segmentation"),
        ("1.2.840.10008.5.1.4.1.1.4.2", "spectroscopy"),
        ("1.2.840.10008.5.1.4.1.1.66.1", "raw_data"),
    ],
)
def test_other_objects_are_distinguished(sop_class: str, kind: str) -> None:
    error = error_of(make_dicom(None, SOPClassUID=sop_class))
    assert (error.problem, error.facts) == (Problem.OTHER_OBJECT, {"kind": kind})


def test_a_dicomdir_is_called_one() -> None:
    assert error_of(make_dicom(None, SOPClassUID="1.2.840.10008.1.3.10")).problem is Problem.DICOMDIR


def test_a_class_without_an_image_is_named_where_the_standard_names_it() -> None:
    error = error_of(make_dicom(None, SOPClassUID="1.2.840.10008.5.1.4.38.1"))
    assert (error.problem, error.facts) == (Problem.NO_IMAGE, {"found": "Hanging Protocol Storage"})
    assert error_of(make_dicom(None, SOPClassUID="1.2.826.0.1.3680043.8.498.7")).facts == {"found": None}


def test_a_video_is_called_one() -> None:
    assert error_of(make_compressed(bytes(2), UID("1.2.840.10008.1.2.4.102"), 2, 2)).problem is Problem.VIDEO


def test_missing_pixels_are_reported() -> None:
    assert error_of(make_dicom(RAMP, PixelData=None)).problem is Problem.NO_PIXELS


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_a_missing_size_is_reported(keyword: str) -> None:
    assert error_of(make_dicom(RAMP, **dict[str, Any]({keyword: None}))).problem is Problem.NO_IMAGE


@pytest.mark.parametrize("elements", [{"Rows": 0}, {"NumberOfFrames": 0}, {"NumberOfFrames": -1}])
def test_an_image_of_nothing_is_reported(elements: dict[str, Any]) -> None:
    assert error_of(make_dicom(RAMP, **elements)).problem in (Problem.BAD_SIZE, Problem.BAD_FRAME_COUNT)


def test_an_unknown_compression_is_named_only_where_the_standard_names_it() -> None:
    error = error_of(make_compressed(bytes(2), UID("1.2.826.0.1.3680043.8.498.99"), 2, 2))
    assert (error.problem, error.facts) == (Problem.UNKNOWN_COMPRESSION, {"found": None})


def test_unusual_pixels_are_reported() -> None:
    assert error_of(make_dicom(RAMP, PhotometricInterpretation="HSV")).problem is Problem.UNKNOWN_PIXELS


def test_messages_name_no_patient() -> None:
    private = "Nightingale"
    data = make_dicom(RAMP, PatientName=private, PatientID=private, StudyDescription=private, BitsStored=99)
    assert private not in str(error_of(data))
