"""What the feature cache saves: ``fit`` with it against the plain loop, from images to an evaluated network.

    python benchmarks/training_cache.py --data DIR --weights xception.weights.h5 --out cache.json

The two alternate within one run, and a run with the cache comes last, so that a machine that grows slower or faster
shows as a difference between runs of one kind.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.errors import DatasetError
from brain_tumor_training.dataset import LabelledImage, read_tree
from brain_tumor_training.recipes import RECIPES, Recipe
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, SplitRow, carve_validation

SEED = 0
CACHED, PLAIN = "feature cache", "plain loop"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    recipe = replace(RECIPES["baseline"], epochs=args.epochs or RECIPES["baseline"].epochs)
    try:
        rows = carve_validation(pick(read_tree(args.data), args.images), recipe.validation_share, SEED)
    except DatasetError as error:
        raise SystemExit(f"training_cache: {error}") from None
    runs = [time_fit(kind, rows, args.data, recipe, args.weights) for kind in [CACHED, PLAIN] * args.rounds + [CACHED]]
    report = {
        "machine": describe_machine(),
        "images": dict(sorted(Counter(row.split for row in rows).items())),
        "side_px": recipe.input.side_px,
        "epochs": recipe.epochs,
        "brightness_draws": recipe.brightness_draws,
        "seconds": {kind: round(median_seconds(runs, kind), 1) for kind in (CACHED, PLAIN)},
        "ratio": round(median_seconds(runs, PLAIN) / median_seconds(runs, CACHED), 2),
        "reading_seconds": round(time_reading(rows, args.data, recipe), 1),
        "runs": runs,
    }
    print(render(report))
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def pick(images: Sequence[LabelledImage], count: int) -> list[LabelledImage]:
    """So many images, evenly from the list, which is sorted by split and class: shares of both stay."""
    return [images[int(index)] for index in np.linspace(0, len(images) - 1, min(count, len(images)))]


def time_fit(kind: str, rows: Sequence[SplitRow], data: Path, recipe: Recipe, weights: str) -> dict[str, Any]:
    """One training in a folder of its own; the time starts before the network is built."""
    from brain_tumor_training.train import fit

    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder, "features") if kind == CACHED else None
        start = time.perf_counter()
        metrics = fit(rows, data, recipe, weights, Path(folder, "run"), SEED, cache)
        elapsed_s = time.perf_counter() - start
    accuracy = {part: metrics[part]["accuracy"] for part in (VALIDATION, TEST)}
    return {"kind": kind, "seconds": round(elapsed_s, 2), "accuracy": accuracy}


def time_reading(rows: Sequence[SplitRow], data: Path, recipe: Recipe) -> float:
    """Seconds for all pictures that the feature cache shows the network, read and resized with no network behind them.

    They are read while the network has the batch before; it waits for them only if this is longer than what it takes.
    """
    from brain_tumor_training.pipeline import View, load_batches

    draws = Counter({TRAIN: recipe.brightness_draws, VALIDATION: 1, TEST: 1})
    views = [View(data / row.path) for row in rows for _ in range(draws[row.split])]
    start = time.perf_counter()
    for _ in load_batches(views, recipe.input, recipe.batch_size):
        pass
    return time.perf_counter() - start


def median_seconds(runs: Sequence[dict[str, Any]], kind: str) -> float:
    """The middle time of all runs of one kind."""
    return float(statistics.median(run["seconds"] for run in runs if run["kind"] == kind))


def describe_machine() -> dict[str, Any]:
    """What the figures depend on, without the machine's name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "keras": version("keras"),
        "tensorflow": version("tensorflow"),
    }


def render(report: dict[str, Any]) -> str:
    """The report in a few lines."""
    parts = ", ".join(f"{count} {part}" for part, count in report["images"].items())
    lines = [f"{parts} images of {report['side_px']} px, {report['epochs']} epochs, {report['machine']['cores']} cores"]
    for run in report["runs"]:
        accuracy = ", ".join(f"{part} accuracy {value:.4f}" for part, value in run["accuracy"].items())
        lines.append(f"  {run['kind']:<14}{run['seconds']:>8.1f} s   {accuracy}")
    lines.append(f"the plain loop takes {report['ratio']} times as long (medians)")
    share = report["reading_seconds"] / report["seconds"][CACHED]
    lines.append(f"reading and resizing alone: {report['reading_seconds']} s, {share:.0%} of the time with the cache")
    return "\n".join(lines)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Training/ and Testing/")
    parser.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    parser.add_argument("--images", type=int, default=500, help="how many of the images, all parts together")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--rounds", type=int, default=1, help="pairs of runs; one more with the cache follows")
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    raise SystemExit(main())
