from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.labelled import Dataset, find_families, find_labelled, read_list
from brain_tumor.labels import ClassNames, Label
from tests.evaluation.fakes import fill


def labels(dataset: Dataset) -> dict[str, Label]:
    return {file.name: label for file, label in dataset.files}


def test_class_folders_may_be_spelled_as_people_do(tmp_path: Path) -> None:
    dataset = find_labelled(fill(tmp_path / "set", "glioma_tumor/a.png", "No Tumor/b.png", "PITUITARY/deep/c.png"))
    assert labels(dataset) == {
        "glioma_tumor/a.png": Label.GLIOMA,
        "No Tumor/b.png": Label.NO_TUMOR,
        "PITUITARY/deep/c.png": Label.PITUITARY,
    }
    assert (dataset.name, dataset.notes) == ("set", ())


def test_testing_is_taken_and_said_and_training_is_not(tmp_path: Path) -> None:
    dataset = find_labelled(fill(tmp_path, "Testing/glioma/a.png", "Training/glioma/b.png"))
    assert list(labels(dataset)) == ["Testing/glioma/a.png"]
    assert "Testing, was evaluated" in dataset.notes[0]


def test_training_alone_is_refused_with_the_way_to_ask_for_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no Testing; .* give Training itself"):
        find_labelled(fill(tmp_path, "Training/glioma/b.png"))


def test_training_given_by_name_is_taken_with_a_note(tmp_path: Path) -> None:
    dataset = find_labelled(fill(tmp_path, "Training/glioma/b.png") / "Training")
    assert list(labels(dataset)) == ["glioma/b.png"]
    assert "training images" in dataset.notes[0]


def test_class_folders_beside_testing_are_two_ways_to_read_a_tree(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="several places"):
        find_labelled(fill(tmp_path, "Testing/glioma/a.png", "glioma/b.png"))


def test_a_folder_that_means_no_class_is_refused_with_its_files_and_what_to_do(tmp_path: Path) -> None:
    folder = fill(tmp_path / "set", "glioma/a.png", "metastasis/b.png", "metastasis/c.png", "empty/.cache", ".d/c.png")
    with pytest.raises(DatasetError, match=r"^set: .* metastasis \(2 files\) .* --label 'metastasis'=leave-out"):
        find_labelled(folder)


def test_a_folder_is_taken_or_left_out_as_a_person_says(tmp_path: Path) -> None:
    folder = fill(tmp_path, "glioma/a.png", "Metastasis/b.png", "hypophysis/c.png")
    dataset = find_labelled(folder, ClassNames({"metastasis": None, "hypophysis": Label.PITUITARY}))
    assert labels(dataset) == {"glioma/a.png": Label.GLIOMA, "hypophysis/c.png": Label.PITUITARY}
    assert (dataset.left_out, dataset.notes) == (1, ("Left out, as was asked: Metastasis, 1 file.",))


def test_tumors_of_unknown_type_are_sent_where_they_are_measured(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"yes \(1 file\).*--brain-mri"):
        find_labelled(fill(tmp_path, "no/a.png", "yes/b.png"))


def test_labels_of_a_list_are_mapped_and_left_out(tmp_path: Path) -> None:
    table = write(tmp_path / "list.csv", "path,label\na.png,1\nb.png,4\nc.png,none\n")
    dataset = read_list(table, tmp_path, ClassNames({"1": Label.MENINGIOMA, "4": None}))
    assert labels(dataset) == {"a.png": Label.MENINGIOMA, "c.png": Label.NO_TUMOR}
    assert dataset.left_out == 1


def test_a_list_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    table = write(tmp_path / "list.csv", "path,label\na.png,4\n")
    with pytest.raises(DatasetError, match="nothing is left to measure"):
        read_list(table, tmp_path, ClassNames({"4": None}))


@pytest.mark.parametrize("name", ["cats/a.png", "glioma/.hidden"])
def test_a_folder_without_labelled_images_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError):
        find_labelled(fill(tmp_path, name))


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        find_labelled(tmp_path / "missing")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_a_list_gives_its_test_rows_only(tmp_path: Path) -> None:
    table = write(tmp_path / "split.csv", "path,label,split\na.png,Glioma,train\nb/c.png,notumor,test\n")
    dataset = read_list(table, tmp_path)
    assert labels(dataset) == {"b/c.png": Label.NO_TUMOR}
    assert dataset.files[0][0].path == tmp_path / "b/c.png"
    assert dataset.notes == ("The list split.csv chose 1 of its 2 rows.",)


def test_a_list_without_a_split_gives_all_rows(tmp_path: Path) -> None:
    table = write(tmp_path / "list.csv", "label,path\nGlioma,a.png\nGlioma,b.png\n")
    assert list(labels(read_list(table, tmp_path))) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file,label\na.png,Glioma\n", "no column path"),
        ("path,label\na.png,cat\n", r"row 2: the names cat \(1 file\)"),
        ("path,label\na.png\n", r"row 2: the names \(empty\) \(1 file\)"),
        ("path,label\n../a.png,Glioma\n", "below the data folder"),
        ("path,label\n/a.png,Glioma\n", "below the data folder"),
        ("path,label\na.png,Glioma\na.png,Glioma\n", "row 3: a.png is listed a second time"),
        ("path,label,split\na.png,Glioma,train\n", "none of its 1 rows"),
        ("", "no column label and path"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(DatasetError, match=complaint):
        read_list(write(tmp_path / "list.csv", text), tmp_path)


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="not a CSV file in UTF-8"):
        read_list(table, tmp_path)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_list(tmp_path / "list.csv", tmp_path)


def test_families_are_subfolders_and_loose_images(tmp_path: Path) -> None:
    families = find_families(fill(tmp_path / "other", "ct/a.png", "ct/deep/b.png", "glioma/c.png", "d.png"))
    assert [(name, [file.name for file in files]) for name, files in families] == [
        ("other", ["d.png"]),
        ("ct", ["ct/a.png", "ct/deep/b.png"]),
        ("glioma", ["glioma/c.png"]),
    ]


def test_an_empty_folder_of_families_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image files"):
        find_families(tmp_path)


def test_files_that_are_no_images_are_left_out_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, "glioma/1.jpg")
    (tmp_path / "glioma/Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))
    (tmp_path / "glioma/notes.txt").write_text("which slice is which")
    dataset = find_labelled(tmp_path)
    assert [file.name for file, _ in dataset.files] == ["glioma/1.jpg"]
    assert "Left out: 2 files, no images (1 .db, 1 .txt)." in dataset.notes


def test_loose_files_that_are_no_images_are_no_family(tmp_path: Path) -> None:
    fill(tmp_path, "1.jpg")
    (tmp_path / "index.csv").write_text("path,label\n")
    (family,) = find_families(tmp_path)
    assert [file.name for file in family[1]] == ["1.jpg"]
