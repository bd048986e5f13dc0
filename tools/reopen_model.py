"""Makes a run folder of an exported network: ``python -m tools.reopen_model FILE --list LIST --weights W --out RUN``.

What an export adds to a network - thresholds, gate, heat maps, arithmetic - can then be made again, without training.
"""

import argparse
import json
from pathlib import Path

from brain_tumor.atomic_write import write_whole
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.examples import read_examples
from brain_tumor_training.exported import load_exported
from brain_tumor_training.finetuned_network import to_serving_network
from brain_tumor_training.recipes import FinetuneRecipe, recipe_from_json
from brain_tumor_training.run_folder import describe_run, save_whole


def reopen(file: Path, training_list: Path, weights: str, out: Path) -> None:
    """Write the files of a finished fine-tuning run that fit-decision and export read.

    Args:
        file: the model file.
        training_list: what the network was trained on; the file does not carry it.
        weights: what training started from, "imagenet" or a path.
        out: the run's folder.

    Raises:
        ModelFileError: it is a network of another recipe.
        DatasetError: the list is not usable.
    """
    model, examples = load_model_file(file), read_examples(training_list)
    training = model.card.about["training"]
    recipe = recipe_from_json(training["recipe"])
    if not isinstance(recipe, FinetuneRecipe):
        raise SystemExit(f"{file.name}: was made by the recipe {recipe.name}; only fine-tuned networks can be reopened")
    network = to_serving_network(recipe, load_exported(model, recipe, weights, "float32"))
    describe_run(out, examples, training)
    metrics = model.card.about["metrics"]["keras"]  # the run's own; what was measured on the file is not
    write_whole(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())
    save_whole(network, out / "model.keras")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make a run folder of an exported network.")
    parser.add_argument("file", type=Path, help="a .tfliteA that finetune and export wrote")
    parser.add_argument("--list", type=Path, required=True, dest="training_list", help="its training list")
    parser.add_argument("--weights", required=True, help="'imagenet' or the path of a .weights.h5")
    parser.add_argument("--out", type=Path, required=True, help="the run folder")
    arguments = parser.parse_args()
    reopen(arguments.file, arguments.training_list, arguments.weights, arguments.out)
    print(f"written to {arguments.out}; next: brain-tumor-train fit-decision {arguments.out}")


if __name__ == "__main__":
    main()
