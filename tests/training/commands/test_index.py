import csv
from pathlib import Path

import pytest

from brain_tumor_training.cli import main
from tests.factories import png_bytes
from tests.training.command_line import Capture, error_line

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
PATIENTS = ("P1", "P2", "P3", "P4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images of each of four patients in each class."""
    for name in CLASSES:
        (tmp_path / "set" / name).mkdir(parents=True)
        for patient in PATIENTS:
            for number in (1, 2):
                (tmp_path / "set" / name / f"{patient}_{number}.png").write_bytes(png_bytes())
    return tmp_path / "set"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_classes_gets_an_index_beside_it(folder: Path, capsys: Capture) -> None:
    assert main(["index", str(folder), "--folds", "2"]) == 0
    found = rows(folder / "index.csv")
    assert len(found) == 32
    assert {(row["source"], row["fold"]) for row in found} == {("set", "0"), ("set", "1")}
    shown = capsys.readouterr().out
    assert f"{folder / 'index.csv'}: 32 images in 32 groups, 2 folds\n" in shown
    assert "Copies and patients are not known" in shown
    assert f"next: brain-tumor-train split --index {folder / 'index.csv'} --hold-out-fold 0 --out split.csv" in shown


def test_patients_of_names_and_of_a_table_stay_in_one_fold(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    table = tmp_path / "patients.csv"
    paths = [f"{name}/{patient}_{number}.png" for name in CLASSES for patient in PATIENTS for number in (1, 2)]
    table.write_text("path,patient\n" + "".join(f"{path},{path[-8:-6]}\n" for path in paths), encoding="utf-8")
    for given in (["--patient-from", "(P[0-9])_"], ["--patients", str(table)]):
        out = tmp_path / "index.csv"
        assert main(["index", str(folder), "--folds", "2", "--source", "clinic", "--out", str(out), *given]) == 0
        fold_of = {(Path(row["path"]).name[:2], row["fold"]) for row in rows(out)}
        assert len(fold_of) == len(PATIENTS)
        assert {row["source"] for row in rows(out)} == {"clinic"}
        assert "32 images in 4 groups" in capsys.readouterr().out


def test_more_folds_than_groups_of_a_class_are_status_2(folder: Path, capsys: Capture) -> None:
    assert main(["index", str(folder), "--folds", "5", "--patient-from", "(P[0-9])_"]) == 2
    assert "cannot be dealt into 5 folds; give fewer --folds" in error_line(capsys)
    assert not (folder / "index.csv").exists()


def test_two_ways_to_tell_patients_are_wrong_use(folder: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["index", str(folder), "--patient-from", "(P[0-9])_", "--patients", "p.csv"])
    assert end.value.code == 2
