"""Fit a recipe: a split goes in, a run folder comes out."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.history import read_history, write_history, write_history_plot
from brain_tumor_training.network import build_backbone, build_head, compile_for, join, usable_precision
from brain_tumor_training.pipeline import View, draw_brightness, load_view
from brain_tumor_training.recipes import AnyRecipe, Recipe, recipe_from_json
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, SplitRow, read_split, write_split

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
) -> dict[str, Any]:
    """Train a recipe and return its metrics, as written to ``metrics.json``.

    rows: the split, paths below data. weights: "imagenet" or a path. out: the run folder; an interrupted run
    goes on there, and so does a finished one that is asked for more epochs, whose results are removed first. cache:
    the feature cache's folder, or None to send every image through the backbone in every epoch. Writes run.json,
    split.csv, history.csv, history.png, logs/ (TensorBoard), model.keras, metrics.json. Raises DatasetError when a
    part is empty or the folder holds a run with other settings or more epochs, and ModelFileError when the weights
    cannot be used.
    """
    parts = {part: [row for row in rows if row.split == part] for part in PARTS}
    if empty := [part for part, members in parts.items() if not members]:
        raise DatasetError(f"the split has no rows for {', '.join(empty)}; every part needs images")
    keras.utils.set_random_seed(seed)
    backbone, head = build_backbone(recipe, weights), build_head(recipe)
    _open_run(out, rows, recipe, weights, seed, cached=cache is not None)
    trained = head if cache else join(backbone, head)
    features = open_features(cache, backbone, recipe) if cache else None
    datasets = {part: _dataset(members, data, recipe, seed, features) for part, members in parts.items()}
    compile_for(recipe, trained)
    trained = _run_epochs(trained, datasets, recipe, out, seed)
    metrics = {part: trained.evaluate(datasets[part], return_dict=True, verbose=0) for part in (VALIDATION, TEST)}
    save_whole(join(backbone, trained) if cache else trained, out / "model.keras")
    write_whole(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())
    return metrics


def open_features(cache: Path, backbone: keras.Model, recipe: Recipe) -> FeatureCache:
    """The cache of a backbone's features, in the precision that the recipe asks for and the machine has."""
    return FeatureCache(cache, backbone, recipe.input, usable_precision(recipe.cache_precision))


def read_run(run: Path) -> tuple[AnyRecipe, int]:
    """The recipe and the seed of a run folder; raises DatasetError when fit() has not been there."""
    try:
        settings = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except OSError:
        raise DatasetError(f"{run}: holds no run; give the --out folder of brain-tumor-train fit") from None
    return recipe_from_json(settings["recipe"]), settings["seed"]


def load_network(run: Path) -> keras.Model:
    """The whole network of a finished run; raises DatasetError when fit() has not come to its end there."""
    path = run / "model.keras"
    if not path.is_file():
        raise DatasetError(f"{run}: holds no finished run; let brain-tumor-train fit come to its end there first")
    return keras.saving.load_model(path)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of one part; the training part is shuffled anew in every epoch, by seed and epoch alone."""

    def __init__(self, load: Load, labels: Sequence[Label], batch_size: int, shuffle_seed: int | None) -> None:
        """load: rows and epoch to inputs. shuffle_seed: None keeps the order of the rows."""
        super().__init__(workers=2)
        self._load = load
        self._targets = np.eye(len(Label), dtype=np.float32)[[list(Label).index(label) for label in labels]]
        self._batch_size = batch_size
        self._shuffle_seed = shuffle_seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0. Keras's own on_epoch_end comes once too often."""
        self._epoch = epoch
        self._order = np.arange(len(self._targets))
        if self._shuffle_seed is not None:
            np.random.default_rng([self._shuffle_seed, epoch]).shuffle(self._order)

    def __len__(self) -> int:
        return math.ceil(len(self._targets) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._load(chosen, self._epoch), self._targets[chosen]


class EpochBatches(Protocol):
    """Batches that depend on the number of the epoch."""

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0."""


class StartEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Lets an epoch depend on seed and number alone, so that a second start goes on as if nothing had happened."""

    def __init__(self, batches: EpochBatches, seed: int) -> None:
        super().__init__()
        self._batches, self._seed = batches, seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the batches and the random masks of this epoch."""
        self._batches.start_epoch(epoch)
        head = self.model if self.model.name == "head" else self.model.get_layer("head")
        dropouts = [layer for layer in head.layers if isinstance(layer, keras.layers.Dropout)]
        # Keras does not save where its random masks stood; half of 2**32, as some backends count in int32.
        for place, dropout in enumerate(dropouts):
            seed = int(np.random.default_rng([self._seed, epoch, place]).integers(2**31))
            dropout.seed_generator.state.assign([seed, 0])


class Record(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """After each epoch: history, and a state from which a second start goes on."""

    def __init__(self, out: Path, history: list[dict[str, float]], keep: str) -> None:
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


def _run_epochs(model: keras.Model, datasets: dict[str, Batches], recipe: Recipe, out: Path, seed: int) -> keras.Model:
    if (out / "state.keras").exists():
        model = keras.saving.load_model(out / "state.keras")
    done = int(model.optimizer.iterations) // len(datasets[TRAIN])
    history = read_history(out / "history.csv")[:done]
    callbacks: list[keras.callbacks.Callback] = [
        StartEpoch(datasets[TRAIN], seed),
        Record(out, history, recipe.keep),
    ]
    if find_spec("tensorflow"):  # TensorBoard's writer needs it whatever the backend
        callbacks.append(keras.callbacks.TensorBoard(out / "logs"))
    if done < recipe.epochs:
        print(f"training from epoch {done + 1} to {recipe.epochs}; Ctrl-C is safe, the same command goes on")
        model.fit(
            datasets[TRAIN],
            validation_data=datasets[VALIDATION],
            initial_epoch=done,
            epochs=recipe.epochs,
            callbacks=callbacks,
            shuffle=False,  # Keras would shuffle the batches once more, with a seed that nobody keeps
        )
    write_history_plot(history, out / "history.png")
    return keras.saving.load_model(out / "kept.keras")


def _dataset(rows: Sequence[SplitRow], data: Path, recipe: Recipe, seed: int, features: FeatureCache | None) -> Batches:
    training = rows[0].split == TRAIN

    def view(row: int, epoch: int) -> View:
        path = data / rows[row].path
        return View(path, draw_brightness(path, recipe.brightness, seed, epoch) if training else 1.0)

    def load_images(chosen: IntArray, epoch: int) -> FloatArray:
        return np.stack([load_view(view(row, epoch), recipe.input) for row in chosen])

    load = load_images
    if features is not None:
        turns = range(recipe.brightness_draws if training else 1)
        draws = [features.features([view(row, draw) for row in range(len(rows))])[0] for draw in turns]

        def load_features(chosen: IntArray, epoch: int) -> FloatArray:
            return draws[epoch % len(draws)][chosen]

        load = load_features
    return Batches(load, [row.label for row in rows], recipe.batch_size, seed if training else None)


def _open_run(out: Path, rows: Sequence[SplitRow], recipe: Recipe, weights: str, seed: int, *, cached: bool) -> None:
    # Epochs may grow: training a finished run further is resuming it.
    settings = {
        "recipe": asdict(recipe),
        "weights": Path(weights).name,
        "seed": seed,
        "feature_cache": cached,
    }
    wanted = json.loads(json.dumps(settings))
    wanted["recipe"]["epochs"] = None
    out.mkdir(parents=True, exist_ok=True)
    run, split = out / "run.json", out / "split.csv"
    if run.exists() and split.exists():
        found = json.loads(run.read_text(encoding="utf-8"))
        found["recipe"]["epochs"] = None
        if found != wanted or read_split(split) != list(rows):
            raise DatasetError(f"{out}: holds a run with other settings; choose another --out, or delete it")
        if (done := len(read_history(out / "history.csv"))) > recipe.epochs:
            raise DatasetError(f"{out}: has trained {done} epochs already; ask for {done} or more, or another --out")
        if done < recipe.epochs:
            # They are those of fewer epochs. First what export needs: whenever this ends, it takes no mixture.
            for name in ("decision.json", "model.keras", "metrics.json"):
                (out / name).unlink(missing_ok=True)
    write_whole(run, f"{json.dumps(settings, indent=2)}\n".encode())
    write_split(rows, split)


def save_whole(model: keras.Model, path: Path) -> None:
    """Save a network so that an interruption leaves the old file or the new one. Raises OSError."""
    # Keras wants its own ending.
    with written_whole(path, path.with_name(f"unfinished-{path.name}")) as unfinished:
        model.save(unfinished)
