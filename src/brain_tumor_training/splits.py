"""Who trains, who validates, who tests: a list with one row per image, kept in a file."""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from brain_tumor.atomic_write import written_whole
from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label, find_class, own_classes
from brain_tumor_training.dataset import TESTING, TRAINING, UNDIVIDED, LabelledImage
from brain_tumor_training.dataset import VALIDATION as VALIDATION_FOLDER

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
Item = TypeVar("Item")
Groups: TypeAlias = Mapping[str, int]  # path -> number of its group, which stays on one side
# Whole groups are dealt into equal piles, some of which validate: 20 piles give the share to within 2.5 %.
_PILES = 20


@dataclass(frozen=True, slots=True, order=True)
class SplitRow:
    """One image and the part it plays."""

    path: str  # below the data set's root, with forward slashes
    label: Label
    split: str  # one of PARTS


def pick_evenly(items: Sequence[Item], count: int) -> list[Item]:
    """At most so many items, evenly through the sequence: of one that is sorted by class every class is there."""
    return [items[int(position)] for position in np.linspace(0, len(items) - 1, min(count, len(items)))]


def hash_share(name: str) -> float:
    """A number from 0 to 1, less than 1, that depends on a name alone: parts stay the same when images are added."""
    return hashlib.sha256(name.encode()).digest()[0] / 256


def divide(
    images: Sequence[LabelledImage], share: float, seed: int, groups: Groups | None = None, *, anew: bool = False
) -> list[SplitRow]:
    """Who trains, validates and tests: as the folders say, and by lot where they say nothing.

    Testing/ tests and Validation/ validates. Without the one, a share of the others is the test set, without the other
    a share of what is left validates.

    Args:
        images: of a data set.
        share: of a drawn part, 0 to 1.
        seed: of the draws.
        groups: of every image; each then stays in one part.
        anew: draw all parts, whatever the folders say.

    Raises:
        DatasetError: there are too few images or groups.
    """
    if anew:
        images = [replace(image, official_split=UNDIVIDED) for image in images]
    if not any(image.official_split == TESTING for image in images):
        open_to_lot = [image for image in images if image.official_split != VALIDATION_FOLDER]
        tested = {
            row.path
            for row in _carve([(item.name, item.label) for item in open_to_lot], share, seed, groups)
            if row.split == VALIDATION
        }
        images = [
            replace(image, official_split=TESTING if image.name in tested else image.official_split) for image in images
        ]
    if any(image.official_split == VALIDATION_FOLDER for image in images):
        parts = {TESTING: TEST, VALIDATION_FOLDER: VALIDATION}
        return sorted(SplitRow(image.name, image.label, parts.get(image.official_split, TRAIN)) for image in images)
    return carve_validation(
        [image if image.official_split == TESTING else replace(image, official_split=TRAINING) for image in images],
        share,
        seed,
        groups,
    )


def carve_validation(
    images: Sequence[LabelledImage], share: float, seed: int, groups: Groups | None = None
) -> list[SplitRow]:
    """Official Testing is the test set; of Training, a share stratified by class becomes validation.

    Args:
        images: of both.
        share: 0 to 1.
        seed: of the draw.
        groups: of every image; each then trains or validates as a whole. Without them images are drawn one by one.

    Raises:
        DatasetError: there are too few images or groups.
    """
    training = [image for image in images if image.official_split == "Training"]
    rows = [SplitRow(image.name, image.label, TEST) for image in images if image.official_split == "Testing"]
    return sorted(rows + _carve([(image.name, image.label) for image in training], share, seed, groups))


def hold_out_fold(index: Path, fold: int, share: float, seed: int, groups: Groups | None = None) -> list[SplitRow]:
    """The leak-free split of one fold: it is the test set, the others train, less their near-edge rows.

    Args:
        index: a CSV with the columns path, label, fold and near_fold_edge, where folds keep look-alikes and patients
            together.
        fold: its number.
        share: of the others that validates, 0 to 1.
        seed: of the draw.
        groups: of every image; validation is then carved by group, and test rows with a copy outside are dropped.

    Raises:
        DatasetError: the file is no such CSV, or does not have the fold.
    """
    rows = read_index(index)
    if str(fold) not in {row["fold"] for row in rows}:
        raise DatasetError(f"{index}: has no fold {fold}, but {', '.join(sorted({row['fold'] for row in rows}))}")
    test = [SplitRow(row["path"], _label(row["label"], index), TEST) for row in rows if row["fold"] == str(fold)]
    others = [row for row in rows if row["fold"] != str(fold) and row["near_fold_edge"] == "0"]
    carved = _carve([(row["path"], _label(row["label"], index)) for row in others], share, seed, groups)
    return sorted(drop_leaked(test + carved, groups) if groups else test + carved)


def read_index(index: Path) -> list[dict[str, str]]:
    """The rows of an index of folds; raises DatasetError for a file without the columns that hold_out_fold needs."""
    rows = read_csv(index)
    needed = {"path", "label", "fold", "near_fold_edge"}
    if not rows or not needed <= rows[0].keys():
        raise DatasetError(
            f"{index}: is not an index with the columns {', '.join(sorted(needed))}; brain-tumor-train index DIR "
            "writes it"
        )
    return rows


def drop_leaked(rows: Sequence[SplitRow], groups: Groups) -> list[SplitRow]:
    """The split without those test rows that have a copy among the training and validation rows.

    Training and validation stay as they are, so a network that was trained on the split can be tested on what is left.

    Args:
        rows: the split.
        groups: of every row.
    """
    known = {groups[row.path] for row in rows if row.split != TEST}
    return [row for row in rows if row.split != TEST or groups[row.path] not in known]


def write_split(rows: Sequence[SplitRow], path: Path) -> None:
    """Save as CSV with the columns path, label, split."""
    with written_whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "split"))
        writer.writerows((row.path, row.label.value, row.split) for row in rows)


def read_split(path: Path, classes: Sequence[Label] = LABELS) -> list[SplitRow]:
    """Load what write_split saved.

    Args:
        path: of the file.
        classes: that its labels name.

    Raises:
        DatasetError: no such file, missing columns, unknown labels or parts.
    """
    records = read_csv(path)
    if not records or not {"path", "label", "split"} <= records[0].keys():
        raise DatasetError(f"{path}: is not a split file; it needs the columns path, label, split")
    if unknown := {record["split"] for record in records} - set(PARTS):
        raise DatasetError(f"{path}: names the parts {', '.join(sorted(unknown))}; {', '.join(PARTS)} are known")
    return [SplitRow(record["path"], _label(record["label"], path, classes), record["split"]) for record in records]


def _carve(items: list[tuple[str, Label]], share: float, seed: int, groups: Groups | None) -> list[SplitRow]:
    if groups:
        chosen = _draw_groups(items, share, seed, groups)
    else:
        labels = [label for _, label in items]
        try:
            _, chosen = train_test_split(range(len(items)), test_size=share, stratify=labels, random_state=seed)
        except ValueError as error:
            raise DatasetError(f"{len(items)} images are too few for a stratified validation set ({error})") from None
    validation = set(chosen)
    return [
        SplitRow(path, label, VALIDATION if index in validation else TRAIN) for index, (path, label) in enumerate(items)
    ]


def _draw_groups(items: list[tuple[str, Label]], share: float, seed: int, groups: Groups) -> list[int]:
    by_label: dict[Label, set[int]] = defaultdict(set)
    for path, label in items:
        by_label[label].add(groups[path])
    fewest = min(map(len, by_label.values()), default=0)
    # No class may have fewer groups than there are piles, or a pile would lack it.
    drawn = Fraction(share).limit_denominator(max(1, min(_PILES, fewest)))
    if share > 0 and not drawn and fewest > 1:
        drawn = Fraction(1, min(_PILES, fewest))  # of few groups, one of each class is the least
    if not 0 < drawn < 1:
        raise DatasetError(f"{fewest} groups of a class are too few to validate on {share:.0%} of them; add images")
    dealer = StratifiedGroupKFold(drawn.denominator, shuffle=True, random_state=seed)
    labels, names = [label.value for _, label in items], [groups[path] for path, _ in items]
    piles = [pile for _, pile in dealer.split(names, labels, names)]
    return [int(index) for pile in piles[: drawn.numerator] for index in pile]


def read_own_classes(path: Path, no_finding: Collection[str]) -> tuple[Label, ...]:
    """The classes that a split file names, for a data set with its own.

    Args:
        path: of the split file.
        no_finding: labels that name nothing abnormal.

    Raises:
        DatasetError: as read_split does, or they cannot be classes.
    """
    try:
        return own_classes((record.get("label", "") for record in read_csv(path)), no_finding)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from None


def _label(text: str, source: Path, classes: Sequence[Label] = LABELS) -> Label:
    label = find_class(text, classes)
    if label is None:
        raise DatasetError(f"{source}: has the label {text!r}; {', '.join(classes)} are known")
    return label
