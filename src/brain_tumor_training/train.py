"""Fit a recipe: a split goes in, a run folder comes out."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.metrics import count_confusions
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.backbone import BACKBONES
from brain_tumor_training.callbacks import PrintEpoch, Record, StartEpoch, StopEarly
from brain_tumor_training.class_balance import balanced_weights
from brain_tumor_training.confusions import write_confusions
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.history import has_stalled, read_history, write_history_plot
from brain_tumor_training.network import build_backbone, build_head, compile_for, join, usable_precision
from brain_tumor_training.pipeline import View, load_view, training_view
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.run_folder import open_fit_run, save_whole
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, SplitRow
from brain_tumor_training.training_log import TENSORBOARD, open_log

IntArray = NDArray[np.int64]
# (rows of the part, epoch) -> what the network reads for them: cached features or images
Load = Callable[[IntArray, int], FloatArray]


def fit(
    rows: Sequence[SplitRow],
    data: Path,
    recipe: Recipe,
    weights: str,
    out: Path,
    seed: int,
    cache: Path | None,
    classes: Sequence[Label] = LABELS,
    log: str = TENSORBOARD,
) -> dict[str, Any]:
    """Train a recipe on a split.

    Writes run.json, recipe.toml, split.csv, history.csv, history.png, logs/ (TensorBoard), model.keras,
    metrics.json, and confusion.csv with a picture of each part.

    Args:
        rows: the split, paths below data.
        data: the folder of the images.
        recipe: what to train, and how.
        weights: "imagenet" or a path.
        out: the run folder. An interrupted run goes on there, and so does a finished one that is asked for more
            epochs, whose results are removed first.
        seed: of all random draws.
        cache: the feature cache's folder, or None to send every image through the backbone in every epoch.
        classes: in the order of the network's outputs; every part has images of each.
        log: where the figures of each epoch go besides the run folder, "tensorboard" or "mlflow".

    Returns:
        The figures by part, as in metrics.json.

    Raises:
        DatasetError: a part is empty, or the folder holds a run with other settings or more epochs.
        ModelFileError: the weights cannot be used.
    """
    parts = {part: [row for row in rows if row.split == part] for part in PARTS}
    if empty := [part for part, members in parts.items() if not members]:
        raise DatasetError(f"the split has no rows for {', '.join(empty)}; every part needs images")
    if cache and recipe.unfreeze_from is not None:
        raise DatasetError("a backbone that trains gives other features in each epoch; leave out the feature cache")
    keras.utils.set_random_seed(seed)
    backbone = build_backbone(recipe, weights)
    head = build_head(recipe, BACKBONES[recipe.backbone].features, len(classes))
    open_fit_run(out, rows, recipe, weights, seed, cached=cache is not None, classes=classes)
    trained = head if cache else join(backbone, head)
    features = open_features(cache, backbone, recipe) if cache else None
    datasets = {part: _dataset(members, data, recipe, seed, features, classes) for part, members in parts.items()}
    compile_for(recipe, trained, classes)
    weights_of_classes = balanced_weights(rows, classes) if recipe.class_weights == "balanced" else None
    with open_log(log, out, recipe) as loggers:
        trained = _run_epochs(trained, datasets, recipe, out, seed, classes, weights_of_classes, loggers)
    metrics = {part: trained.evaluate(datasets[part], return_dict=True, verbose=0) for part in (VALIDATION, TEST)}
    write_confusions({part: _count(trained, datasets[part], len(classes)) for part in metrics}, classes, out)
    network = join(backbone, trained) if cache else trained
    compile_for(recipe, network, classes)  # so that a program that loads the file can evaluate it at once
    save_whole(network, out / "model.keras")
    write_whole(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())
    return metrics


def open_features(cache: Path, backbone: keras.Model, recipe: Recipe) -> FeatureCache:
    """The cache of a backbone's features, in the precision that the recipe asks for and the machine has."""
    return FeatureCache(cache, backbone, recipe.input, usable_precision(recipe.cache_precision))


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of one part; the training part is shuffled in every epoch, by seed and epoch alone."""

    def __init__(
        self,
        load: Load,
        labels: Sequence[Label],
        batch_size: int,
        shuffle_seed: int | None,
        classes: Sequence[Label] = LABELS,
    ) -> None:
        """Batch one part.

        Args:
            load: rows and epoch to inputs.
            labels: of every row.
            batch_size: images of a batch; the last one may have fewer.
            shuffle_seed: None keeps the order of the rows.
            classes: in the order of the network's outputs.
        """
        super().__init__(workers=2)
        self._load = load
        self._targets = np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in labels]]
        self._batch_size = batch_size
        self._shuffle_seed = shuffle_seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0. Keras's own on_epoch_end comes once too often."""
        self._epoch = epoch
        self._order = np.arange(len(self._targets))
        if self._shuffle_seed is not None:
            np.random.default_rng([self._shuffle_seed, epoch]).shuffle(self._order)

    @property
    def truth(self) -> IntArray:
        """(rows,), class indices, in the order of the rows."""
        truth: IntArray = self._targets.argmax(axis=1)
        return truth

    def __len__(self) -> int:
        return math.ceil(len(self._targets) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._load(chosen, self._epoch), self._targets[chosen]


def _count(model: keras.Model, batches: Batches, classes: int) -> IntArray:
    """Images, (true class, likeliest class), of batches that are not shuffled."""
    return count_confusions(batches.truth, model.predict(batches, verbose=0).argmax(axis=1), classes)


def _run_epochs(
    model: keras.Model,
    datasets: dict[str, Batches],
    recipe: Recipe,
    out: Path,
    seed: int,
    classes: Sequence[Label],
    weights_of_classes: dict[int, float] | None,
    loggers: Sequence[keras.callbacks.Callback],
) -> keras.Model:
    if (out / "state.keras").exists():
        model = keras.saving.load_model(out / "state.keras")
    done = int(model.optimizer.iterations) // len(datasets[TRAIN])
    history = read_history(out / "history.csv")[:done]
    callbacks: list[keras.callbacks.Callback] = [
        StartEpoch(datasets[TRAIN], seed),
        Record(out, history, recipe.keep),
        PrintEpoch(recipe.epochs, classes),
        *loggers,
    ]
    if recipe.early_stopping is not None:
        callbacks.append(StopEarly(history, recipe.early_stopping))
    if done < recipe.epochs and not has_stalled(history, recipe.early_stopping):
        print(f"training from epoch {done + 1} to {recipe.epochs}; Ctrl-C is safe, the same command goes on")
        model.fit(
            datasets[TRAIN],
            validation_data=datasets[VALIDATION],
            initial_epoch=done,
            epochs=recipe.epochs,
            callbacks=callbacks,
            class_weight=weights_of_classes,
            verbose=0,  # PrintEpoch says what matters
            shuffle=False,  # Keras would shuffle the batches once more, with a seed that nobody keeps
        )
    write_history_plot(history, out / "history.png")
    return keras.saving.load_model(out / "kept.keras")


def _dataset(
    rows: Sequence[SplitRow],
    data: Path,
    recipe: Recipe,
    seed: int,
    features: FeatureCache | None,
    classes: Sequence[Label],
) -> Batches:
    training = rows[0].split == TRAIN

    def view(row: int, epoch: int) -> View:
        path = data / rows[row].path
        return training_view(path, recipe, seed, epoch) if training else View(path)

    def load_images(chosen: IntArray, epoch: int) -> FloatArray:
        return np.stack([load_view(view(row, epoch), recipe.input) for row in chosen])

    load = load_images
    if features is not None:
        draw_numbers = range(recipe.brightness_draws if training else 1)
        draws = [features.features([view(row, draw) for row in range(len(rows))])[0] for draw in draw_numbers]

        def load_features(chosen: IntArray, epoch: int) -> FloatArray:
            return draws[epoch % len(draws)][chosen]

        load = load_features
    return Batches(load, [row.label for row in rows], recipe.batch_size, seed if training else None, classes)
