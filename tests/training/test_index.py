import csv
from collections import Counter
from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.dataset import LabelledImage
from brain_tumor_training.index import COLUMNS, deal_folds, write_index

IMAGES = [
    LabelledImage(f"{label.slug}/{n}.png", label, "Training")
    for label in (Label.GLIOMA, Label.NO_TUMOR)
    for n in range(20)
]


def test_each_fold_has_its_share_of_each_class() -> None:
    fold_of = deal_folds(IMAGES, {}, 5, 0)
    assert set(Counter(zip((image.label for image in IMAGES), fold_of, strict=True)).values()) == {4}


def test_groups_stay_together_and_the_seed_decides() -> None:
    groups = {image.name: index // 2 for index, image in enumerate(IMAGES)}
    fold_of = deal_folds(IMAGES, groups, 5, 0)
    assert all(fold_of[index] == fold_of[index + 1] for index in range(0, len(IMAGES), 2))
    assert deal_folds(IMAGES, groups, 5, 0) == fold_of != deal_folds(IMAGES, groups, 5, 1)


def test_fewer_groups_of_a_class_than_folds_are_an_error() -> None:
    groups = {image.name: 0 if image.label is Label.GLIOMA else index for index, image in enumerate(IMAGES)}
    with pytest.raises(DatasetError, match="1 groups of Glioma cannot be dealt into 5 folds"):
        deal_folds(IMAGES, groups, 5, 0)


def test_the_index_has_a_row_per_image(tmp_path: Path) -> None:
    write_index(IMAGES, {}, deal_folds(IMAGES, {}, 2, 0), "clinic", tmp_path / "index.csv")
    with (tmp_path / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and [row["path"] for row in rows] == [image.name for image in IMAGES]
    assert {row["source"] for row in rows} == {"clinic"} and {row["fold"] for row in rows} == {"0", "1"}
    assert len({row["group"] for row in rows}) == len(IMAGES)
