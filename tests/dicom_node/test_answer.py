"""The files of a series and the shipped network: what is made of them."""

import threading
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.classifier import Classifier
from brain_tumor.dicom_node.answer import SeriesAnswerer, is_own
from brain_tumor.input.dicom_identity import Identity, read_identity
from tests.dicom_node.peers import STUDY_UID, make_image

AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


def write_images(folder: Path, numbers: range, **elements: Any) -> list[Path]:
    """Images of one series, 3 mm apart."""
    files = []
    for number in numbers:
        image = make_image(number, **{"ImagePositionPatient": [0, 3 * number, 3 * number], **elements})
        files.append(folder / f"{number:012}.dcm")
        image.save_as(files[-1], enforce_file_format=True)
    return files


def answer(classifier: Classifier, files: list[Path]) -> list[Identity]:
    results = SeriesAnswerer(classifier)(files, threading.Event())
    assert results is not None
    return [read_identity(content, "result") for content in results]


def test_a_series_gets_a_report_and_a_capture_that_are_known_again(classifier: Classifier, tmp_path: Path) -> None:
    files = write_images(tmp_path, range(1, 4), ImageOrientationPatient=AXIAL)
    report, capture = answer(classifier, files)
    assert report.sop_class == "1.2.840.10008.5.1.4.1.1.88.33"
    assert capture.sop_class == "1.2.840.10008.5.1.4.1.1.7"
    assert all(is_own(result) and result.study == STUDY_UID for result in (report, capture))
    assert not is_own(read_identity(files[0].read_bytes(), "image"))
    more = write_images(tmp_path, range(4, 6), ImageOrientationPatient=AXIAL)
    assert [item.instance for item in answer(classifier, files + more)] == [report.instance, capture.instance]


def test_each_orientation_of_a_series_gets_its_own(classifier: Classifier, tmp_path: Path) -> None:
    files = write_images(tmp_path, range(1, 4), ImageOrientationPatient=AXIAL)
    files += write_images(tmp_path, range(4, 7), ImageOrientationPatient=CORONAL)
    found = answer(classifier, files)
    assert len(found) == len({item.instance for item in found}) == 4


@pytest.mark.parametrize("kind", [["DERIVED", "PRIMARY", "ADC"], ["ORIGINAL", "PRIMARY", "P", "PHASE"]])
def test_a_map_and_a_phase_image_get_nothing(classifier: Classifier, tmp_path: Path, kind: list[str]) -> None:
    files = write_images(tmp_path, range(1, 4), ImageOrientationPatient=AXIAL, ImageType=kind)
    assert answer(classifier, files) == []


def test_work_that_is_stopped_gives_nothing(classifier: Classifier, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert SeriesAnswerer(classifier)(write_images(tmp_path, range(1, 4)), stop) is None
