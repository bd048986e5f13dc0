from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the training extra is not installed")

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.examples import Example
from brain_tumor_training.label_notes import find_note, leave_out, read_notes

SHIPPED = Path(__file__).parents[2] / "docs" / "label-notes.csv"


def example(name: str, group: str, split: str) -> Example:
    return Example(f"public/Training/notumor/{name}", Label.NO_TUMOR, group, "br35h", split, None)


def test_an_image_is_known_wherever_the_data_set_lies(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("path,label,seen\nTraining/notumor/a.jpg,notumor,CT\n", encoding="utf-8")
    notes = read_notes(tmp_path / "notes.csv")
    assert notes == {"notumor/a.jpg": "CT"}
    assert find_note("some/where/Training/notumor/a.jpg", notes) == find_note("notumor/a.jpg", notes) == "CT"
    assert find_note("Training/glioma/a.jpg", notes) is None


def test_noted_images_and_their_copies_are_left_out_but_of_the_test() -> None:
    noted, copy, other = example("a.jpg", "1", "train"), example("b.jpg", "1", "train"), example("c.jpg", "2", "train")
    checked, tested = example("d.jpg", "3", "validation"), example("e.jpg", "3", "test")
    notes = {"notumor/a.jpg": "CT", "notumor/d.jpg": "mass"}
    assert leave_out([noted, copy, other, checked, tested], notes) == [other, tested]


@pytest.mark.parametrize("text", ["", "path,label\nTraining/notumor/a.jpg,notumor\n"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"is not a list of notes with the columns path and seen"):
        read_notes(tmp_path / "notes.csv")


def test_the_published_notes_name_every_image_once_and_say_what_was_seen() -> None:
    rows = read_csv(SHIPPED)
    assert len(read_notes(SHIPPED)) == len(rows) > 100
    assert {row["seen"] for row in rows} == {"CT", "mass", "brain MRI", "not the brain"}
    for row in rows:
        _, folder, name = row["path"].split("/")
        assert folder == row["label"]
        assert name.endswith(".jpg")
