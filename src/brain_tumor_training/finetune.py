"""Fine-tune the whole network: a training list goes in, a run folder comes out."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.callbacks import PrintEpoch, Record, StartEpoch
from brain_tumor_training.card_facts import find_seen
from brain_tumor_training.confusions import write_confusions
from brain_tumor_training.data_parallel import MeanLosses, ProcessGroup
from brain_tumor_training.example_batches import ExampleBatches
from brain_tumor_training.examples import Example
from brain_tumor_training.exported import load_exported
from brain_tumor_training.finetuned_network import (
    FinetunedNetwork,
    build_finetuned,
    compile_finetuned,
    copy_weights,
    to_serving_network,
)
from brain_tumor_training.history import read_history, write_history_plot
from brain_tumor_training.network import usable_precision
from brain_tumor_training.objectives import class_loss
from brain_tumor_training.recipes import RECIPES, FinetuneRecipe
from brain_tumor_training.run_folder import (
    find_classes,
    load_network,
    open_finetune_run,
    read_seen_by_start,
    save_whole,
)
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, pick_evenly
from brain_tumor_training.training_log import TENSORBOARD, open_log

ALONE = ProcessGroup()


def finetune(
    examples: Sequence[Example],
    data: Path,
    recipe: FinetuneRecipe,
    weights: str,
    out: Path,
    seed: int,
    start: Path | None = None,
    start_list: Path | None = None,
    stop_after: int | None = None,
    processes: int = 0,
    start_unchecked: bool = False,
    group: ProcessGroup = ALONE,
    classes: Sequence[Label] = LABELS,
    log: str = TENSORBOARD,
) -> dict[str, Any]:
    """Train a recipe on a training list.

    Writes run.json, recipe.toml, examples.csv, split.csv (the rows whose class is known), seen.csv (what trained or
    validated this network and those it starts from), history.csv, history.png, logs/ (TensorBoard), model.keras,
    metrics.json, and confusion.csv and confusion-validation.png.

    Args:
        examples: the training list.
        data: the folder that the list's paths are below.
        recipe: what to train, and how.
        weights: "imagenet" or a path.
        out: the run folder. An interrupted run goes on there and ends in the same weights.
        seed: of all random draws.
        start: the folder of a finished run, or a model file, whose network this one starts from. What trained that
            one, or the runs that it started from, must not be tested here.
        start_list: the training list of a model file, which does not carry it.
        stop_after: end after so many epochs, though the learning rate falls as for all of them.
        start_unchecked: go on although nothing says which images trained the model file of start.
        processes: how many prepare images beside the training, which a GPU would otherwise wait for; 0 for two
            threads. They change no result.
        group: the processes that train together; each is called in the same way, and sees the same files.
        classes: in the order of the network's outputs. A start with others gives all but its head.
        log: where the figures of each epoch go besides the run folder, "tensorboard" or "mlflow".

    Returns:
        The figures on the validation part, as in metrics.json; nothing in a process that is not the group's first.

    Raises:
        DatasetError: a part is empty, the start has seen a test image, the folder holds a run with other settings, or
            the group cannot share a batch.
        ModelFileError: the weights cannot be used.
    """
    parts = {part: [example for example in examples if example.split == part] for part in PARTS}
    if empty := [part for part in (TRAIN, VALIDATION) if not parts[part]]:
        raise DatasetError(f"the training list has no rows for {', '.join(empty)}; both parts need images")
    group.check_batch(recipe.batch_size)
    precision = usable_precision(recipe.precision)
    seen = _find_seen(start, start_list, examples, data, start_unchecked) if start else set()
    if leaked := [part.path for part in parts[TEST] if part.path in seen]:
        raise DatasetError(
            f"{start}: trained on {len(leaked)} images of this list's test part, {leaked[0]} first; "
            "start from a run that has not seen them"
        )
    if group.is_first:
        open_finetune_run(out, examples, recipe, weights, seed, precision, start, stop_after, seen, classes)
    group.wait()
    keras.utils.set_random_seed(seed)
    training = ExampleBatches(parts[TRAIN], data, recipe, seed, processes, (group.rank, group.size), classes)
    validation = ExampleBatches(
        pick_evenly(parts[VALIDATION], recipe.validation_views), data, recipe, None, processes, classes=classes
    )
    has_head = start is not None and find_classes(start) == tuple(classes)
    model = _start_network(recipe, weights, precision, start, len(classes), with_head=has_head)
    if group.is_first and not (has_head or (out / "state.keras").exists()):
        _probe(model, ExampleBatches(parts[TRAIN], data, recipe, seed, processes, classes=classes), recipe)
    group.share_weights(model)
    compile_finetuned(recipe, model, recipe.epochs * len(training), classes)
    last_epoch = stop_after or recipe.epochs
    with open_log(log, out, recipe) if group.is_first else nullcontext(()) as loggers:
        model = _run_epochs(model, training, validation, recipe, out, seed, last_epoch, group, classes, loggers)
    if not group.is_first:
        return {}
    # The running average of the weights is what is kept; the optimizer holds it beside the last weights.
    model.optimizer.finalize_variable_values(model.trainable_variables)
    metrics = {VALIDATION: model.evaluate(validation, return_dict=True, verbose=0)}
    if model.class_figures:
        write_confusions({VALIDATION: model.class_figures.to_confusions()}, classes, out)
    network = to_serving_network(recipe, model)
    # So that a program that loads the file can evaluate its classes at once.
    network.compile(loss={"classes": "categorical_crossentropy"}, metrics={"classes": ["accuracy"]})
    save_whole(network, out / "model.keras")
    write_whole(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())
    return metrics


def _find_seen(
    start: Path, start_list: Path | None, examples: Sequence[Example], data: Path, unchecked: bool
) -> set[str]:
    if start.is_file() and start_list is None:
        found = find_seen(load_model_file(start).card.about, data, [example.path for example in examples])
        if found is not None or unchecked:
            return found or set()
    return read_seen_by_start(start, start_list)


def _start_network(
    recipe: FinetuneRecipe, weights: str, precision: str, start: Path | None, classes: int, *, with_head: bool
) -> FinetunedNetwork:
    before: keras.Model | None = None
    if start and start.is_file():
        before = load_exported(load_model_file(start), recipe, weights, precision)
        if with_head:
            return before
    elif start:
        before = load_network(start)
    model = build_finetuned(recipe, weights, precision, classes)
    if before is not None:
        copy_weights(before, model, with_head=with_head)
    return model


class _Inputs(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Images and possible classes of other batches, both as inputs: so predict() hands back what belongs together."""

    def __init__(self, batches: ExampleBatches) -> None:
        super().__init__(workers=batches.workers, use_multiprocessing=batches.use_multiprocessing)
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[tuple[FloatArray, FloatArray]]:
        images, targets = self._batches[index]
        return ((images, targets["possible"]),)


def _probe(model: FinetunedNetwork, training: ExampleBatches, recipe: FinetuneRecipe) -> None:
    """Train the head alone, on frozen features, so that a random head does not spoil what the backbone knows.

    Source: Kumar et al. 2022, arXiv:2202.10054 (linear probing, then fine-tuning).
    """
    answers = keras.Input((model.output["classes"].shape[-1],), name="possible")
    pooled = keras.Model([model.input, answers], [model.output["maximum"], keras.layers.Identity()(answers)])
    features, possible = [], []
    for draw in range(recipe.probe_draws):
        training.start_epoch(draw)
        drawn, known = pooled.predict(_Inputs(training), verbose=0)
        features.append(drawn)
        possible.append(known)
    # The same layers in a model of their own: a compiled head would be saved with a loss that Keras cannot find again.
    head = keras.Model(model.get_layer("head").inputs, model.get_layer("head").outputs)
    baseline = RECIPES["baseline"]
    optimizer = {"class_name": baseline.optimizer, "config": {"learning_rate": baseline.learning_rate}}
    head.compile(optimizer=keras.optimizers.get(optimizer), loss=class_loss)
    history = head.fit(
        np.concatenate(features),
        np.concatenate(possible),
        batch_size=baseline.batch_size,
        epochs=recipe.probe_epochs,
        verbose=0,
    )
    print(f"head on frozen features: class loss {history.history['loss'][-1]:.3f}", flush=True)


def _run_epochs(
    model: FinetunedNetwork,
    training: ExampleBatches,
    validation: ExampleBatches,
    recipe: FinetuneRecipe,
    out: Path,
    seed: int,
    stop_after: int,
    group: ProcessGroup,
    classes: Sequence[Label],
    loggers: Sequence[keras.callbacks.Callback],
) -> FinetunedNetwork:
    history: list[dict[str, float]] = []
    for last in (min(end, stop_after) for end in recipe.stage_ends):
        # Each stage starts from the file, in one go or after an interruption: the end of Keras' fit() has put the
        # running average in the place of the weights, and one call of it takes images of one size.
        if (out / "state.keras").exists():
            model = _load_state(out / "state.keras", recipe, classes)
        group.average_gradients(model)
        done = int(model.optimizer.iterations) // len(training)
        history = read_history(out / "history.csv")[:done]
        if done >= last:
            continue
        if group.is_first:
            print(f"training from epoch {done + 1} to {last}; Ctrl-C is safe, the same command goes on", flush=True)
        training.start_epoch(done)
        model.fit(
            training,
            validation_data=validation,
            initial_epoch=done,
            epochs=last,
            callbacks=[
                StartEpoch(training, seed, group.rank),
                MeanLosses(group),
                *([Record(out, history, "last"), PrintEpoch(recipe.epochs, classes)] if group.is_first else []),
                *loggers,
            ],
            shuffle=False,  # the batches are in their order already
            verbose=0,  # PrintEpoch says what matters
        )
        group.wait()  # the state is written
    if group.is_first:
        write_history_plot(history, out / "history.png")
    return _load_state(out / "kept.keras", recipe, classes)


def _load_state(path: Path, recipe: FinetuneRecipe, classes: Sequence[Label]) -> FinetunedNetwork:
    # The first runs with a probe saved a compiled head; they can go on, too.
    model: FinetunedNetwork = keras.saving.load_model(path, custom_objects={"class_loss": class_loss})
    model.set_map_weights(recipe)
    model.set_classes(classes)
    return model
