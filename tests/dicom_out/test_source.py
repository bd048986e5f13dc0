from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest

from brain_tumor.dicom_out.results import to_dicom_results
from brain_tumor.errors import ScanError
from tests.dicom_factory import make_sequence
from tests.dicom_out.objects import HEAD, find, make
from tests.factories import png_bytes
from tests.mr_series import STUDY_UID, write_series
from tests.scripted import CARD


@pytest.mark.parametrize("missing", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_images_without_identifiers_get_no_objects(tmp_path: Path, missing: str) -> None:
    elements: dict[str, Any] = {missing: None}
    for findings in find(write_series(tmp_path, [HEAD] * 2, "slice", **elements)):
        assert to_dicom_results(findings, CARD) == []


def test_images_of_a_class_that_is_not_the_standard_s_get_no_objects(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [HEAD], SOPClassUID="1.2.3.4.5"))
    assert to_dicom_results(findings, CARD) == []


def test_images_of_two_studies_that_claim_one_series_are_reported_each_in_its_own(tmp_path: Path) -> None:
    first = write_series(tmp_path, [HEAD], name="a")
    second = write_series(tmp_path, [HEAD], name="b", StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.4")
    studies = {to_dicom_results(findings, CARD)[0].StudyInstanceUID for findings in find([*first, *second])}
    assert studies == {STUDY_UID, "1.2.3"}


def test_slices_of_two_studies_get_no_objects(tmp_path: Path) -> None:
    # As pictures that are taken for one series would: nobody knows whose answer it is.
    first, second = (
        find(write_series(tmp_path / study, [HEAD] * 2, StudyInstanceUID=study))[0] for study in ("1.2.3", "1.2.4")
    )
    both = replace(first, slices=(*first.slices, *second.slices))
    assert to_dicom_results(both, CARD) == []


@pytest.mark.parametrize("change", ["cut", "patient"])
def test_a_file_that_has_changed_since_it_was_answered_gets_no_objects(tmp_path: Path, change: str) -> None:
    (file,) = write_series(tmp_path, [HEAD])
    (findings,) = find([file])
    if change == "cut":
        file.write_bytes(file.read_bytes()[:200])
    else:
        write_series(tmp_path, [HEAD], PatientName="Roe^Jack", StudyInstanceUID="1.2.3")
    with pytest.raises(ScanError) as caught:
        to_dicom_results(findings, CARD)
    assert "Doe" not in str(caught.value) and "Roe" not in str(caught.value)


def test_dates_of_before_dicom_are_written_as_today(tmp_path: Path) -> None:
    with pydicom.config.disable_value_validation():
        report = make(write_series(tmp_path, [HEAD], StudyDate="1997.04.24", StudyTime="14:04:38"))[0]
    assert (report.StudyDate, report.StudyTime) == ("19970424", "140438")


def test_that_a_patient_s_identity_was_removed_is_taken_over_with_its_method(tmp_path: Path) -> None:
    method = make_sequence(CodeValue="113100", CodingSchemeDesignator="DCM", CodeMeaning="Basic Profile")
    elements: dict[str, Any] = {"PatientIdentityRemoved": "YES", "DeidentificationMethodCodeSequence": method}
    report = make(write_series(tmp_path, [HEAD], **elements))[0]
    assert report.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


def test_pictures_get_no_objects(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes())
    (findings,) = find([tmp_path / "a.png"])
    assert to_dicom_results(findings, CARD) == []


@pytest.mark.parametrize(
    ("elements", "name"),
    [
        ({"PatientName": "Bono"}, "Bono"),  # no caret: highdicom warns, with the name
        ({"PatientName": None, "PatientID": None, "StudyDate": None}, ""),
        ({"SpecificCharacterSet": "ISO_IR 192", "PatientName": "王^小東"}, "王^小東"),
        ({"SpecificCharacterSet": "ISO_IR 144", "PatientName": "Люкceмбypг"}, "Люкceмбypг"),
        ({"PatientName": "D" * 70 + "^J"}, "D" * 70 + "^J"),
        ({"PatientSex": "x"}, "Doe^Jané"),
    ],
)
def test_a_patient_is_taken_over_as_the_images_have_it(
    tmp_path: Path, elements: dict[str, Any], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pydicom.config.disable_value_validation():
        files = write_series(tmp_path, [HEAD], **elements)
        for item in make(files):
            assert str(item.PatientName) == name
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore:.*value length:UserWarning")
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_what_the_standard_does_not_allow_is_taken_over_only_where_every_object_needs_it(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {
        "StudyDescription": "x" * 100,
        "PatientAge": "45",
        "BodyPartExamined": "head of Jane Doe",
        "StudyID": "y" * 40,
    }
    for item in make(write_series(tmp_path, [HEAD] * 2, name="mapped", **wrong)):
        assert "StudyDescription" not in item and "PatientAge" not in item and "BodyPartExamined" not in item
        assert item.StudyID == "y" * 40  # the archive's own study
