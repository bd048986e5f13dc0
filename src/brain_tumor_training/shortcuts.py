"""Source shortcuts: how well facts about the files alone, without what they show, predict the label."""

import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.tree import DecisionTreeClassifier

from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.input.head import find_head
from brain_tumor.input.scan import FloatArray, Scan

Table = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FOLDS = 5
_SEED = 0
_TREES = 100
# A leaf of fewer images would remember single files.
_LEAF_IMAGES = 5
_SHUFFLES = 3
_BORDER = 0.03
# Darker than this is black: JPEG leaves noise of a few grey values of 255 in black air.
_BLACK = 0.03
# Pillow's modes as codes; the order means nothing to a tree that may split more than once.
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "YCbCr")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file tells without showing its picture; the fields are the facts, by the names reports use."""

    bytes: float
    rows: float
    columns: float
    aspect: float  # columns by rows
    bytes_per_pixel: float
    mode: float  # place in Pillow's list of modes; -1 for one outside it
    jpeg_tables: float  # sum of the quantization steps, which falls as the quality rises; 0 for other formats
    border: float  # mean grey of the outer 3 % of each side, 0 (black) to 1


@dataclass(frozen=True, slots=True)
class BorderFacts:
    """What lies around the head in a picture, and how much of it."""

    grey: float  # mean grey of the outer 3 % of each side, 0 (black) to 1
    black_border: float  # share of the outer 3 % that is black
    black: float  # share of the picture that is black
    head: float  # share of the picture that the box around the head covers


@dataclass(frozen=True, slots=True)
class FactWeight:
    """How much one fact tells."""

    name: str  # a field of FileFacts
    alone: float  # accuracy of a small tree that sees only this fact, 0 to 1
    loss: float  # accuracy that the classifier of all facts loses when this one is shuffled


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """How far file facts predict the label of images they were not fitted on."""

    accuracy: Estimate
    baseline: float  # share of the most frequent label
    images: int
    folds: int
    facts: tuple[FactWeight, ...]  # the one that matters most first


def to_facts(data: bytes, scan: Scan) -> FileFacts:
    """The facts of a file with this content, which read_scan decoded to this scan."""
    rows, columns = scan.pixels.shape
    with Image.open(io.BytesIO(data)) as image:  # the header only: read_scan has decoded the pixels
        mode = _MODES.index(image.mode) if image.mode in _MODES else -1
        tables: dict[int, list[int]] = getattr(image, "quantization", None) or {}
    return FileFacts(
        bytes=len(data),
        rows=rows,
        columns=columns,
        aspect=columns / rows,
        bytes_per_pixel=len(data) / (rows * columns),
        mode=mode,
        jpeg_tables=sum(sum(table) for table in tables.values()),
        border=_border_mean(scan.pixels),
    )


def to_border_facts(scan: Scan) -> BorderFacts:
    """The facts of the picture's border and of the black around the head."""
    black = (scan.pixels < _BLACK).astype(np.float32)
    left, top, right, bottom = find_head(scan.pixels).shares(scan.pixels)
    return BorderFacts(
        grey=_border_mean(scan.pixels),
        black_border=_border_mean(black),
        black=float(black.mean()),
        head=(right - left) * (bottom - top),
    )


def small_tree() -> DecisionTreeClassifier:
    """A tree that can follow a fact without remembering single files."""
    return DecisionTreeClassifier(min_samples_leaf=_LEAF_IMAGES, max_leaf_nodes=32, random_state=_SEED)


def measure_shortcuts(facts: Sequence[FileFacts], labels: Sequence[str], groups: Sequence[int]) -> Shortcuts | None:
    """Cross-validated accuracy of a random forest on the facts, against always naming the most frequent label.

    One entry per image; a group of copies is never on both sides. None when fewer than two labels have two
    groups each, which leaves nothing to cross-validate.
    """
    table = np.array([astuple(fact) for fact in facts], dtype=np.float64)
    names, truth, counts = np.unique(np.array(labels), return_inverse=True, return_counts=True)
    group = np.array(groups)
    folds = min([_FOLDS, *(len(set(group[truth == index])) for index in range(len(names)))])
    if len(names) < 2 or folds < 2:
        return None
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=_SEED)
    parts = list(splitter.split(table, truth, group))
    hits, losses = 0, np.zeros(table.shape[1])
    for train, test in parts:
        forest = RandomForestClassifier(_TREES, min_samples_leaf=_LEAF_IMAGES, random_state=_SEED)
        forest.fit(table[train], truth[train])
        hits += int((forest.predict(table[test]) == truth[test]).sum())
        shuffled = permutation_importance(forest, table[test], truth[test], n_repeats=_SHUFFLES, random_state=_SEED)
        losses += shuffled.importances_mean * len(test) / len(truth)
    accuracy = proportion_ci(hits, len(truth))
    if accuracy is None:  # there are two labels, so there are images
        return None
    alone = [_accuracy_alone(table[:, [index]], truth, parts) for index in range(table.shape[1])]
    weights = [
        FactWeight(field.name, item, float(loss))
        for field, item, loss in zip(fields(FileFacts), alone, losses, strict=True)
    ]
    order = sorted(weights, key=lambda weight: (-weight.alone, weight.name))
    return Shortcuts(accuracy, float(counts.max() / counts.sum()), len(truth), folds, tuple(order))


def _accuracy_alone(column: Table, truth: IntArray, parts: Sequence[tuple[Any, Any]]) -> float:
    hits = 0
    for train, test in parts:
        hits += int((small_tree().fit(column[train], truth[train]).predict(column[test]) == truth[test]).sum())
    return hits / len(truth)


def _border_mean(pixels: FloatArray) -> float:
    """Mean of the outer 3 % of each side."""
    inner = pixels[_inside(pixels.shape[0]), _inside(pixels.shape[1])]
    return float(pixels.sum(dtype=np.float64) - inner.sum(dtype=np.float64)) / max(1, pixels.size - inner.size)


def _inside(side: int) -> slice:
    edge = max(1, round(_BORDER * side))
    return slice(edge, max(edge, side - edge))
