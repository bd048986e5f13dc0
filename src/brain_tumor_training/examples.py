"""The training list: images of several sources, what is known of each, and the part that it plays."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.atomic_write import written_whole
from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import COLUMNS as BOX_COLUMNS
from brain_tumor.input.scan import Box
from brain_tumor.labels import LABELS, Label, find_class, own_classes
from brain_tumor_training.splits import PARTS, TEST

# The label of an image that shows a tumor whose type nobody noted.
ANY_TUMOR = "tumor"
_COLUMNS = ("path", "label", "group", "source", "split", *BOX_COLUMNS, "skull_stripped", "weight")


@dataclass(frozen=True, slots=True)
class Example:
    """One image of a training list."""

    path: str  # below the data folder, with forward slashes
    label: Label | None  # None: a tumor of unknown type, any class with a finding
    group: str  # copies of one picture; one of them trains
    source: str
    split: str  # one of PARTS
    box: Box | None  # of the tumor; None where unknown, or where there is no tumor
    skull_stripped: bool = False
    weight: float = 1.0  # how much more often than others of its kind it is drawn

    @property
    def is_normal(self) -> bool:
        """Whether it is known to show nothing abnormal."""
        return self.label is not None and not self.label.is_finding

    def allows(self, label: Label) -> bool:
        """Whether what is known of the image leaves that class open."""
        return label.is_finding if self.label is None else label is self.label


def read_examples(path: Path, classes: Sequence[Label] = LABELS) -> list[Example]:
    """Load a training list.

    Args:
        path: CSV with path, label, group, source, split and, where known, box_x0 to box_y1 (shares of width and
            height), skull_stripped ("1" where only the brain is left) and weight (above 0, how often the image is
            drawn). The label is a class name, or "tumor" for a tumor of unknown type, unless a class is named so.
        classes: of the network.

    Raises:
        DatasetError: the file is no such CSV, or lists a path twice.
    """
    records = read_csv(path)
    needed = set(_COLUMNS[:5])
    if not records or not needed <= records[0].keys():
        raise DatasetError(f"{path}: is not a training list with the columns {', '.join(_COLUMNS[:5])}")
    examples = [_to_example(record, path, classes) for record in records]
    if len({example.path for example in examples}) < len(examples):
        raise DatasetError(f"{path}: lists a path twice; every image is needed once")
    return examples


def read_own_classes(path: Path, no_finding: Collection[str]) -> tuple[Label, ...]:
    """The classes that a training list names, for a data set with its own.

    Args:
        path: of the list.
        no_finding: labels that name nothing abnormal.

    Raises:
        DatasetError: the file cannot be read, or its labels cannot be classes.
    """
    try:
        return own_classes((record.get("label", "") for record in read_csv(path)), no_finding)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from None


def write_examples(examples: Sequence[Example], path: Path) -> None:
    """Save a training list as read_examples reads it."""
    with written_whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for example in examples:
            label = ANY_TUMOR if example.label is None else example.label.value
            known = example.path, label, example.group, example.source, example.split, *(example.box or ("",) * 4)
            writer.writerow((*known, int(example.skull_stripped), example.weight))


def drop_copies_in_test(examples: Sequence[Example]) -> list[Example]:
    """The list without those test images of which a copy trains or validates."""
    seen = {example.group for example in examples if example.split != TEST}
    return [example for example in examples if example.split != TEST or example.group not in seen]


def check_groups(examples: Sequence[Example], *, copies_in_test: bool) -> None:
    """Refuse a group that stands in several parts: what was seen in training must not judge it.

    Args:
        examples: the list.
        copies_in_test: allow copies of training images in the test part, as in the official split, whose figures are
            then known to be too good.

    Raises:
        DatasetError: a group stands in several parts.
    """
    part: dict[str, str] = {}
    for example in (example for example in examples if not (copies_in_test and example.split == TEST)):
        if part.setdefault(example.group, example.split) != example.split:
            raise DatasetError(
                f"group {example.group} stands in {part[example.group]} and in {example.split}, with {example.path}; "
                "keep a group in one part, or ask for copies of training images in the test part with --copies-in-test"
            )


def _to_example(record: dict[str, str], path: Path, classes: Sequence[Label]) -> Example:
    label = find_class(record["label"], classes)
    if label is None and record["label"].strip().lower() != ANY_TUMOR:
        raise DatasetError(
            f"{path}: has the label {record['label']!r}; {', '.join(classes)} and {ANY_TUMOR} are known, and "
            "--own-classes takes the labels as they are"
        )
    if record["split"] not in PARTS:
        raise DatasetError(f"{path}: names the part {record['split']!r}; {', '.join(PARTS)} are known")
    numbers = [record.get(column, "") for column in BOX_COLUMNS]
    try:
        x0, y0, x1, y1 = map(float, numbers) if all(numbers) else (0.0, 0.0, 0.0, 0.0)
        if not all(0 <= number <= 1 for number in (x0, y0, x1, y1)):
            raise ValueError("not shares")
    except ValueError:
        raise DatasetError(f"{path}: {record['path']} has the box {numbers}; shares from 0 to 1 are needed") from None
    box = (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
    try:
        weight = float(record.get("weight") or 1)
        if not 0 < weight < float("inf"):
            raise ValueError("not positive")
    except ValueError:
        raise DatasetError(
            f"{path}: {record['path']} has the weight {record['weight']!r}; more than 0 is needed"
        ) from None
    stripped = record.get("skull_stripped") == "1"
    return Example(record["path"], label, record["group"], record["source"], record["split"], box, stripped, weight)
