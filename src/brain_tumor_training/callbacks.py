"""What happens around each epoch of a training: reproducible chance, a history, a state to go on from."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile
from typing import Protocol

import keras
import numpy as np
from tqdm import tqdm

from brain_tumor.atomic_write import written_whole
from brain_tumor.labels import Label
from brain_tumor_training.history import has_stalled, write_history


class EpochBatches(Protocol):
    """Batches that depend on the number of the epoch."""

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0."""


class StartEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Lets an epoch depend on seed and number alone, so that a second start goes on as if nothing had happened."""

    def __init__(self, batches: EpochBatches, seed: int, rank: int = 0) -> None:
        """Start the epochs of one process.

        Args:
            batches: of the training.
            seed: of the run.
            rank: of this process, counted from 0: each masks its own images.
        """
        super().__init__()
        self._batches, self._seed, self._rank = batches, seed, rank

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the batches and the random masks of this epoch."""
        self._batches.start_epoch(epoch)
        head = self.model if self.model.name == "head" else self.model.get_layer("head")
        dropouts = [layer for layer in head.layers if isinstance(layer, keras.layers.Dropout)]
        # Keras does not save where its random masks stood; half of 2**32, as some backends count in int32.
        for position, dropout in enumerate(dropouts):
            seed = int(np.random.default_rng([self._seed, epoch, position, self._rank]).integers(2**31))
            dropout.seed_generator.state.assign([seed, 0])


class Record(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """After each epoch: history, and a state from which a second start goes on."""

    def __init__(self, out: Path, history: list[dict[str, float]], keep: str) -> None:
        """Write into a run folder.

        Args:
            out: the run folder.
            history: the epochs that are done, as read_history gives them; grows.
            keep: "last", or "best" by validation loss, which is copied to kept.keras.
        """
        super().__init__()
        self._out, self._history, self._keep = out, history, keep

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the history, then the state, then, where it is the best, the kept one."""
        self._history.append({"epoch": epoch + 1, **(logs or {})})
        # The history first: what it holds beyond the state is dropped on resuming, and so never wrong.
        write_history(self._history, self._out / "history.csv")
        # The state last: an interruption before it only means that this epoch is run again.
        with written_whole(self._out / "state.keras", self._out / "unfinished-state.keras") as latest:
            self.model.save(latest)
            if self._keep == "last" or min(row["val_loss"] for row in self._history) == self._history[-1]["val_loss"]:
                copyfile(latest, self._out / "kept.keras")


class PrintEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """A progress bar that names its epoch, then a line of figures, then precision and recall of each class."""

    def __init__(self, epochs: int, classes: Sequence[Label]) -> None:
        super().__init__()
        self._epochs, self._classes = epochs, classes

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Show a bar over the batches."""
        name = f"epoch {epoch + 1} of {self._epochs}"
        self._bar = tqdm(total=self.params.get("steps"), desc=name, unit="batch", leave=False, disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar."""
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Print what this epoch came to."""
        self._bar.close()
        found = logs or {}
        shown = [name for name in ("loss", "accuracy", "val_loss", "val_accuracy") if name in found]
        print(f"epoch {epoch + 1} of {self._epochs}: " + ", ".join(f"{name} {found[name]:.3f}" for name in shown))
        of_each = [
            f"{label} {found[f'val_precision_{label.slug}']:.2f} / {found[f'val_recall_{label.slug}']:.2f}"
            for label in self._classes
            if f"val_recall_{label.slug}" in found
        ]
        if of_each:
            print(f"  validation, precision / recall: {', '.join(of_each)}", flush=True)


class StopEarly(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Ends a training whose validation loss falls no longer, by the history alone: the same after an interruption."""

    def __init__(self, history: list[dict[str, float]], patience: int) -> None:
        super().__init__()
        self._history, self._patience = history, patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop where Record's history says so; comes after Record."""
        self.model.stop_training = has_stalled(self._history, self._patience)
