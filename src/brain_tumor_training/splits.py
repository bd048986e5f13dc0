"""Who trains, who validates, who tests: a list with one row per image, kept in a file."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label, label_from_name
from brain_tumor_training.dataset import LabelledImage

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, order=True)
class SplitRow:
    """One image and the part it plays."""

    path: str  # below the data set's root, with forward slashes
    label: Label
    split: str  # one of PARTS


def carve_validation(images: Sequence[LabelledImage], share: float, seed: int) -> list[SplitRow]:
    """Official Testing is the test set; of Training, a share stratified by class becomes validation."""
    training = [image for image in images if image.official_split == "Training"]
    rows = [SplitRow(image.name, image.label, TEST) for image in images if image.official_split == "Testing"]
    return sorted(rows + _carve([(image.name, image.label) for image in training], share, seed))


def hold_out_fold(index: Path, fold: int, share: float, seed: int) -> list[SplitRow]:
    """The leak-free split of one fold: it is the test set, the others train, less their near-edge rows.

    index: a CSV with the columns path, label, fold and near_fold_edge, where folds keep look-alikes and
    patients together. Raises DatasetError for another file or a fold that it does not have.
    """
    rows = read_csv(index)
    needed = {"path", "label", "fold", "near_fold_edge"}
    if not rows or not needed <= rows[0].keys():
        raise DatasetError(f"{index}: is not an index with the columns {', '.join(sorted(needed))}")
    if str(fold) not in {row["fold"] for row in rows}:
        raise DatasetError(f"{index}: has no fold {fold}, but {', '.join(sorted({row['fold'] for row in rows}))}")
    test = [SplitRow(row["path"], _label(row["label"], index), TEST) for row in rows if row["fold"] == str(fold)]
    others = [row for row in rows if row["fold"] != str(fold) and row["near_fold_edge"] == "0"]
    return sorted(test + _carve([(row["path"], _label(row["label"], index)) for row in others], share, seed))


def drop_leaked(rows: Sequence[SplitRow], groups: Path) -> list[SplitRow]:
    """The split without those test rows that have a copy among the training and validation rows.

    groups: the groups.csv of an audit, with the columns path and group. Training and validation stay as they are, so
    a network that was trained on the split can be tested on what is left. Raises DatasetError for another file.
    """
    records = read_csv(groups)
    if not records or not {"path", "group"} <= records[0].keys():
        raise DatasetError(f"{groups}: is not the groups.csv of an audit; it needs the columns path and group")
    group = {record["path"]: record["group"] for record in records}
    if missing := [row.path for row in rows if row.path not in group]:
        raise DatasetError(
            f"{groups}: lacks {len(missing)} images of the split, {missing[0]} first; audit this data set"
        )
    known = {group[row.path] for row in rows if row.split != TEST}
    return [row for row in rows if row.split != TEST or group[row.path] not in known]


def write_split(rows: Sequence[SplitRow], path: Path) -> None:
    """Save as CSV with the columns path, label, split."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "split"))
        writer.writerows((row.path, row.label.value, row.split) for row in rows)


def read_split(path: Path) -> list[SplitRow]:
    """Load what write_split saved; raises DatasetError for no such file, missing columns, unknown labels and parts."""
    records = read_csv(path)
    if not records or not {"path", "label", "split"} <= records[0].keys():
        raise DatasetError(f"{path}: is not a split file; it needs the columns path, label, split")
    if unknown := {record["split"] for record in records} - set(PARTS):
        raise DatasetError(f"{path}: names the parts {', '.join(sorted(unknown))}; {', '.join(PARTS)} are known")
    return [SplitRow(record["path"], _label(record["label"], path), record["split"]) for record in records]


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column name, "" where a row is short; raises DatasetError for another file."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, restval=""))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); give the path of a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: is not a CSV file in UTF-8 ({error}); save it as one") from None


def _carve(items: list[tuple[str, Label]], share: float, seed: int) -> list[SplitRow]:
    labels = [label for _, label in items]
    try:
        train, validation = train_test_split(items, test_size=share, stratify=labels, random_state=seed)
    except ValueError as error:
        raise DatasetError(f"{len(items)} images are too few for a stratified validation set ({error})") from None
    return [
        SplitRow(path, label, part)
        for part, chosen in ((TRAIN, train), (VALIDATION, validation))
        for path, label in chosen
    ]


def _label(text: str, source: Path) -> Label:
    label = label_from_name(text)
    if label is None:
        raise DatasetError(f"{source}: has the label {text!r}; {', '.join(Label)} are known")
    return label
