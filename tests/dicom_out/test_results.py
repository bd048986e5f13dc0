import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from brain_tumor.dicom_out.results import to_dicom_results
from tests.dicom_out.objects import HEAD, SC, SR, codes, find, groups, items, make, name_of
from tests.mr_series import PATIENT, SERIES_UID, STUDY_UID, write_series
from tests.scripted import CARD


def test_a_series_gets_a_report_and_a_picture(tumor: list[Path]) -> None:
    assert [item.SOPClassUID for item in make(tumor)] == [SR, SC]


def test_objects_lie_in_the_study_of_the_images_in_series_of_their_own(tumor: list[Path]) -> None:
    results = make(tumor)
    assert {result.StudyInstanceUID for result in results} == {STUDY_UID}
    assert len({result.SeriesInstanceUID for result in results} | {SERIES_UID}) == 3
    for result in results:
        assert {keyword: str(result[keyword].value) for keyword in PATIENT} == PATIENT
        assert (result.AccessionNumber, result.StudyDescription, result.StudyDate) == ("A-4", "Head", "20260131")


def test_every_object_says_that_it_is_for_research_only(tumor: list[Path]) -> None:
    report, picture = make(tumor)
    assert all("RESEARCH USE ONLY" in item.SeriesDescription for item in (report, picture))
    comments = [item.TextValue for item in items(report) if name_of(item) == "Comment"]
    assert len(comments) == len(groups(report))
    assert all("never for diagnosis" in text for text in comments)
    assert "never for diagnosis" in picture.ImageComments
    assert picture.BurnedInAnnotation == "YES"
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


def test_a_second_run_gives_the_same_bytes_but_for_times(tumor: list[Path]) -> None:
    (findings,) = find(tumor)
    first, second = to_dicom_results(findings, CARD), to_dicom_results(findings, CARD)
    assert [_without_times(item) for item in first] == [_without_times(item) for item in second]


def _without_times(dataset: Dataset) -> bytes:
    for keyword in ("InstanceCreation", "Content"):
        dataset.pop(f"{keyword}Date", None)
        dataset.pop(f"{keyword}Time", None)
    for keyword in ("DateOfSecondaryCapture", "TimeOfSecondaryCapture"):
        dataset.pop(keyword, None)
    for equipment in dataset.ContributingEquipmentSequence:  # highdicom names itself
        del equipment.ContributionDateTime
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_another_network_makes_other_objects(tumor: list[Path]) -> None:
    (findings,) = find(tumor)
    uids = {
        result.SOPInstanceUID
        for digest in ("a" * 64, "b" * 64)
        for result in to_dicom_results(findings, replace(CARD, flatbuffer_sha256=digest))
    }
    assert len(uids) == 4
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)


def test_another_orientation_of_the_same_series_makes_other_objects(tmp_path: Path, tumor: list[Path]) -> None:
    coronal = write_series(tmp_path / "coronal", [HEAD] * 2, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    first, second = make(tumor), make(coronal)
    assert first[0].SeriesInstanceUID == second[0].SeriesInstanceUID
    assert first[0].SOPInstanceUID != second[0].SOPInstanceUID


def test_a_series_whose_pixels_cannot_be_read_is_reported_without_a_picture(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 2, PixelData=b"")
    (report,) = make(files)
    assert codes(groups(report)["Series"])["status"] == ("99BTMRI", "not_analysed")


def test_a_heat_map_that_cannot_be_made_costs_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AttributeError("SliceThickness")

    monkeypatch.setattr("brain_tumor.dicom_out.segmentation.make_heat_map", fail)
    made = make(write_series(tmp_path, [HEAD] * 3, name="mapped"), with_heat_map=True)
    assert [item.SOPClassUID for item in made] == [SR, SC]
