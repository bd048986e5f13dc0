"""Folders of classes -> an index of folds, which split, cross-validate and training-list read."""

import csv
from collections.abc import Sequence
from pathlib import Path

from sklearn.model_selection import StratifiedGroupKFold

from brain_tumor.atomic_write import written_whole
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import COLUMNS as BOX_COLUMNS
from brain_tumor_training.dataset import LabelledImage
from brain_tumor_training.splits import Groups

COLUMNS = (
    *("path", "official_split", "label", "source", "group", "mirrored", "fold", "near_fold_edge"),
    *BOX_COLUMNS,
)


def deal_folds(images: Sequence[LabelledImage], groups: Groups, folds: int, seed: int) -> list[int]:
    """The fold of each image: groups stay together, each fold has its share of each class.

    Args:
        images: of a data set.
        groups: of every image; without any each image is one of its own.
        folds: how many, two or more.
        seed: of the draw.

    Raises:
        DatasetError: a class has fewer groups than there are folds.
    """
    names = [groups[image.name] if groups else index for index, image in enumerate(images)]
    for label in sorted({image.label for image in images}):
        if (found := len({name for name, image in zip(names, images, strict=True) if image.label is label})) < folds:
            raise DatasetError(f"{found} groups of {label} cannot be dealt into {folds} folds; give fewer --folds")
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = [0] * len(images)
    for fold, (_, chosen) in enumerate(dealer.split(names, [image.label.value for image in images], names)):
        for position_index in chosen:
            fold_of[position_index] = fold
    return fold_of


def write_index(
    images: Sequence[LabelledImage], groups: Groups, fold_of: Sequence[int], source: str, path: Path
) -> None:
    """Save as CSV with COLUMNS; boxes are unknown.

    Args:
        images: of a data set.
        groups: as for deal_folds.
        fold_of: of each image.
        source: where they come from.
        path: the file.
    """
    with written_whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for index, (image, fold) in enumerate(zip(images, fold_of, strict=True)):
            group = f"group-{groups[image.name] if groups else index:05d}"
            known = (image.name, image.official_split, image.label.value, source, group, 0, fold, 0)
            writer.writerow((*known, *("",) * len(BOX_COLUMNS)))
