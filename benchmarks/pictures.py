"""How test images are answered when they come as people really send them: screenshots, slides, photos of a screen.

    python -m benchmarks.pictures --data DIR --index INDEX.csv --images 160 --out pictures.json

Each image is made into a picture of every kind of benchmarks.picture_kinds and answered from PNG bytes in memory.
Contact sheets, masks and other kinds have no class: for them doubt or "not analysed" is the right answer.
"""

import argparse
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.picture_kinds import KINDS, Kind, Source
from brain_tumor import load_classifier
from brain_tumor.classifier import Result
from brain_tumor.csv_reader import read_csv
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import LABELS, Label, label_from_name
from brain_tumor.presentation.wording import NOTICE

Figures = dict[str, Any]


class ByteClassifier(Protocol):
    """What answers: a Classifier, or a test's."""

    def classify(self, data: bytes, name: str) -> Result:
        """Classify one image file's content."""
        ...


class Outcome(StrEnum):
    """What an answer is worth."""

    RIGHT = "right"  # classified, with the class
    UNCERTAIN = "uncertain"  # whatever class it names
    NOT_ANALYSED = "not_analysed"
    SURE_AND_WRONG = "sure_and_wrong"  # classified, with another class, or where there is none


@dataclass(frozen=True, slots=True)
class Labelled:
    """A test image."""

    path: str  # as the index has it
    label: Label
    scan: Image.Image  # mode L


def main(argv: Sequence[str] | None = None) -> int:
    """Answer all pictures, write the JSON file and print the table."""
    args = _parse(argv)
    rows = sample(read_csv(args.index), args.images, args.seed)
    if not rows:
        raise SystemExit(f"{args.index}: holds no row of the Testing split; it must have path, label, official_split")
    images = [Labelled(path, label, Image.open(args.data / path).convert("L")) for path, label in rows]
    classifier = load_classifier(args.model)
    report: Figures = {
        "model": classifier.card.model_id,
        "seed": args.seed,
        "images": dict(Counter(image.label.value for image in images)),
        "kinds": {},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for name, figures in ask(classifier, images, KINDS, args.seed):
        report["kinds"][name] = figures
        # What is counted stays when the rest is interrupted.
        args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n".join(render(report)))
    return 0


def sample(rows: Iterable[Mapping[str, str]], count: int, seed: int) -> list[tuple[str, Label]]:
    """Paths and classes of so many Testing rows, the classes in turn, by a hash of seed and path.

    Neither the order of the rows nor other rows decide which of two is taken first. Exits where a label is unknown.
    """
    by_label: dict[Label, list[str]] = {label: [] for label in LABELS}
    for row in rows:
        if row["official_split"] == "Testing":
            label = label_from_name(row["label"])
            if label is None:
                raise SystemExit(f"{row['path']}: its label, {row['label']!r}, is none of the four classes")
            by_label[label].append(row["path"])
    ordered = (
        [(path, label) for path in sorted(paths, key=lambda path: _digest(seed, path))]
        for label, paths in by_label.items()
    )
    return [pair for pair in chain.from_iterable(zip_longest(*ordered)) if pair][:count]


def ask(
    classifier: ByteClassifier, images: Sequence[Labelled], kinds: Mapping[str, Kind], seed: int
) -> Iterator[tuple[str, Figures]]:
    """The counts of each kind, the reasons why images were doubted or not analysed, and what was sure and wrong."""
    with tqdm(total=len(images) * len(kinds), unit="picture") as progress:
        for name, kind in kinds.items():
            counts, reasons = Counter[Outcome](), Counter[str]()
            wrong: list[Figures] = []
            for image in images:
                result = classifier.classify(to_png(make_picture(name, kind, image, images, seed)), image.path)
                outcome = judge(result, image.label if kind.has_class else None)
                counts[outcome] += 1
                if result.verdict.reason:
                    reasons[result.verdict.reason.value] += 1
                if outcome is Outcome.SURE_AND_WRONG:
                    named, probability = result.verdict.label, result.probabilities[result.verdict.label]
                    wrong.append({"path": image.path, "class": named.value, "probability": round(probability, 3)})
                progress.update()
            figures = {
                "has_class": kind.has_class,
                "counts": {outcome.value: counts[outcome] for outcome in Outcome},
                "reasons": dict(reasons.most_common()),
                "sure_and_wrong": wrong,
            }
            yield name, figures


def make_picture(name: str, kind: Kind, image: Labelled, images: Sequence[Labelled], seed: int) -> Image.Image:
    """The picture of a kind; the same one whatever other kinds are made, and in whatever order."""
    rng = np.random.default_rng(int.from_bytes(_digest(seed, name, image.path)))
    return kind.make(Source(image.scan, [other.scan for other in images], rng))


def judge(result: Result, label: Label | None) -> Outcome:
    """What an answer is worth.

    Args:
        label: None where no class is right.
    """
    match result.verdict.status:
        case Status.NOT_A_BRAIN_MRI:
            return Outcome.NOT_ANALYSED
        case Status.UNCERTAIN:
            return Outcome.UNCERTAIN
        case Status.CLASSIFIED:
            return Outcome.RIGHT if result.verdict.label is label else Outcome.SURE_AND_WRONG


def to_png(image: Image.Image) -> bytes:
    """The image as a PNG file's content."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def render(report: Figures) -> Iterator[str]:
    """The lines of a Markdown table with a row for each kind; a dash where no class would be right."""
    yield "| picture | right | uncertain | not analysed | sure and wrong |"
    yield "|---|---|---|---|---|"
    for name, figures in report["kinds"].items():
        counts = figures["counts"]
        cells = [counts[outcome.value] for outcome in Outcome]
        if not figures["has_class"]:
            cells[0] = "-"
        yield f"| {name} | {' | '.join(map(str, cells))} |"
    yield ""
    images = ", ".join(f"{count} {label}" for label, count in report["images"].items())
    yield f"Network `{report['model']}`, images: {images}; seed {report['seed']}. {NOTICE}"


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).digest()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the index's paths start from")
    parser.add_argument("--index", type=Path, required=True, help="CSV with path, label and official_split")
    parser.add_argument("--model", type=Path, help="by default the shipped file")
    parser.add_argument("--images", type=int, default=160, help="spread evenly over the classes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3, help="for the images and what varies in their pictures")
    parser.add_argument("--out", type=Path, required=True, help="where every figure goes, as JSON")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
