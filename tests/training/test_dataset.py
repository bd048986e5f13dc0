import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from brain_tumor.errors import DatasetError, MissingExtraError
from brain_tumor.extras import install_command
from brain_tumor.input.no_images import LeftOut
from brain_tumor.labels import LABELS, ClassNames, Label
from brain_tumor_training.dataset import (
    PUBLIC_SET,
    PUBLIC_SET_NOTE,
    LabelledImage,
    fetch_public_set,
    find_images,
    read_tree,
)

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


def make_tree(
    root: Path, splits: tuple[str, ...] = ("Training", "Testing"), classes: tuple[str, ...] = CLASSES
) -> Path:
    """Folders with one empty file each; reading a tree opens none."""
    for split in splits:
        for name in classes:
            (root / split / name).mkdir(parents=True)
            (root / split / name / "1.jpg").touch()
    return root


def test_an_image_has_its_path_its_class_and_its_split(tmp_path: Path) -> None:
    assert read_tree(make_tree(tmp_path))[0] == LabelledImage("Testing/glioma/1.jpg", Label.GLIOMA, "Testing")


def test_images_are_sorted_by_name(tmp_path: Path) -> None:
    names = [image.name for image in read_tree(make_tree(tmp_path))]
    assert len(names) == 8
    assert names == sorted(names)


@pytest.mark.parametrize(
    "classes",
    [
        ("Glioma", "Meningioma", "No Tumor", "Pituitary"),
        ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor"),
        ("GLIOMA", "meningioma-tumour", "notumor", "pituitary tumors"),
    ],
)
def test_class_folders_are_known_in_any_spelling(tmp_path: Path, classes: tuple[str, ...]) -> None:
    labels = {image.label for image in read_tree(make_tree(tmp_path, classes=classes))}
    assert labels == set(LABELS)


@pytest.mark.parametrize("splits", [("training", "testing"), ("train", "test"), ("TRAIN", "Testing")])
def test_split_folders_are_known_in_any_spelling(tmp_path: Path, splits: tuple[str, ...]) -> None:
    found = {image.official_split for image in read_tree(make_tree(tmp_path, splits))}
    assert found == {"Training", "Testing"}


def test_two_spellings_of_one_class_are_one_class(tmp_path: Path) -> None:
    make_tree(tmp_path, classes=(*CLASSES, "Glioma Tumor"))
    assert sum(image.label is Label.GLIOMA for image in read_tree(tmp_path)) == 4


def test_images_in_deeper_folders_belong_to_the_class_above(tmp_path: Path) -> None:
    (make_tree(tmp_path) / "Training/glioma/patient 7").mkdir()
    (tmp_path / "Training/glioma/patient 7/2.jpg").touch()
    assert LabelledImage("Training/glioma/patient 7/2.jpg", Label.GLIOMA, "Training") in read_tree(tmp_path)


def test_what_systems_leave_behind_is_no_image(tmp_path: Path) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()
    for name in ("1.jpg", ".DS_Store", ".ipynb_checkpoints/1-checkpoint.jpg"):
        (tmp_path / name).touch()
    assert find_images(tmp_path) == [tmp_path / "1.jpg"]


def test_no_such_folder_says_which_to_give(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder; give the folder that holds Training/ and"):
        read_tree(tmp_path / "none")


def test_validation_is_a_part_and_testing_may_be_missing(tmp_path: Path) -> None:
    make_tree(tmp_path, ("Training", "valid"))
    assert {image.official_split for image in read_tree(tmp_path)} == {"Training", "Validation"}


def test_folders_of_classes_alone_are_undivided(tmp_path: Path) -> None:
    images = read_tree(make_tree(tmp_path, (".",)))
    assert {image.official_split for image in images} == {""}
    assert images[0].name == "glioma/1.jpg"


def test_a_tree_without_training_images_says_what_was_found(tmp_path: Path) -> None:
    make_tree(tmp_path, ("Validation", "Testing"))
    with pytest.raises(DatasetError, match=r"has no Training/ folder \(found Testing, Validation\)"):
        read_tree(tmp_path)


def test_an_empty_folder_says_that_it_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no folders; one per class is needed"):
        read_tree(tmp_path)


def test_a_file_named_like_a_split_is_no_split(tmp_path: Path) -> None:
    (make_tree(tmp_path, ("Training",)) / "Testing").touch()
    assert {image.official_split for image in read_tree(tmp_path)} == {"Training"}


def test_a_name_is_what_a_person_says_it_is(tmp_path: Path) -> None:
    make_tree(tmp_path, classes=("1", "2", "normal", "3", "metastasis"))
    said = {"1": Label.MENINGIOMA, "2": Label.GLIOMA, "3": Label.PITUITARY, "metastasis": None}
    images = read_tree(tmp_path, ClassNames(said))
    assert {image.name for image in images if image.label is Label.GLIOMA} == {"Training/2/1.jpg", "Testing/2/1.jpg"}
    assert not any("metastasis" in image.name for image in images)


def test_two_folders_for_one_split_are_not_chosen_between(tmp_path: Path) -> None:
    make_tree(tmp_path, ("Training", "train", "Testing"))
    with pytest.raises(DatasetError, match=r"several Training/ folders \(Training, train\); leave the one"):
        read_tree(tmp_path)


def test_a_class_that_means_nothing_is_named_with_the_known_ones(tmp_path: Path) -> None:
    make_tree(tmp_path, classes=(*CLASSES, "metastasis"))
    with pytest.raises(
        DatasetError,
        match=r"metastasis \(1 file\) mean none .* --label 'metastasis'=CLASS.* --own-classes",
    ):
        read_tree(tmp_path)


def test_a_missing_class_is_named(tmp_path: Path) -> None:
    (make_tree(tmp_path) / "Testing/pituitary/1.jpg").unlink()
    with pytest.raises(DatasetError, match=r"Testing: has no images of Pituitary; every class needs images"):
        read_tree(tmp_path)


def test_a_download_gives_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(tmp_path)

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    assert fetch_public_set() == tmp_path
    assert asked == [PUBLIC_SET]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionError("Max retries exceeded with url: /api/v1\nmore"), "ConnectionError: Max retries exceeded"),
        (RuntimeError(), "RuntimeError: RuntimeError"),
    ],
)
def test_a_download_that_fails_says_what_to_do(
    error: Exception, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(handle: str) -> str:
        raise error

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    with pytest.raises(DatasetError) as raised:
        fetch_public_set()
    message = str(raised.value)
    assert expected in message
    assert "check the network, or download" in message and "--data" in message
    assert "\n" not in message


def test_without_kagglehub_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_command("train"))):
        fetch_public_set()


def test_the_note_tells_source_licence_and_the_known_flaw() -> None:
    for fact in (f"kaggle.com/datasets/{PUBLIC_SET}", "CC0", "CC BY 4.0", "mirrored copies"):
        assert fact in PUBLIC_SET_NOTE


def test_files_that_are_no_images_are_left_out_and_counted(tmp_path: Path) -> None:
    root = make_tree(tmp_path)
    (root / "Training/glioma/Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))
    left_out = LeftOut()
    assert all(image.name.endswith(".jpg") for image in read_tree(root, left_out=left_out))
    assert left_out.kinds == {".db": 1}
