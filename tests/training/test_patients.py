from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor_training.leaks import read_groups
from brain_tumor_training.patients import patients_from_names, patients_from_table

PATHS = ["glioma/P17_slice3.png", "glioma/P17_slice4.png", "no/P2_slice1.png"]


def test_the_groups_of_a_pattern_name_the_patient() -> None:
    assert list(patients_from_names(PATHS, r"P(\d+)_").values()) == ["17", "17", "2"]
    assert patients_from_names(PATHS, r"(\w+)/P(\d+)")[PATHS[2]] == "no/2"


def test_a_pattern_without_groups_names_the_patient_by_all_that_it_finds() -> None:
    assert patients_from_names(PATHS, "P[0-9]+")[PATHS[0]] == "P17"


@pytest.mark.parametrize(
    ("pattern", "complaint"), [("(", "is no regular expression"), ("P17", "matches 2 of 3 paths, not no/P2_slice1.png")]
)
def test_a_pattern_that_does_not_find_every_patient_is_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(DatasetError, match=complaint):
        patients_from_names(PATHS, pattern)


@pytest.mark.parametrize("text", ["path,patient\n", "path;patient\r\n", "\ufeffpath;patient\r\n"])
def test_a_table_may_be_saved_by_a_spreadsheet(tmp_path: Path, text: str) -> None:
    mark = ";" if ";" in text else ","
    table = tmp_path / "patients.csv"
    table.write_bytes((text + "\r\n".join(f"{path}{mark}{path[:3]}" for path in PATHS)).encode())
    assert set(patients_from_table(PATHS, table).values()) == {"gli", "no/"}


def test_a_table_that_lacks_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text(f"path,patient\n{PATHS[0]},1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=f"names no patient for 2 images, {PATHS[1]} first"):
        patients_from_table(PATHS, tmp_path / "patients.csv")


def test_patients_join_what_files_keep_apart(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("path,group\na,1\nb,2\nc,2\nd,3\n", encoding="utf-8")
    patients = {"a": "x", "b": "x", "c": "y", "d": "z"}
    assert read_groups([tmp_path / "groups.csv"], "abcd", patients) == {"a": 0, "b": 0, "c": 0, "d": 1}
    assert read_groups([], "abcd", patients) == {"a": 0, "b": 0, "c": 1, "d": 2}
