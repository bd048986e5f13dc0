"""Objects are made through the real reader and rules, and read back with pydicom."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from brain_tumor.decision.series import decide_series
from brain_tumor.dicom_out.findings import FindingsDraft, SeriesFindings
from brain_tumor.dicom_out.results import to_dicom_results
from brain_tumor.errors import ScanError
from brain_tumor.input.files import open_paths
from brain_tumor.labels import Label
from tests.dicom_factory import make_sequence
from tests.factories import png_bytes
from tests.mr_series import FRAME_OF_REFERENCE_UID, PATIENT, SERIES_UID, STUDY_UID, write_enhanced, write_series
from tests.scripted import CARD, CLEAR, HEALTHY, ScriptedClassifier

SR, SC = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.7"
HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))
BLANK = np.zeros_like(HEAD)


def find(paths: Sequence[Path], **answers: Any) -> list[SeriesFindings]:
    """What a scripted classifier finds in the series of some files."""
    found = []
    for series in open_paths(map(str, paths)):
        draft, findings = FindingsDraft(), []
        for item in ScriptedClassifier(**answers).classify_many(series.slices):
            draft.add(item)
            findings.append(item.result.to_finding(item.slice.position_mm) if item.result else None)
        found.append(draft.finish(series, decide_series(findings) if series.is_stack else None))
    return found


def make(paths: Sequence[Path], with_heat_map: bool = False, **answers: Any) -> list[Dataset]:
    """The objects of one series, written and read back."""
    (findings,) = find(paths, **answers)
    return [_read_back(result) for result in to_dicom_results(findings, CARD, with_heat_map=with_heat_map)]


def _read_back(dataset: Dataset) -> Dataset:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    return pydicom.dcmread(stream)


def items(item: Dataset) -> Iterator[Dataset]:
    """Every content item of a report, in its order."""
    for child in item.get("ContentSequence", []):
        yield child
        yield from items(child)


def groups(report: Dataset) -> dict[str, Dataset]:
    """Measurement groups by their tracking identifier."""
    named = {}
    for item in items(report):
        if name_of(item) == "Measurement Group":
            (identifier,) = (
                entry.TextValue for entry in item.ContentSequence if name_of(entry) == "Tracking Identifier"
            )
            named[identifier] = item
    return named


def name_of(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning) if "ConceptNameCodeSequence" in item else ""


def codes(group: Dataset) -> dict[str, tuple[str, str]]:
    """Scheme and value of a group's coded answers, by the name's code."""
    return {
        str(item.ConceptNameCodeSequence[0].CodeValue): (
            str(item.ConceptCodeSequence[0].CodingSchemeDesignator),
            str(item.ConceptCodeSequence[0].get("CodeValue") or item.ConceptCodeSequence[0].LongCodeValue),
        )
        for item in group.ContentSequence
        if item.ValueType == "CODE" and item.RelationshipType == "CONTAINS"
    }


def numbers(group: Dataset) -> dict[str, float]:
    return {
        str(item.ConceptNameCodeSequence[0].CodeValue): float(item.MeasuredValueSequence[0].NumericValue)
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    }


@pytest.fixture
def tumor(tmp_path: Path) -> list[Path]:
    """A series of five slices, each a clear glioma with a location."""
    return write_series(tmp_path / "in", [HEAD] * 5, name="mapped")


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


def test_a_classified_series_has_its_class_as_a_standard_code(tumor: list[Path]) -> None:
    series = groups(make(tumor)[0])["Series"]
    assert codes(series)["status"] == ("99BTMRI", "classified")
    assert codes(series)["output_class"] == ("SCT", "393564001")
    assert numbers(series) == {
        "share_glioma": 1, "share_meningioma": 0, "share_no_tumor": 0, "share_pituitary": 0, "slices": 5, "analysed": 5,
    }  # fmt: skip


def test_a_slice_s_probabilities_are_the_network_s_own(tumor: list[Path]) -> None:
    group = groups(make(tumor)[0])["Slice 1"]
    found = numbers(group)
    probabilities = [found[f"p_{name}"] for name in ("glioma", "meningioma", "no_tumor", "pituitary")]
    assert probabilities == pytest.approx(CLEAR, rel=1e-7)
    units = {
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue
        for item in group.ContentSequence
        if item.ValueType == "NUM" and name_of(item).startswith("Probability")
    }
    assert units == {"{ratio}"}


def test_a_report_refers_to_every_image_and_to_the_slices_it_speaks_of(tumor: list[Path]) -> None:
    report = make(tumor)[0]
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (STUDY_UID, SERIES_UID)
    listed = [item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence]
    assert listed == [f"{SERIES_UID}.{number}" for number in range(1, 6)]
    (library,) = (item for item in items(report) if name_of(item) == "Image Library")
    assert len([item for item in items(library) if item.ValueType == "IMAGE"]) == 5
    (source,) = (item for item in groups(report)["Slice 2"].ContentSequence if item.ValueType == "IMAGE")
    assert source.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == f"{SERIES_UID}.2"
    assert "ReferencedFrameNumber" not in source.ReferencedSOPSequence[0]


def test_a_location_is_a_closed_line_in_the_image_s_pixels(tumor: list[Path]) -> None:
    # The map is full in the second of four rows, in the third and fourth of four columns; 128 rows, 96 columns.
    group = groups(make(tumor)[0])["Slice 1 location"]
    region = _region(group)
    points = np.array(region.GraphicData).reshape(-1, 2)
    assert region.GraphicType == "POLYLINE"
    assert points[0].tolist() == points[-1].tolist()
    assert points.min(axis=0) == pytest.approx([48, 32])
    assert points.max(axis=0) == pytest.approx([96, 64])
    (image,) = region.ContentSequence
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == f"{SERIES_UID}.1"
    assert numbers(group) == {"location_score": pytest.approx(0.8)}


def test_a_slice_that_is_turned_to_be_shown_is_outlined_where_the_file_has_it(tmp_path: Path) -> None:
    # Rows run to the right: shown the other way round, so the shown right half is the stored left half.
    turned = write_series(tmp_path, [HEAD] * 5, name="mapped", ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    report, picture, heat_map = make(turned, with_heat_map=True)
    points = np.array(_region(groups(report)["Slice 1 location"]).GraphicData).reshape(-1, 2)
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([0, 32], [48, 64])
    assert picture.PatientOrientation == ["L", "P"]
    assert np.argmax(heat_map.pixel_array[0].sum(axis=0)) < 48


def test_a_slice_whose_rows_are_shown_as_columns_is_outlined_where_the_file_has_it(tmp_path: Path) -> None:
    # Rows run down: the second quarter from above is the second from the left, the right half is the lower one.
    turned = write_series(tmp_path, [HEAD] * 5, name="mapped", ImageOrientationPatient=[0, 1, 0, 1, 0, 0])
    points = np.array(_region(groups(make(turned)[0])["Slice 1 location"]).GraphicData).reshape(-1, 2)
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([24, 64], [48, 128])


def _region(group: Dataset) -> Any:
    (region,) = (item for item in group.ContentSequence if item.ValueType == "SCOORD")
    return region


def test_no_tumor_is_an_output_class_and_no_absence_of_disease(tmp_path: Path) -> None:
    report = make(write_series(tmp_path, [HEAD] * 5, name="healthy", apart_mm=30))[0]
    found = codes(groups(report)["Series"])
    assert found["status"] == ("99BTMRI", "classified")
    assert found["output_class"] == ("99BTMRI", "no_tumor")
    assert codes(groups(report)["Slice 1"])["output_class"] == ("99BTMRI", "no_tumor")
    assert not [name for name in groups(report) if "location" in name]


def test_an_uncertain_series_has_no_class_and_its_slices_a_doubtful_one(tmp_path: Path) -> None:
    report = make(write_series(tmp_path, [HEAD] * 5, name="doubt"))[0]
    assert codes(groups(report)["Series"]) == {
        "status": ("99BTMRI", "uncertain"), "reason": ("99BTMRI", "many_doubtful"),
    }  # fmt: skip
    assert codes(groups(report)["Slice 1"]) == {
        "status": ("99BTMRI", "uncertain"),
        "reason": ("99BTMRI", "unlikely"),
        "likeliest_class": ("SCT", "393564001"),
    }


def test_a_series_that_was_not_analysed_has_neither_class_nor_probability(tmp_path: Path) -> None:
    report, picture = make(write_series(tmp_path, [BLANK] * 5))
    assert list(groups(report)) == ["Series"]
    assert codes(groups(report)["Series"]) == {
        "status": ("99BTMRI", "not_analysed"), "reason": ("99BTMRI", "none_analysed"),
    }  # fmt: skip
    assert numbers(groups(report)["Series"]) == {"slices": 5, "analysed": 0}
    assert "No Tumor" not in {item.get("TextValue", "")[:8] for item in items(report)}
    assert picture.SOPClassUID == SC


def test_a_single_image_is_reported_as_its_slice(tmp_path: Path) -> None:
    report, picture = make(write_series(tmp_path, [HEAD], name="mapped"))
    assert list(groups(report)) == ["Slice 1", "Slice 1 location"]
    assert picture.SourceImageSequence[0].ReferencedSOPInstanceUID == f"{SERIES_UID}.1"


def test_a_single_image_that_was_not_analysed_says_so(tmp_path: Path) -> None:
    report, _ = make(write_series(tmp_path, [BLANK]))
    assert codes(groups(report)["Slice 1"]) == {
        "status": ("99BTMRI", "not_analysed"), "reason": ("99BTMRI", "blank"),
    }  # fmt: skip
    assert set(numbers(groups(report)["Slice 1"])) == {"gate_score"}


def test_a_frame_of_an_enhanced_file_is_named_by_its_number(tmp_path: Path) -> None:
    report, picture = make([write_enhanced(tmp_path / "mapped.dcm", [BLANK, HEAD, HEAD, HEAD])])
    (source,) = (item for item in groups(report)["Slice 3"].ContentSequence if item.ValueType == "IMAGE")
    assert source.ReferencedSOPSequence[0].ReferencedFrameNumber == 3
    (series,) = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == 1
    assert picture.SourceImageSequence[0].ReferencedFrameNumber == 2


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


def test_a_series_whose_pixels_cannot_be_read_is_reported_without_a_picture(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 2, PixelData=b"")
    (report,) = make(files)
    assert codes(groups(report)["Series"])["status"] == ("99BTMRI", "not_analysed")


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


def test_probabilities_of_a_slice_that_is_not_a_key_slice_are_left_out(tmp_path: Path) -> None:
    report = make(write_series(tmp_path, [HEAD] * 8), default=HEALTHY)[0]
    assert len([name for name in groups(report) if name.startswith("Slice")]) == 5


def test_a_heat_map_is_a_fractional_probability_of_the_same_size_in_the_same_place(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a", [BLANK, HEAD, HEAD, HEAD], name="mapped")
    heat_map = make(files, with_heat_map=True)[2]
    assert (heat_map.SegmentationType, heat_map.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    assert "Heat map" in heat_map.SegmentSequence[0].SegmentLabel
    assert "no outline" in heat_map.ContentDescription
    assert heat_map.pixel_array.shape == (3, 128, 96)  # a blank slice has no location
    # 0.8 in the second of four rows, in the third and fourth of four columns.
    assert heat_map.pixel_array[0, 48, 84] / heat_map.MaximumFractionalValue == pytest.approx(0.8, abs=0.02)
    assert heat_map.pixel_array[0, :, :24].max() == 0
    positions_mm = [
        item.PlanePositionSequence[0].ImagePositionPatient[2] for item in heat_map.PerFrameFunctionalGroupsSequence
    ]
    assert sorted(positions_mm) == [5, 10, 15]
    assert heat_map.FrameOfReferenceUID == FRAME_OF_REFERENCE_UID


def test_heat_maps_of_frames_refer_to_their_frames(tmp_path: Path) -> None:
    heat_map = make([write_enhanced(tmp_path / "mapped.dcm", [BLANK, HEAD, HEAD])], with_heat_map=True)[2]
    sources = {
        int(frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber): float(
            frame.PlanePositionSequence[0].ImagePositionPatient[2]
        )
        for frame in heat_map.PerFrameFunctionalGroupsSequence
    }
    assert sources == {2: 5, 3: 10}


def test_a_heat_map_needs_a_tumor_and_a_place(tmp_path: Path) -> None:
    assert len(make(write_series(tmp_path / "a", [HEAD] * 3, name="healthy"), with_heat_map=True)) == 2
    lost = write_series(tmp_path / "b", [HEAD], name="mapped", ImagePositionPatient=None)
    assert len(make(lost, with_heat_map=True)) == 2


def test_a_network_s_own_classes_keep_their_letters(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [HEAD], name="mapped"))
    (answer,) = findings.slices
    assert answer.verdict
    classes = (Label("Ödem", True), Label("脳腫瘍", True))
    own = replace(answer, verdict=replace(answer.verdict, label=classes[0]), probabilities=dict.fromkeys(classes, 0.5))
    report = _read_back(to_dicom_results(replace(findings, slices=(own,)), CARD)[0])
    assert {f"Probability of output class {label}" for label in classes} <= {name_of(item) for item in items(report)}
    assert report.PatientName == PATIENT["PatientName"]


def test_a_heat_map_of_images_without_a_thickness_has_their_distance(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 3, name="mapped", apart_mm=7.5, SliceThickness=None)
    *_, heat_map = make(files, with_heat_map=True)
    measures = heat_map.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SliceThickness == 7.5


def test_a_heat_map_that_cannot_be_made_costs_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AttributeError("SliceThickness")

    monkeypatch.setattr("brain_tumor.dicom_out.segmentation.make_heat_map", fail)
    made = make(write_series(tmp_path, [HEAD] * 3, name="mapped"), with_heat_map=True)
    assert [item.SOPClassUID for item in made] == [SR, SC]


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


def test_images_at_one_place_have_one_heat_map_all_the_same(tmp_path: Path) -> None:
    files = write_series(tmp_path, [HEAD] * 3, name="mapped", ImagePositionPatient=[0, 0, 0])
    assert make(files, with_heat_map=True)[2].pixel_array.ndim == 2
