"""What a DICOMDIR lists, without a disc; tests/input/test_files.py opens whole ones."""

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from brain_tumor.errors import ScanError
from brain_tumor.input import dicom_directory
from brain_tumor.input.dicom_directory import find_listed, list_images
from brain_tumor.problems import Problem
from tests.dicom_factory import make_dicom, make_item

# pydicom warns of the paths that the test is about.
pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR CS", "ignore:The value length")


def make_directory(*paths: list[str] | str | None, kind: str = "IMAGE") -> bytes:
    records = [make_item(DirectoryRecordType=kind, ReferencedFileID=path) for path in paths]
    return make_dicom(None, SOPClassUID="1.2.840.10008.1.3.10", DirectoryRecordSequence=Sequence(records))


def listed(data: bytes) -> list[tuple[str, ...]]:
    return list(list_images(data, "DICOMDIR"))


def test_images_are_listed_by_the_parts_of_their_paths() -> None:
    assert listed(make_directory(["DICOM", "IM1"], "IM2")) == [("DICOM", "IM1"), ("IM2",)]


def test_other_records_and_those_without_a_file_are_left_out() -> None:
    assert listed(make_directory(["DICOM", "SR1"], kind="SR DOCUMENT")) == []
    assert listed(make_directory(None, [])) == []
    assert listed(make_dicom(None, SOPClassUID="1.2.840.10008.1.3.10")) == []


@pytest.mark.parametrize("part", ["..", ".", "/etc", "A/B", "C:"])
def test_a_path_that_would_lead_out_is_left_out_with_its_file(part: str) -> None:
    assert listed(make_directory([part, "IM1"], ["DICOM", part], ["DICOM", "IM2"])) == [("DICOM", "IM2")]


def test_a_directory_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_directory, "MAX_LISTED", 2)
    assert len(listed(make_directory("A", "B"))) == 2
    with pytest.raises(ScanError) as caught:
        listed(make_directory("A", "B", "C"))
    assert caught.value.problem is Problem.TOO_MANY_MEMBERS


def test_discs_are_copied_in_small_letters_too(tmp_path: Path) -> None:
    (tmp_path / "dicom").mkdir()
    small = tmp_path / "dicom" / "im1"
    small.touch()
    assert find_listed(str(tmp_path), ("DICOM", "IM1")) == str(small)
    exact = tmp_path / "DICOM" / "IM1"
    exact.parent.mkdir(exist_ok=True)
    exact.touch()
    assert find_listed(str(tmp_path), ("DICOM", "IM1")) == str(exact)
    assert find_listed(str(tmp_path), ("DICOM", "IM9")).endswith("DICOM/IM9")  # is named in the error as it is listed
