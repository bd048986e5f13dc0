from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor_training.callbacks import Record, StartEpoch
from brain_tumor_training.history import read_history
from brain_tumor_training.network import build_head
from tests.training.drawn import SMALL


class Batches:
    """Remembers which epochs were started."""

    def __init__(self) -> None:
        self.started: list[int] = []

    def start_epoch(self, epoch: int) -> None:
        """As EpochBatches."""
        self.started.append(epoch)


def masks(seed: int, epoch: int) -> list[Any]:
    """Where the random masks of a head begin in an epoch."""
    head = build_head(SMALL, features=4)
    callback = StartEpoch(Batches(), seed)
    callback.set_model(head)
    callback.on_epoch_begin(epoch)
    return [
        np.asarray(layer.seed_generator.state).tolist()
        for layer in head.layers
        if isinstance(layer, keras.layers.Dropout)
    ]


def test_the_batches_know_the_epoch() -> None:
    batches = Batches()
    callback = StartEpoch(batches, 0)
    callback.set_model(build_head(SMALL, features=4))
    callback.on_epoch_begin(2)
    assert batches.started == [2]


def test_masks_depend_on_seed_epoch_and_layer_alone() -> None:
    assert masks(0, 1) == masks(0, 1)
    first, second = masks(0, 1)
    assert first != second
    assert masks(0, 2) != masks(0, 1) != masks(1, 1)


def record(out: Path, keep: str, *losses: float) -> list[float]:
    """The mark of the network that is kept after epochs with these losses; each epoch's mark is its number."""
    head = build_head(SMALL, features=4)
    callback = Record(out, [], keep)
    callback.set_model(head)
    for epoch, loss in enumerate(losses):
        head.get_layer("classes").bias.assign(np.full(4, epoch + 1, np.float32))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    kept, state = (keras.saving.load_model(out / name) for name in ("kept.keras", "state.keras"))
    return [float(np.asarray(model.get_layer("classes").bias)[0]) for model in (kept, state)]


@pytest.mark.parametrize(("keep", "kept"), [("last", 3), ("best", 2)])
def test_the_last_epoch_is_the_state_and_the_last_or_best_is_kept(tmp_path: Path, keep: str, kept: int) -> None:
    assert record(tmp_path, keep, 3.0, 1.0, 2.0) == [kept, 3]


def test_each_epoch_is_a_row_of_the_history(tmp_path: Path) -> None:
    record(tmp_path, "last", 3.0, 1.0)
    assert read_history(tmp_path / "history.csv") == [
        {"epoch": 1.0, "val_loss": 3.0},
        {"epoch": 2.0, "val_loss": 1.0},
    ]
