"""A finished run's network and the file that it started from -> a run folder of a mean of their weights.

Weights along the way from one to the other are good as well, and often better on new images than either end: Wortsman
et al. 2022, arXiv:2203.05482 and arXiv:2109.01903. fit-decision and export go on from the folder as from any run's.
"""

import argparse
import json
from pathlib import Path

from brain_tumor.atomic_write import write_whole
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.example_batches import ExampleBatches
from brain_tumor_training.examples import read_examples
from brain_tumor_training.exported import load_exported
from brain_tumor_training.finetuned_network import (
    build_finetuned,
    compile_finetuned,
    copy_weights,
    to_serving_network,
)
from brain_tumor_training.recipes import FinetuneRecipe
from brain_tumor_training.run_folder import describe_run, load_network, read_run, save_whole
from brain_tumor_training.splits import VALIDATION


def average(run: Path, file: Path, data: Path, weights: str, out: Path, share: float = 0.5) -> None:
    """Write run.json, examples.csv, split.csv, metrics.json and model.keras of the mean network.

    Args:
        run: a folder that finetune filled, starting from the file or from a run that did.
        file: a model file.
        data: the folder that the training list's paths are below, for the figures on the validation part.
        weights: what training started from, "imagenet" or a path.
        out: the new run folder.
        share: the file's weight in the mean, 0 to 1.

    Raises:
        ModelFileError: the file holds a network of another recipe.
        DatasetError: the folder holds no run.
    """
    recipe, _ = read_run(run)
    if not isinstance(recipe, FinetuneRecipe):
        raise SystemExit(f"{run}: was made by the recipe {recipe.name}; only fine-tuned networks can be averaged")
    model, examples = load_model_file(file), read_examples(run / "examples.csv")
    start = load_exported(model, recipe, weights, "float32")
    mean = build_finetuned(recipe, weights, "float32")
    copy_weights(load_network(run), mean)
    pairs = zip(start.get_weights(), mean.get_weights(), strict=True)
    mean.set_weights([share * first + (1 - share) * last for first, last in pairs])
    settings = json.loads((run / "run.json").read_text(encoding="utf-8"))
    describe_run(out, examples, {**settings, "averaged_with": model.card.model_id, "share_of_it": share})
    seen = run / "seen.csv"
    if seen.is_file():
        write_whole(out / seen.name, seen.read_bytes())
    compile_finetuned(recipe, mean, 1)
    held_out = [example for example in examples if example.split == VALIDATION]
    figures = mean.evaluate(ExampleBatches(held_out, data, recipe, None), return_dict=True, verbose=0)
    write_whole(out / "metrics.json", f"{json.dumps({VALIDATION: figures}, indent=2)}\n".encode())
    save_whole(to_serving_network(recipe, mean), out / "model.keras")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Average a run's network with the model file that it started from.")
    parser.add_argument("run", type=Path, help="a folder that finetune --start FILE filled")
    parser.add_argument("file", type=Path, help="that file, a .tfliteA")
    parser.add_argument("--data", type=Path, required=True, help="the folder that the training list's paths are below")
    parser.add_argument("--weights", required=True, help="'imagenet' or the path of a .weights.h5")
    parser.add_argument("--out", type=Path, required=True, help="the run folder")
    parser.add_argument("--share", type=float, default=0.5, help="the file's weight in the mean (default: 0.5)")
    arguments = parser.parse_args()
    average(arguments.run, arguments.file, arguments.data, arguments.weights, arguments.out, arguments.share)
    print(f"written to {arguments.out}; next: brain-tumor-train fit-decision {arguments.out}")


if __name__ == "__main__":
    main()
