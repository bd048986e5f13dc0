"""`brain-tumor predict --dicom-out`: what lies in the folder, and what is said."""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from brain_tumor.cli import main
from tests.dicom_out.objects import groups, numbers
from tests.factories import png_bytes
from tests.mr_series import write_series
from tests.scripted import ScriptedClassifier

Capture = pytest.CaptureFixture[str]
HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    write_series(Path("in/mapped"), [HEAD] * 5)


def kinds(folder: str = "out") -> list[str]:
    return sorted(path.name.split(".")[0] for path in Path(folder).iterdir())


def test_a_series_has_a_report_and_a_picture(capsys: Capture) -> None:
    assert main(["predict", "in", "--dicom-out", "out"]) == 0
    assert kinds() == ["OT", "SR"]
    said = capsys.readouterr().err
    assert "DICOM results written to out: 1 structured report, 1 secondary capture." in said
    assert "Doe" not in said


def test_a_heat_map_is_written_when_asked_for() -> None:
    assert main(["predict", "in", "--dicom-out", "out", "--dicom-seg"]) == 0
    assert kinds() == ["OT", "SEG", "SR"]


def test_a_file_is_named_after_its_object() -> None:
    main(["predict", "in", "--dicom-out", "out"])
    for path in Path("out").iterdir():
        found = pydicom.dcmread(path)
        assert path.name == f"{found.Modality}.{found.SOPInstanceUID}.dcm"


def test_a_second_run_has_the_same_files() -> None:
    main(["predict", "in", "--dicom-out", "out"])
    main(["predict", "in", "--dicom-out", "again"])
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(path.name for path in Path("again").iterdir())


def test_inputs_without_identifiers_are_counted_and_said(capsys: Capture) -> None:
    Path("in/a.png").write_bytes(png_bytes())
    write_series(Path("in/nameless"), [HEAD] * 2, StudyInstanceUID=None)
    assert main(["predict", "in", "--dicom-out", "out"]) == 0
    assert kinds() == ["OT", "SR"]
    assert "2 images or series have none: no DICOM files, or without the identifiers" in capsys.readouterr().err


def test_pictures_alone_leave_no_folder(capsys: Capture) -> None:
    Path("a.png").write_bytes(png_bytes())
    assert main(["predict", "a.png", "--dicom-out", "out"]) == 0
    assert "No DICOM results written. 1 image or series has none" in capsys.readouterr().err
    assert not Path("out").exists()


def test_copies_of_a_series_in_two_folders_have_results_once() -> None:
    shutil.copytree("in/mapped", "in/other-mapped")
    main(["predict", "in", "--dicom-out", "out"])
    assert kinds() == ["OT", "SR"]


def test_a_folder_with_files_is_left_alone(capsys: Capture) -> None:
    Path("out").mkdir()
    Path("out/mine.dcm").write_bytes(b"")
    assert main(["predict", "in", "--dicom-out", "out", "--overwrite"]) == 2
    assert "is not an empty folder; name a new one for the DICOM results" in capsys.readouterr().err


def test_heat_maps_need_the_folder(capsys: Capture) -> None:
    assert main(["predict", "in", "--dicom-seg"]) == 2
    assert "--dicom-seg goes with --dicom-out" in capsys.readouterr().err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert main(["predict", "in", "--dicom-out", "out"]) == 2
    assert "dicom-out]'" in capsys.readouterr().err


def test_a_file_that_is_gone_at_the_end_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def remove(_: object) -> str:
        shutil.rmtree("in", ignore_errors=True)
        return ""

    monkeypatch.setattr("brain_tumor.dicom_out.findings.render_map_state", remove)
    assert main(["predict", "in/mapped/slice-1.dcm", "--dicom-out", "out"]) == 1
    assert "Of 1 the files cannot be read any more" in capsys.readouterr().err


def test_a_report_has_the_numbers_of_the_tables() -> None:
    main(["predict", "in", "--dicom-out", "out", "--csv", "slices.csv", "--series-csv", "series.csv", "--dicom-ids"])
    with Path("slices.csv").open(newline="") as lines:
        rows = {row["sop_instance_uid"]: row for row in csv.DictReader(lines)}
    with Path("series.csv").open(newline="") as lines:
        (series,) = csv.DictReader(lines)
    (file,) = Path("out").glob("SR.*")
    report = pydicom.dcmread(file)
    whole, *others = groups(report).values()
    assert numbers(whole)["share_glioma"] == float(series["share_glioma"]) == 1
    compared = 0
    for group in others:
        images = [item for item in group.ContentSequence if item.ValueType == "IMAGE"]
        if not images:
            continue  # the region of a slice
        row = rows[images[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID]
        for name in ("p_glioma", "p_meningioma", "p_no_tumor", "p_pituitary", "gate_score"):
            assert numbers(group)[name] == pytest.approx(float(row[name]), abs=5e-7)
            compared += 1
    assert compared == 25
    assert (
        series["series_uid"]
        == report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID
    )
