from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from brain_tumor.dicom_out.results import to_dicom_results
from brain_tumor.labels import Label
from tests.dicom_out.objects import BLANK, HEAD, SC, codes, find, groups, items, make, name_of, numbers, read_back
from tests.mr_series import PATIENT, SERIES_UID, STUDY_UID, write_enhanced, write_series
from tests.scripted import CARD, CLEAR, HEALTHY


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


def test_probabilities_of_a_slice_that_is_not_a_key_slice_are_left_out(tmp_path: Path) -> None:
    report = make(write_series(tmp_path, [HEAD] * 8), default=HEALTHY)[0]
    assert len([name for name in groups(report) if name.startswith("Slice")]) == 5


def test_a_network_s_own_classes_keep_their_letters(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [HEAD], name="mapped"))
    (answer,) = findings.slices
    assert answer.verdict
    classes = (Label("Ödem", True), Label("脳腫瘍", True))
    own = replace(answer, verdict=replace(answer.verdict, label=classes[0]), probabilities=dict.fromkeys(classes, 0.5))
    report = read_back(to_dicom_results(replace(findings, slices=(own,)), CARD)[0])
    assert {f"Probability of output class {label}" for label in classes} <= {name_of(item) for item in items(report)}
    assert report.PatientName == PATIENT["PatientName"]
