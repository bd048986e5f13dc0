"""Training list -> how well source, sequence, skull and border alone predict the label, before and after balancing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm import tqdm

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.input.files import read_file
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.example_batches import sampling_chances
from brain_tumor_training.examples import Example
from brain_tumor_training.fact_prediction import (
    FoldMean,
    Scorer,
    area_alone,
    balanced_accuracy_alone,
    deal_folds,
    hash_of,
    score_by_tree,
    score_by_value,
)
from brain_tumor_training.recipes import FinetuneRecipe
from brain_tumor_training.shortcuts import BorderFacts, Table, to_border_facts
from brain_tumor_training.splits import TRAIN

# What a list and its indexes say of an image, in the order of the report; the last one is the two before together.
LOOKS = ("source", "sequence", "skull", "sequence and skull")
BORDER = "border"
UNKNOWN, STRIPPED, SKULL = "unknown", "skull-stripped", "with skull"
# Each fold then has 800 pictures, which tells areas apart that differ by some 0.04, after ten seconds of reading.
MOST_READ = 4000
_READERS = 2


@dataclass(frozen=True, slots=True)
class Noted:
    """What an index knows of an image beyond the list."""

    sequence: str = ""  # empty where unknown
    patient: str = ""  # empty where unknown


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """A figure of the pictures as they are, each once, and as training draws them; None where it is not defined."""

    before: FoldMean | None
    after: FoldMean | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """How well one fact alone predicts the label of pictures that it was not fitted on."""

    fact: str  # of LOOKS, or BORDER
    pictures: int
    tumor: BeforeAfter  # area under the ROC curve, tumor against no tumor; 0.5 is chance
    classes: BeforeAfter  # balanced accuracy; tumors of unknown type are left out


@dataclass(frozen=True, slots=True)
class Look:
    """One value of a fact: how many pictures look so, and how often they are drawn."""

    fact: str  # of LOOKS
    value: str
    with_tumor: int  # pictures
    without: int
    drawn_with: float  # share of all that training draws
    drawn_without: float

    @property
    def drawn(self) -> float:
        """Share of all that training draws, with a tumor or without."""
        return self.drawn_with + self.drawn_without

    @property
    def is_one_sided(self) -> bool:
        """Whether the look alone says if there is a tumor."""
        return not (self.with_tumor and self.without)


@dataclass(frozen=True)
class ListAudit:
    """Everything that a report on the training part of a list states."""

    images: int
    pictures: int  # copies of one picture count once
    drawn_with_tumor: float  # share of all that training draws
    balance: float  # of the recipe
    classes: tuple[Label, ...]  # that labels name
    predictions: tuple[Prediction, ...]
    looks: tuple[Look, ...]  # by fact, the most drawn first

    @cached_property
    def one_sided(self) -> tuple[Look, ...]:
        """The looks that occur only with or only without a tumor: the shortcuts that remain."""
        return tuple(look for look in self.looks if look.is_one_sided)


@dataclass(frozen=True, slots=True)
class _Row:
    """An image that trains, with its share of its picture's weight."""

    example: Example
    looks: Mapping[str, str]  # by LOOKS
    picture: int
    patient: str  # what stays in one fold: the picture where nothing is known
    before: float  # the weights of all rows sum to 1
    after: float

    @property
    def has_tumor(self) -> bool:
        return self.example.label is not Label.NO_TUMOR


def read_noted(index: Path, prefix: str) -> dict[str, Noted]:
    """What an index notes of its images, by path below the data folder.

    Args:
        index: CSV with path and sequence and, where known, patient.
        prefix: what stands before its paths.

    Raises:
        DatasetError: the file is no such CSV.
    """
    rows = read_csv(index)
    if not rows or not {"path", "sequence"} <= rows[0].keys():
        raise DatasetError(f"{index}: is not an index with the columns path and sequence")
    return {prefix + row["path"]: Noted(row["sequence"].strip(), row.get("patient", "").strip()) for row in rows}


def audit_list(
    examples: Sequence[Example], data: Path, recipe: FinetuneRecipe, noted: Mapping[str, Noted] | None = None
) -> ListAudit:
    """Measure the training part of a list; of its pictures at most MOST_READ are read, chosen by hash.

    Args:
        examples: the list.
        data: the folder that its paths are below.
        recipe: balances what is drawn. The changes that it makes to views, such as lesions drawn and skulls removed,
            are not looked at.
        noted: of read_noted, by path.

    Raises:
        DatasetError: nothing trains.
        ScanError: a picture cannot be read.
    """
    rows = _to_rows([example for example in examples if example.split == TRAIN], recipe, noted or {})
    predictions = [_predict_by_look(rows, fact) for fact in LOOKS]
    return ListAudit(
        images=len(rows),
        pictures=len({row.picture for row in rows}),
        drawn_with_tumor=sum(row.after for row in rows if row.has_tumor),
        balance=recipe.balance,
        classes=tuple(label for label in LABELS if any(row.example.label is label for row in rows)),
        predictions=(*predictions, _predict_by_border(rows, data)),
        looks=tuple(look for fact in LOOKS for look in _count_looks(rows, fact)),
    )


def _to_rows(examples: Sequence[Example], recipe: FinetuneRecipe, noted: Mapping[str, Noted]) -> list[_Row]:
    if not examples:
        raise DatasetError("the training list has no rows for train; there is nothing to measure")
    pictures: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        pictures[example.group].append(example)
    rows = []
    chances = sampling_chances(list(pictures.values()), recipe)
    for picture, (copies, chance) in enumerate(zip(pictures.values(), chances, strict=True)):
        # Copies stay together, so the first one's patient stands for all.
        patient = noted.get(copies[0].path, Noted()).patient or copies[0].group
        for example in copies:
            looks = _looks(example, noted.get(example.path, Noted()))
            before, after = 1 / len(pictures) / len(copies), float(chance) / len(copies)
            rows.append(_Row(example, looks, picture, patient, before, after))
    return rows


def _looks(example: Example, noted: Noted) -> dict[str, str]:
    sequence, skull = noted.sequence or UNKNOWN, STRIPPED if example.skull_stripped else SKULL
    return dict(zip(LOOKS, (example.source, sequence, skull, f"{sequence}, {skull}"), strict=True))


def _count_looks(rows: Sequence[_Row], fact: str) -> list[Look]:
    pictures: dict[tuple[str, bool], set[int]] = defaultdict(set)
    drawn: dict[tuple[str, bool], float] = defaultdict(float)
    for row in rows:
        pictures[row.looks[fact], row.has_tumor].add(row.picture)
        drawn[row.looks[fact], row.has_tumor] += row.after
    looks = [
        Look(
            fact,
            value,
            with_tumor=len(pictures[value, True]),
            without=len(pictures[value, False]),
            drawn_with=drawn[value, True],
            drawn_without=drawn[value, False],
        )
        for value in {row.looks[fact] for row in rows}
    ]
    return sorted(looks, key=lambda look: (-look.drawn, look.value))


def _predict_by_look(rows: Sequence[_Row], fact: str) -> Prediction:
    values = [row.looks[fact] for row in rows]
    codes = np.unique(values, return_inverse=True)[1].astype(np.float64)
    return _predict(rows, fact, values, codes[:, np.newaxis], score_by_value)


def _predict_by_border(rows: Sequence[_Row], data: Path) -> Prediction:
    # By hash, so that a list that grows keeps most of the choice.
    pictures = sorted({row.example.group for row in rows}, key=hash_of)
    chosen = set(pictures[:MOST_READ])
    # The first copy stands for all: so it carries the weight of its picture.
    kept: dict[str, _Row] = {}
    for row in (row for row in rows if row.example.group in chosen):
        known = kept.get(row.example.group)
        kept[row.example.group] = (
            replace(known, before=known.before + row.before, after=known.after + row.after) if known else row
        )
    read = list(kept.values())
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(_read_border, [data / row.example.path for row in read])
        facts = list(tqdm(found, "read", len(read), disable=None))
    return _predict(read, BORDER, [""] * len(read), np.array([astuple(fact) for fact in facts]), score_by_tree)


def _read_border(path: Path) -> BorderFacts:
    return to_border_facts(read_scan(read_file(str(path)), path.name))


def _predict(rows: Sequence[_Row], fact: str, values: Sequence[str], table: Table, score: Scorer) -> Prediction:
    """values: the looks that folds are to have equally many of; "" for a fact that has numbers."""
    before, after = (np.array(weights) for weights in zip(*((row.before, row.after) for row in rows), strict=True))
    labels = [row.example.label for row in rows]
    strata = [(value, label or "") for value, label in zip(values, labels, strict=True)]
    folds = deal_folds([row.patient for row in rows], strata)
    tumor = np.array([row.has_tumor for row in rows]).astype(np.int64)
    known = np.array([index for index, label in enumerate(labels) if label is not None], np.int64)
    truth = np.unique([labels[index] or "" for index in known], return_inverse=True)[1].astype(np.int64)
    area = (area_alone(table, tumor, weights, folds, score) for weights in (before, after))
    accuracy = (
        balanced_accuracy_alone(table[known], truth, weights[known], folds[known], score) for weights in (before, after)
    )
    return Prediction(fact, len({row.picture for row in rows}), BeforeAfter(*area), BeforeAfter(*accuracy))
