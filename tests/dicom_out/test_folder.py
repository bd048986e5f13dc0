from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from brain_tumor.dicom_out.findings import SeriesFindings
from brain_tumor.dicom_out.folder import DicomFolder
from brain_tumor.errors import BrainTumorError
from tests.dicom_out.objects import HEAD, find
from tests.factories import png_bytes
from tests.mr_series import write_series
from tests.scripted import CARD


@pytest.fixture
def findings(tumor: list[Path]) -> SeriesFindings:
    (found,) = find(tumor)
    return found


def test_a_file_is_named_after_its_kind_and_its_object(findings: SeriesFindings, tmp_path: Path) -> None:
    folder = DicomFolder(tmp_path / "out", with_heat_maps=True)
    assert folder.write(findings, CARD)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name.split(".")[0] for file in files] == ["OT", "SEG", "SR"]
    for file in files:
        held = pydicom.dcmread(file)
        assert file.name == f"{held.Modality}.{held.SOPInstanceUID}.dcm"
    assert folder.files == 3
    assert folder.summary().endswith("out: 1 structured report, 1 secondary capture, 1 heat map.")


def test_a_second_part_of_a_series_keeps_the_first(findings: SeriesFindings, tmp_path: Path) -> None:
    folder = DicomFolder(tmp_path / "out", with_heat_maps=False)
    assert folder.write(findings, CARD) and folder.write(findings, CARD)
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_folder_that_holds_files_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "SR.1.2.3.dcm").touch()
    with pytest.raises(BrainTumorError, match="out"):
        DicomFolder(tmp_path / "out", with_heat_maps=False)


def test_pictures_are_counted_as_inputs_without_objects(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes())
    (found,) = find([tmp_path / "a.png"])
    folder = DicomFolder(tmp_path / "out", with_heat_maps=False)
    assert folder.write(found, CARD)
    assert folder.summary().startswith("No DICOM results written. 1 image or series has none")


def test_a_series_whose_file_has_gone_is_counted_and_the_run_goes_on(
    findings: SeriesFindings, tumor: list[Path], tmp_path: Path
) -> None:
    (other,) = find(write_series(tmp_path / "other", [HEAD] * 2, SeriesInstanceUID="1.2.3.9"))
    tumor[0].unlink()
    folder = DicomFolder(tmp_path / "out", with_heat_maps=False)
    assert not folder.write(findings, CARD)
    assert folder.write(other, CARD)
    assert "Of 1 the files cannot be read any more" in folder.summary()


def test_what_processes_wrote_is_added_up(findings: SeriesFindings, tmp_path: Path) -> None:
    first, second = (DicomFolder(tmp_path / name, with_heat_maps=False) for name in "ab")
    first.write(findings, CARD)
    second.write(findings, replace(CARD, flatbuffer_sha256="b" * 64))
    first.merge(second)
    assert first.files == 4
    assert "2 structured reports, 2 secondary captures." in first.summary()
