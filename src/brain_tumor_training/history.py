"""What happened in each epoch: as CSV to read on, as a plot to look at."""

import csv
from collections.abc import Sequence
from math import nan
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from brain_tumor.atomic_write import written_whole
from brain_tumor.csv_reader import read_csv

Row = dict[str, float]


def write_history(rows: Sequence[Row], path: Path) -> None:
    """Save one line per epoch, the columns as Keras names them after ``epoch`` (counted from 1)."""
    # A run of before goes on with more figures than it began with.
    names = dict.fromkeys(name for row in rows for name in row)
    with written_whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(names))
        writer.writeheader()
        writer.writerows(rows)


def read_history(path: Path) -> list[Row]:
    """Load what write_history saved; an absent file is an empty history."""
    if not path.exists():
        return []
    return [{name: float(text) for name, text in row.items() if text} for row in read_csv(path)]


def has_stalled(history: Sequence[Row], patience: int | None) -> bool:
    """Whether the lowest validation loss is so many epochs old; never without a patience."""
    if patience is None or not history:
        return False
    losses = [row["val_loss"] for row in history]
    return len(losses) - 1 - losses.index(min(losses)) >= patience


def write_history_plot(rows: Sequence[Row], path: Path) -> None:
    """Draw every figure that was taken on validation images too over the epochs, training beside validation, as PNG."""
    # Figures of each class are in the CSV; a panel each would hide the others.
    metrics = [
        name for name in rows[-1] if f"val_{name}" in rows[-1] and not name.startswith(("precision_", "recall_"))
    ]
    figure, axes = plt.subplots(1, len(metrics), figsize=(4 * len(metrics), 3.6), layout="constrained", squeeze=False)
    panels = axes[0]
    epochs = [row["epoch"] for row in rows]
    for panel, metric in zip(panels, metrics, strict=True):
        panel.plot(epochs, [row.get(metric, nan) for row in rows], "o-", markersize=3, label="training")
        panel.plot(epochs, [row.get(f"val_{metric}", nan) for row in rows], "s--", markersize=3, label="validation")
        panel.set(title=metric, xlabel="epoch")
        panel.grid(alpha=0.3)
    panels[0].legend()
    with written_whole(path) as unfinished:
        figure.savefig(unfinished, dpi=120, format="png")
    plt.close(figure)
