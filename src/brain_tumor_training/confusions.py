"""Which classes a training takes for which: as CSV to read on, as a picture to look at."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.evaluation.figures import render_confusion
from brain_tumor.labels import Label

IntArray = NDArray[np.int64]
_FILE = "confusion.csv"


def write_confusions(matrices: Mapping[str, IntArray], classes: Sequence[Label], out: Path) -> None:
    """Write confusion.csv (part, true class, images of each class by answer) and a PNG for each part.

    Args:
        matrices: part of the data -> images, (true class, likeliest class).
        classes: in the order of the matrices.
        out: the run folder.
    """
    with written_whole(out / _FILE) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["part", "class", *(f"answered_{label.slug}" for label in classes)])
        for part, matrix in matrices.items():
            writer.writerows([part, label, *row] for label, row in zip(classes, matrix.tolist(), strict=True))
    for part, matrix in matrices.items():
        write_whole(out / f"confusion-{part}.png", render_confusion(matrix, classes).png)
