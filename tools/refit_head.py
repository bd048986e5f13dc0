"""A finished run -> a run folder of the same network, whose head is fitted again on training images as they are.

The last layers of a network that was trained on strongly changed images serve the changed ones; on plain ones they call
too few tumors by their type. Fitted again above frozen features, with sources and labels balanced, they serve what the
network is asked: Kirichenko et al. 2023, arXiv:2204.02937. fit-decision and export go on from the folder.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from brain_tumor.atomic_write import write_whole
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS
from brain_tumor_training.example_batches import by_group, sampling_chances
from brain_tumor_training.examples import Example, read_examples
from brain_tumor_training.fit_decision import open_run_features
from brain_tumor_training.network import take_apart
from brain_tumor_training.objectives import class_loss
from brain_tumor_training.pipeline import View
from brain_tumor_training.recipes import FinetuneRecipe
from brain_tumor_training.run_folder import describe_run, load_network, read_run, read_settings, save_whole
from brain_tumor_training.splits import TRAIN, VALIDATION

EPOCHS = 15
LEARNING_RATE = 1e-3  # a cosine leads to zero
BATCH_SIZE = 64


def refit_head(run: Path, data: Path, out: Path, cache: Path, epochs: int = EPOCHS) -> None:
    """Write run.json, examples.csv, split.csv, metrics.json and model.keras of the network with its new head.

    Args:
        run: a folder that finetune filled, or tools.reopen_model.
        data: the folder that its training list's paths are below.
        out: the new run folder.
        cache: the feature cache's folder, which fit-decision can use as well.
        epochs: each draws as many pictures as there are.

    Raises:
        DatasetError: the folder holds no finished run.
    """
    recipe, seed = read_run(run)
    if not isinstance(recipe, FinetuneRecipe):
        raise SystemExit(f"{run}: was made by the recipe {recipe.name}; only fine-tuned networks have such a head")
    network, examples = load_network(run), read_examples(run / "examples.csv")
    backbone, head = take_apart(network)
    features = open_run_features(run, data, cache, backbone)
    pictures = by_group([item for item in examples if item.split == TRAIN])
    chances = sampling_chances(pictures, recipe)
    drawn = np.random.default_rng(seed).choice(len(pictures), epochs * len(pictures), p=chances)
    rows, _ = features.features([View(data / copies[0].path) for copies in pictures])
    possible = _possible([copies[0] for copies in pictures])
    keras.utils.set_random_seed(seed)
    fitted = keras.Model(head.inputs, head.outputs)  # a compiled head would be saved with its loss
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, max(1, len(drawn) // BATCH_SIZE))
    fitted.compile(keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay), loss=class_loss)
    fitted.fit(rows[drawn], possible[drawn], batch_size=BATCH_SIZE, verbose=0)

    describe_run(out, examples, {**read_settings(run), "head_refitted_epochs": epochs})
    if (run / "seen.csv").is_file():
        write_whole(out / "seen.csv", (run / "seen.csv").read_bytes())
    held = [item for item in examples if item.split == VALIDATION]
    answers = np.asarray(head.predict(features.features([View(data / item.path) for item in held])[0], verbose=0))
    right = _possible(held)[np.arange(len(held)), answers.argmax(axis=1)]
    figures = {"accuracy": float(right.mean()), "images": len(held)}
    write_whole(out / "metrics.json", f"{json.dumps({VALIDATION: figures}, indent=2)}\n".encode())
    save_whole(network, out / "model.keras")
    print(f"validation: {figures['accuracy']:.1%} of {len(held)} right", flush=True)


def _possible(examples: Sequence[Example]) -> FloatArray:
    """(images, classes), 1 for each class that the label leaves open."""
    return np.array([[label in item.possible for label in LABELS] for item in examples], np.float32)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Fit the head of a fine-tuned network again, on plain images.")
    parser.add_argument("run", type=Path, help="a folder that finetune filled")
    parser.add_argument("--data", type=Path, required=True, help="the folder that the training list's paths are below")
    parser.add_argument("--feature-cache", type=Path, help="(default: features, in the run)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"(default: {EPOCHS})")
    parser.add_argument("--out", type=Path, required=True, help="the new run folder")
    arguments = parser.parse_args()
    cache = arguments.feature_cache or arguments.run / "features"
    refit_head(arguments.run, arguments.data, arguments.out, cache, arguments.epochs)
    print(f"written to {arguments.out}; next: brain-tumor-train fit-decision {arguments.out}")


if __name__ == "__main__":
    main()
