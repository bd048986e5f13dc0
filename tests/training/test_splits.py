from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.dataset import LabelledImage
from brain_tumor_training.splits import (
    PARTS,
    TEST,
    TRAIN,
    VALIDATION,
    SplitRow,
    carve_validation,
    divide,
    drop_leaked,
    hash_share,
    hold_out_fold,
    pick_evenly,
    read_split,
    write_split,
)

# 20, 30, 40 and 50 training images of the four classes, and 3 test images each.
IMAGES = [
    LabelledImage(f"{split}/{label.slug}/{number}.jpg", label, split)
    for index, label in enumerate(LABELS)
    for split, count in (("Training", 20 + 10 * index), ("Testing", 3))
    for number in range(count)
]
INDEX = "path,label,fold,near_fold_edge\n" + "".join(
    f"Training/{label.slug}/{fold}-{number}.jpg,{label.value},{fold},{int(number == 0)}\n"
    for label in LABELS
    for fold in range(5)
    for number in range(5)
)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.csv"
    path.write_text(INDEX, encoding="utf-8")
    return path


@pytest.mark.parametrize(("share", "expected"), [(0.1, (2, 3, 4, 5)), (0.15, (3, 4.5, 6, 7.5))])
def test_validation_is_stratified_to_within_one_image(share: float, expected: tuple[float, ...]) -> None:
    rows = carve_validation(IMAGES, share, seed=0)
    found = Counter(row.label for row in rows if row.split == VALIDATION)
    assert all(abs(found[label] - wanted) < 1 for label, wanted in zip(LABELS, expected, strict=True))


def test_official_testing_is_the_test_set() -> None:
    tests = {row.path for row in carve_validation(IMAGES, 0.2, seed=0) if row.split == TEST}
    assert tests == {image.name for image in IMAGES if image.official_split == "Testing"}


def test_every_image_stands_on_one_side() -> None:
    rows = carve_validation(IMAGES, 0.2, seed=0)
    assert sorted(row.path for row in rows) == sorted(image.name for image in IMAGES)


def test_every_image_keeps_its_class() -> None:
    rows = carve_validation(IMAGES, 0.2, seed=0)
    assert {row.path: row.label for row in rows} == {image.name: image.label for image in IMAGES}


def test_the_same_seed_gives_the_same_split() -> None:
    assert carve_validation(IMAGES, 0.2, seed=4) == carve_validation(IMAGES, 0.2, seed=4)


def test_another_seed_gives_another_split() -> None:
    assert carve_validation(IMAGES, 0.2, seed=4) != carve_validation(IMAGES, 0.2, seed=5)


def test_too_few_images_are_a_clear_error() -> None:
    few = [image for image in IMAGES if image.name.endswith("/0.jpg")]
    with pytest.raises(DatasetError, match="4 images are too few for a stratified validation set"):
        carve_validation(few, 0.15, seed=0)


def test_the_held_out_fold_is_the_test_set(index: Path) -> None:
    rows = hold_out_fold(index, fold=2, share=0.25, seed=0)
    tests = [row.path for row in rows if row.split == TEST]
    assert len(tests) == 20
    assert all("/2-" in path for path in tests)


def test_no_row_near_an_edge_trains_or_validates(index: Path) -> None:
    rows = hold_out_fold(index, fold=2, share=0.25, seed=0)
    others = [row.path for row in rows if row.split != TEST]
    assert len(others) == 4 * 4 * 4
    assert not [path for path in others if "/2-" in path or path.endswith("-0.jpg")]


def test_a_fold_is_carved_by_seed_and_stratified(index: Path) -> None:
    rows = hold_out_fold(index, fold=0, share=0.25, seed=1)
    assert Counter(row.label for row in rows if row.split == VALIDATION) == dict.fromkeys(LABELS, 4)
    assert rows == hold_out_fold(index, fold=0, share=0.25, seed=1) != hold_out_fold(index, fold=0, share=0.25, seed=2)


def test_test_images_with_a_copy_that_trains_or_validates_are_dropped() -> None:
    parts = {"a": TRAIN, "b": VALIDATION, "copy of a": TEST, "copy of b": TEST, "c": TEST, "copy of c": TEST}
    rows = [SplitRow(path, Label.GLIOMA, part) for path, part in parts.items()]
    groups = {path: ord(path[-1]) for path in parts}
    assert [row.path for row in drop_leaked(rows, groups)] == ["a", "b", "c", "copy of c"]


def pairs(names: Sequence[str]) -> dict[str, int]:
    """Each name in a group with its neighbour."""
    return {name: index // 2 for index, name in enumerate(names)}


def test_groups_train_or_validate_as_a_whole() -> None:
    groups = pairs([image.name for image in IMAGES if image.official_split == "Training"])
    rows = carve_validation(IMAGES, 0.2, seed=0, groups=groups)
    sides = Counter((groups[row.path], row.split) for row in rows if row.split != TEST)
    assert len(sides) == 70 and set(sides.values()) == {2}


@pytest.mark.parametrize(("share", "expected"), [(0.1, (2, 3, 4, 5)), (0.2, (4, 6, 8, 10))])
def test_groups_are_stratified_to_within_one_group(share: float, expected: tuple[int, ...]) -> None:
    groups = pairs([image.name for image in IMAGES if image.official_split == "Training"])
    found = Counter(row.label for row in carve_validation(IMAGES, share, 0, groups) if row.split == VALIDATION)
    assert all(abs(found[label] - wanted) <= 2 for label, wanted in zip(LABELS, expected, strict=True))


def test_groups_are_carved_by_seed() -> None:
    groups = pairs([image.name for image in IMAGES])
    first, same, other = (carve_validation(IMAGES, 0.2, seed, groups) for seed in (4, 4, 5))
    assert first == same != other


def test_too_few_groups_are_a_clear_error() -> None:
    # All gliomas are copies of one picture.
    groups = {image.name: 0 if image.label is Label.GLIOMA else index for index, image in enumerate(IMAGES, 1)}
    with pytest.raises(DatasetError, match="1 groups of a class are too few to validate on 15% of them"):
        carve_validation(IMAGES, 0.15, 0, groups)


def test_a_fold_with_groups_has_no_copy_on_two_sides(index: Path) -> None:
    # Of each class, the images 1 of all folds are copies of each other.
    paths = [line.partition(",")[0] for line in INDEX.splitlines()[1:]]
    groups = {path: index for index, path in enumerate(paths)}
    groups |= {
        path: -list(LABELS).index(label) - 1
        for label in LABELS
        for path in paths
        if path.endswith("-1.jpg") and label.slug in path.split("/")
    }
    rows = hold_out_fold(index, fold=2, share=0.25, seed=0, groups=groups)
    copies = Counter((row.label, row.split) for row in rows if row.path.endswith("-1.jpg"))
    assert sum(row.split == TEST for row in rows) == 4 * 4
    assert len(copies) == 4 and set(copies.values()) == {4}


def test_an_unknown_fold_is_answered_with_the_known_ones(index: Path) -> None:
    with pytest.raises(DatasetError, match="has no fold 7, but 0, 1, 2, 3, 4"):
        hold_out_fold(index, fold=7, share=0.25, seed=0)


@pytest.mark.parametrize("text", ["", "path,label\na.jpg,Glioma\n", "path,label,fold,near_fold_edge\n"])
def test_another_file_is_no_index(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="not an index with the columns fold, label, near_fold_edge, path"):
        hold_out_fold(tmp_path / "index.csv", fold=0, share=0.25, seed=0)


def test_a_split_reads_as_it_was_written(tmp_path: Path) -> None:
    rows = [SplitRow("a, b/ä.jpg", Label.NO_TUMOR, TRAIN), SplitRow('"c".jpg', Label.GLIOMA, TEST)]
    write_split(rows, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == rows


def test_a_split_file_is_a_plain_table(tmp_path: Path) -> None:
    write_split([SplitRow("a.jpg", Label.NO_TUMOR, TRAIN)], tmp_path / "split.csv")
    assert (tmp_path / "split.csv").read_text(encoding="utf-8").splitlines() == [
        "path,label,split",
        "a.jpg,No Tumor,train",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "needs the columns path, label, split"),
        ("path,label\na.jpg,Glioma\n", "needs the columns path, label, split"),
        ("path,label,split\na.jpg,Glioma,holdout\n", "names the parts holdout; train, validation, test are known"),
        ("path,label,split\na.jpg,Glioma\n", "names the parts ; train, validation, test are known"),
        ("path,label,split\na.jpg,metastasis,train\n", "has the label 'metastasis'; Glioma, Meningioma, No Tumor"),
    ],
)
def test_a_bad_split_file_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "split.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=complaint):
        read_split(tmp_path / "split.csv")


def test_no_such_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"split\.csv: cannot be read \(No such file or directory\)"):
        read_split(tmp_path / "split.csv")


def test_a_picture_is_no_split(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(DatasetError, match="not a CSV file in UTF-8"):
        read_split(tmp_path / "split.csv")


def test_items_are_picked_evenly_with_the_first_and_the_last() -> None:
    assert pick_evenly("abcdefghi", 3) == ["a", "e", "i"]
    assert pick_evenly("abc", 99) == ["a", "b", "c"]


def test_a_share_by_name_is_the_same_everywhere() -> None:
    assert hash_share("patient 1") == 254 / 256
    shares = [hash_share(str(number)) for number in range(500)]
    assert 0 <= min(shares) < 0.01 and 0.99 < max(shares) < 1


def parts_of(images: list[LabelledImage], **options: Any) -> Counter[str]:
    return Counter(row.split for row in divide(images, 0.2, 0, **options))


def undivided(images: Sequence[LabelledImage]) -> list[LabelledImage]:
    return [replace(image, official_split="") for image in images]


def test_folders_of_classes_alone_are_drawn_into_three_parts_with_every_class() -> None:
    rows = divide(undivided(IMAGES), 0.2, 0)
    assert len(rows) == len(IMAGES)
    for part in PARTS:
        assert {row.label for row in rows if row.split == part} == set(LABELS)


def test_a_validation_folder_validates_and_nothing_else_does() -> None:
    images = [replace(image, official_split="Validation") if "1" in image.name else image for image in IMAGES]
    chosen = {row.path for row in divide(images, 0.2, 0) if row.split == VALIDATION}
    assert chosen == {image.name for image in images if image.official_split == "Validation"}


def test_without_a_testing_folder_images_that_would_train_test() -> None:
    images = [image for image in IMAGES if image.official_split == "Training"]
    assert set(parts_of(images)) == set(PARTS)


def test_a_tree_that_says_all_is_divided_as_before() -> None:
    assert divide(IMAGES, 0.2, 0) == carve_validation(IMAGES, 0.2, 0)


def test_groups_stay_in_one_of_the_three_parts_when_the_parts_are_drawn_anew() -> None:
    groups = {image.name: index // 2 for index, image in enumerate(IMAGES)}
    parts: dict[int, set[str]] = defaultdict(set)
    for row in divide(IMAGES, 0.2, 0, groups, anew=True):
        parts[groups[row.path]].add(row.split)
    assert all(len(found) == 1 for found in parts.values())
