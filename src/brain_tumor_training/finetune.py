"""Fine-tune the whole network: a training list goes in, a run folder comes out."""

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from brain_tumor.atomic_write import write_whole, written_whole
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.fill import control_box, fill_box
from brain_tumor.input.preprocess import to_input
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.augment import Draw, change_grey, move
from brain_tumor_training.drawn_lesions import draw_lesion
from brain_tumor_training.examples import Box, Example, read_examples, write_examples
from brain_tumor_training.exported import load_exported
from brain_tumor_training.finetuned_network import (
    FinetunedNetwork,
    build_finetuned,
    compile_finetuned,
    copy_weights,
    to_serving_network,
)
from brain_tumor_training.head_mask import remove_skull
from brain_tumor_training.history import read_history, write_history_plot
from brain_tumor_training.network import usable_precision
from brain_tumor_training.objectives import class_loss
from brain_tumor_training.recipes import RECIPES, Augmentation, FinetuneRecipe
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, SplitRow, read_csv, write_split
from brain_tumor_training.train import Record, StartEpoch, load_network, save_whole

# Of a number of views: sums of float64 are far closer.
_ROUNDING = 1e-9

Targets = dict[str, FloatArray]  # "possible" (n, 4), "covered" (n, h, w)


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
) -> dict[str, Any]:
    """Train a recipe on a training list and return its figures on the validation part, as in ``metrics.json``.

    data: the folder that the list's paths are below. weights: "imagenet" or a path. start: the folder of a finished
    run, or a model file, whose network this one goes on from; what trained that one, or the runs that it goes on from,
    must not be tested here. start_list: the training list of a model file, which does not carry it. stop_after: end
    after so many epochs, though the learning rate falls as for all of them. processes: how many prepare images beside
    the training, which a GPU would otherwise wait for; 0 for two threads. They change no result. out: the run folder;
    an interrupted run goes on there and ends in the same weights. Writes run.json, examples.csv, split.csv (the rows
    whose class is known), seen.csv (what trained or validated this network and those it goes on from), history.csv,
    history.png, model.keras, metrics.json. Raises DatasetError when a part is empty, the start has seen a test image or
    the folder holds a run with other settings, and ModelFileError when the weights cannot be used.
    """
    parts = {part: [one for one in examples if one.split == part] for part in PARTS}
    if empty := [part for part in (TRAIN, VALIDATION) if not parts[part]]:
        raise DatasetError(f"the training list has no rows for {', '.join(empty)}; both parts need images")
    precision = usable_precision(recipe.precision)
    seen = _read_seen(start, start_list) if start else set()
    if leaked := [one.path for one in parts[TEST] if one.path in seen]:
        raise DatasetError(
            f"{start}: trained on {len(leaked)} images of this list's test part, {leaked[0]} first; "
            "start from a run that has not seen them"
        )
    _open_run(out, examples, recipe, weights, seed, precision, start, stop_after, seen)
    keras.utils.set_random_seed(seed)
    training = ExampleBatches(parts[TRAIN], data, recipe, seed, processes)
    validation = ExampleBatches(_evenly(parts[VALIDATION], recipe.validation_views), data, recipe, None, processes)
    model = _begin(recipe, weights, precision, start)
    if not (start or (out / "state.keras").exists()):
        _probe(model, training, recipe)
    compile_finetuned(recipe, model, recipe.epochs * len(training))
    model = _run_epochs(model, training, validation, recipe, out, seed, stop_after or recipe.epochs)
    # The running average of the weights is what is kept; the optimizer holds it beside the last weights.
    model.optimizer.finalize_variable_values(model.trainable_variables)
    metrics = {VALIDATION: model.evaluate(validation, return_dict=True, verbose=0)}
    save_whole(to_serving_network(recipe, model), out / "model.keras")
    write_whole(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())
    return metrics


def _begin(recipe: FinetuneRecipe, weights: str, precision: str, start: Path | None) -> FinetunedNetwork:
    if start and start.is_file():
        return load_exported(load_model_file(start), recipe, weights, precision)
    model = build_finetuned(recipe, weights, precision)
    if start:
        copy_weights(load_network(start), model)
    return model


class ExampleBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of one part: images (n, side, side, 3) and their targets.

    The training part is balanced, shuffled and augmented, by seed and epoch alone; its images have the epoch's size.
    Of copies of one picture, which share a group, each epoch takes one.
    """

    def __init__(
        self, examples: Sequence[Example], data: Path, recipe: FinetuneRecipe, seed: int | None, processes: int = 0
    ) -> None:
        """seed: None keeps order and images as they are, at the size of the last stage. processes: as for finetune."""
        super().__init__(workers=processes or 2, use_multiprocessing=processes > 0)
        self._data, self._recipe, self._seed = data, recipe, seed
        self._pictures = [[one] for one in examples] if seed is None else _by_group(examples)
        self._length = len(examples) if seed is None else recipe.epoch_views or len(self._pictures)
        self._expected = self._length * sampling_chances(self._pictures, recipe)
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0."""
        self._epoch = epoch
        self._order = np.arange(len(self._pictures))
        if self._seed is not None:
            rng = np.random.default_rng([self._seed, epoch])
            # As often as expected, less what is left over, which chance decides.
            # 0.9999999999999999 is one: nothing but rounding is below it.
            times = np.floor(self._expected + _ROUNDING)
            certain = np.repeat(self._order, times.astype(int))
            left = np.maximum(self._expected - times, 0)
            missing = self._length - len(certain)
            drawn = rng.choice(self._order, missing, p=left / left.sum()) if missing else self._order[:0]
            self._order = rng.permutation(np.concatenate([certain, drawn]))

    def __len__(self) -> int:
        return math.ceil(self._length / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[FloatArray, Targets]:
        size = self._recipe.batch_size
        places = range(index * size, min((index + 1) * size, self._length))
        loaded = [self._load(self._pictures[self._order[place]], place) for place in places]
        images, possible, covered = (np.stack(column) for column in zip(*loaded, strict=True))
        return images, {"possible": possible, "covered": covered}

    def _load(self, copies: Sequence[Example], place: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        if self._seed is None:
            return self._view(copies[0], self._recipe.stages[-1].side_px, None)
        rng = np.random.default_rng([self._seed, self._epoch, place])
        return self._view(copies[int(rng.integers(len(copies)))], self._recipe.side_px(self._epoch), rng)

    def _view(
        self, example: Example, side: int, rng: np.random.Generator | None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        path = self._data / example.path
        scan, contract = read_scan(path.read_bytes(), path.name), replace(self._recipe.input, side_px=side)
        given = to_input(scan, contract)
        image: FloatArray = given.tensor[0, :, :, 0]
        example = _box_in_region(example, given.region)
        if rng is not None:
            image, example = _change_content(image, example, self._recipe.augmentation, rng)
        mask = _mask(example, side)
        if rng is not None:
            draw = Draw.sample(self._recipe.augmentation, rng)
            image = change_grey(move(image, draw), draw)
            mask = move(mask, draw) if mask.any() else mask
        possible = np.array([label in example.possible for label in Label], np.float32)
        unknown = example.box is None and example.label is not Label.NO_TUMOR
        cells = _location_cells(side)
        covered = np.full((cells, cells), -1, np.float32) if unknown else _share_per_cell(mask, cells)
        return np.repeat(image[:, :, np.newaxis], 3, axis=2), possible, covered


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


def _box_in_region(example: Example, region: Box) -> Example:
    """The example with its box in shares of the region, which is in shares of the picture."""
    if example.box is None:
        return example
    left, top, right, bottom = region
    x0, y0, x1, y1 = example.box
    x0, x1 = ((x - left) / (right - left) for x in (x0, x1))
    y0, y1 = ((y - top) / (bottom - top) for y in (y0, y1))
    x0, y0, x1, y1 = (min(max(share, 0.0), 1.0) for share in (x0, y0, x1, y1))
    return replace(example, box=(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None)


def _change_content(
    image: FloatArray, example: Example, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[FloatArray, Example]:
    """The image, its tumor filled, a lesion drawn or the skull removed perhaps, and what is then known of it."""
    image, example = _fill(image, example, augmentation, rng)
    if example.label is Label.NO_TUMOR and rng.random() < augmentation.lesion:
        drawn = draw_lesion(image, rng)
        if drawn is not None:
            image, example = drawn[0], replace(example, label=None, box=drawn[1])
    if not example.skull_stripped and rng.random() < augmentation.no_skull:
        image = remove_skull(image, example.box, rng)
    return image, example


def _fill(
    image: FloatArray, example: Example, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[FloatArray, Example]:
    """The image with its tumor filled, or another box, or neither; and what is then known of it."""
    drawn, place = rng.random(), str(rng.integers(2**31))
    if example.box is None:
        return image, example
    if drawn < augmentation.fill_tumor:
        return fill_box(image, example.box), replace(example, label=Label.NO_TUMOR, box=None)
    if drawn < augmentation.fill_tumor + augmentation.fill_elsewhere:
        other = control_box(image, example.box, place)
        return (fill_box(image, other) if other else image), example
    return image, example


def _evenly(examples: Sequence[Example], count: int) -> list[Example]:
    return [examples[int(place)] for place in np.linspace(0, len(examples) - 1, min(count, len(examples)))]


def _by_group(examples: Sequence[Example]) -> list[list[Example]]:
    groups: dict[str, list[Example]] = {}
    for one in examples:
        groups.setdefault(one.group, []).append(one)
    return list(groups.values())


def _location_cells(side_px: int) -> int:
    # Xception: two unpadded 3 x 3 convolutions, the first with stride 2, then three poolings that round up.
    return math.ceil(((side_px - 3) // 2 + 1 - 2) / 8)


def _mask(example: Example, side: int) -> FloatArray:
    mask = np.zeros((side, side), np.float32)
    if example.box is not None:
        x0, y0, x1, y1 = (round(share * side) for share in example.box)
        mask[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 1
    return mask


def _share_per_cell(mask: FloatArray, cells: int) -> FloatArray:
    # Sums over cell areas, through the integral image, as the side is no multiple of the cells.
    edges = np.rint(np.linspace(0, len(mask), cells + 1)).astype(int)
    integral = np.pad(mask.cumsum(0).cumsum(1), ((1, 0), (1, 0)))[np.ix_(edges, edges)]
    areas = np.outer(np.diff(edges), np.diff(edges))
    shares: FloatArray = (np.diff(np.diff(integral, axis=0), axis=1) / areas).astype(np.float32)
    return np.clip(shares, 0, 1)


def sampling_chances(pictures: Sequence[Sequence[Example]], recipe: FinetuneRecipe) -> NDArray[np.float64]:
    """How likely each picture is drawn, (pictures,), sum 1: sources and labels that are few stand out."""
    kinds = [(copies[0].source, copies[0].label) for copies in pictures]
    counts = Counter(kinds)
    weights = np.array(
        [copies[0].weight * counts[kind] ** -recipe.balance for copies, kind in zip(pictures, kinds, strict=True)]
    )
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances


def _probe(model: FinetunedNetwork, training: ExampleBatches, recipe: FinetuneRecipe) -> None:
    """Train the head alone, on frozen features, so that a random head does not spoil what the backbone knows.

    Source: Kumar et al. 2022, arXiv:2202.10054 (linear probing, then fine-tuning).
    """
    answers = keras.Input((len(Label),), name="possible")
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
) -> FinetunedNetwork:
    history: list[dict[str, float]] = []
    for last in (min(end, stop_after) for end in recipe.stage_ends):
        # Each stage starts from the file, in one go or after an interruption: the end of Keras' fit() has put the
        # running average in the place of the weights, and one call of it takes images of one size.
        if (out / "state.keras").exists():
            model = _load_state(out / "state.keras", recipe)
        done = int(model.optimizer.iterations) // len(training)
        history = read_history(out / "history.csv")[:done]
        if done >= last:
            continue
        print(f"training from epoch {done + 1} to {last}; Ctrl-C is safe, the same command goes on", flush=True)
        training.start_epoch(done)
        model.fit(
            training,
            validation_data=validation,
            initial_epoch=done,
            epochs=last,
            callbacks=[StartEpoch(training, seed), Record(out, history, "last")],
            shuffle=False,  # the batches are in their order already
            verbose=2,
        )
    write_history_plot(history, out / "history.png")
    return _load_state(out / "kept.keras", recipe)


def _load_state(path: Path, recipe: FinetuneRecipe) -> FinetunedNetwork:
    # The first runs with a probe saved a compiled head; they can go on, too.
    model: FinetunedNetwork = keras.saving.load_model(path, custom_objects={"class_loss": class_loss})
    model.set_map_weights(recipe)
    return model


def _read_seen(start: Path, start_list: Path | None) -> set[str]:
    """The paths that trained or validated a network and, where its folder says so, those that it went on from."""
    if start.is_file() and start_list is None:
        raise DatasetError(f"{start}: does not say which images trained it; name its training list with --start-list")
    own = {one.path for one in read_examples(start_list or start / "examples.csv") if one.split != TEST}
    # Neither a model file nor an older run has it.
    before = start / "seen.csv"
    return own | ({row["path"] for row in read_csv(before)} if before.is_file() else set())


def _describe_start(start: Path) -> dict[str, Any]:
    if start.is_file():
        card = load_model_file(start).card
        return {"model_id": card.model_id, "training": card.about.get("training")}
    described: dict[str, Any] = json.loads((start / "run.json").read_text(encoding="utf-8"))
    return described


def _open_run(
    out: Path,
    examples: Sequence[Example],
    recipe: FinetuneRecipe,
    weights: str,
    seed: int,
    precision: str,
    start: Path | None,
    stop_after: int | None,
    seen: set[str],
) -> None:
    settings = {
        "recipe": asdict(recipe),
        "weights": Path(weights).name,
        "start": _describe_start(start) if start else None,
        "seed": seed,
        "precision": precision,
    }
    if stop_after is not None:
        settings["stop_after"] = stop_after
    wanted = json.loads(json.dumps(settings))
    run, listed = out / "run.json", out / "examples.csv"
    if run.exists() and listed.exists():
        if json.loads(run.read_text(encoding="utf-8")) != wanted or read_examples(listed) != list(examples):
            raise DatasetError(f"{out}: holds a run with other settings; choose another --out, or delete it")
        return
    out.mkdir(parents=True, exist_ok=True)
    own = {one.path for one in examples if one.split != TEST}
    # Before run.json, which makes the folder a run.
    with written_whole(out / "seen.csv") as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("path",), *((path,) for path in sorted(seen | own))])
    describe_run(out, examples, settings)


def describe_run(out: Path, examples: Sequence[Example], settings: Mapping[str, Any]) -> None:
    """Write what a run folder says of its training: examples.csv, split.csv (the rows whose class is known), run.json.

    settings: the recipe and what else decides the outcome, as JSON takes it. Makes the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_examples(examples, out / "examples.csv")
    known = [SplitRow(one.path, one.label, one.split) for one in examples if one.label is not None]
    write_split(known, out / "split.csv")
    write_whole(out / "run.json", f"{json.dumps(settings, indent=2)}\n".encode())
