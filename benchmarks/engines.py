"""How far the answers of the engines lie apart, on real images.

    python -m benchmarks.engines FOLDER [FOLDER ...] --images 60

So many images of each folder go through both.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.stacks import IMAGE_ENDINGS
from brain_tumor import ScanError, load_classifier
from brain_tumor.classifier import Result
from brain_tumor.model.choice import EngineName
from brain_tumor.model.model_file import default_model_path
from brain_tumor.presentation.wording import NOTICE


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="searched with their subfolders")
    parser.add_argument("--images", type=int, default=60, help="of each folder")
    parser.add_argument("--model", type=Path, default=default_model_path())
    args = parser.parse_args(argv)
    engines: dict[str, EngineName] = {"LiteRT": "litert", "OpenVINO": "openvino"}
    classifiers = {name: load_classifier(args.model, engine=engine) for name, engine in engines.items()}
    images = [path for folder in args.folders for path in pick(folder, args.images)]
    answers: dict[str, list[Result]] = {name: [] for name in classifiers}
    for path in tqdm(images, unit="image"):
        try:
            found = {
                name: classifier.classify(path.read_bytes(), path.name) for name, classifier in classifiers.items()
            }
        except ScanError:
            continue  # unreadable for all of them
        for name, result in found.items():
            answers[name].append(result)
    print(f"{classifiers['LiteRT'].card.model_id}, {len(answers['LiteRT'])} images. {NOTICE}")
    print("| | probability, at most | gate score, at most | another class | side of the gate | status |")
    print("|---|---|---|---|---|---|")
    print(f"| {' and '.join(answers)} | {compare(*answers.values())} |")
    return 0


def compare(ours: Sequence[Result], theirs: Sequence[Result]) -> str:
    """Largest differences, and how many images end otherwise, as cells of a table."""
    pairs = list(zip(ours, theirs, strict=True))
    probability = max(float(np.abs(a.output.probabilities - b.output.probabilities).max()) for a, b in pairs)
    gate = max(float(np.abs(a.output.gate_scores - b.output.gate_scores).max()) for a, b in pairs)
    classes = sum(int(a.output.probabilities.argmax() != b.output.probabilities.argmax()) for a, b in pairs)
    sides = sum((a.confidence is None) != (b.confidence is None) for a, b in pairs)
    statuses = sum(a.verdict.status != b.verdict.status for a, b in pairs)
    return f"{probability:.3f} | {gate:.2f} | {classes} | {sides} | {statuses}"


def pick(folder: Path, count: int) -> list[Path]:
    """So many images of a folder, or all, the same ones each time."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_ENDINGS)
    return random.Random(0).sample(images, min(count, len(images)))  # noqa: S311 - no secret


if __name__ == "__main__":
    raise SystemExit(main())
