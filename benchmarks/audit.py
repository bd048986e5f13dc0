"""How well and how fast ``brain-tumor-train audit`` finds copies, against an index that knows them.

    python benchmarks/audit.py --data DIR --index index.csv

The index is a CSV with the columns path, source, group and fold. Its figshare groups are slices known from the original
data set, so they are the truth; groups of other sources are look-alikes and are not counted. Thresholds were
chosen on the folds 0 to 2, so the folds 3 and 4 are the honest figure. Afterwards, images of these two folds are
changed as people change copies, and the share that is still found is printed, change by change.
"""

import argparse
import io
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.reader import read_scan
from brain_tumor_training.audit import Audit, audit
from brain_tumor_training.duplicates import find_pairs
from brain_tumor_training.fingerprint import Fingerprint, to_fingerprint
from brain_tumor_training.groups import score_groups

CHOSEN_ON, HELD_BACK = ("0", "1", "2"), ("3", "4")
TRUTH = "figshare"

Change = Callable[[Image.Image], Image.Image]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the index's paths start from")
    parser.add_argument("--index", type=Path, required=True, help="CSV: path, source, group, fold")
    parser.add_argument("--every", type=int, default=20, help="change every n-th image of the held-back folds")
    parser.add_argument("--out", type=Path, help="keep the figures as JSON")
    args = parser.parse_args(argv)
    rows = read_csv(args.index, ["path", "source", "group", "fold"])
    start = time.perf_counter()
    try:
        audited = audit([args.data])
    except BrainTumorError as error:
        raise SystemExit(f"audit: {error}") from None
    seconds = time.perf_counter() - start
    held_back = [row for row in rows if row["fold"] in HELD_BACK]
    figures: dict[str, Any] = {
        "images": len(audited.images),
        "seconds": round(seconds, 1),
        "figshare, folds 0 to 2": score(audited, rows, CHOSEN_ON),
        "figshare, folds 3 and 4": score(audited, rows, HELD_BACK),
        "figshare, all": score(audited, rows, CHOSEN_ON + HELD_BACK),
        "changed copies found": find_changed([args.data / row["path"] for row in held_back[:: args.every]]),
    }
    print(json.dumps(figures, indent=2))
    if args.out:
        args.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def score(audited: Audit, rows: Sequence[dict[str, str]], folds: Sequence[str]) -> dict[str, float]:
    """Recall and precision over pairs of images whose group the index knows for certain."""
    truth = {row["path"]: row["group"] for row in rows if row["source"] == TRUTH and row["fold"] in folds}
    group_of = {image.name: group for image, group in zip(audited.images, audited.groups, strict=True)}
    recall, precision = score_groups([group_of[path] for path in truth], list(truth.values()))
    return {"images": len(truth), "recall": recall, "precision": precision}


def find_changed(paths: Sequence[Path]) -> dict[str, str]:
    """Of the images, how many are found again after each change, compared with all of them at once."""
    contents = [path.read_bytes() for path in paths]
    originals = [look(data) for data in contents]
    found = {}
    for name, change in CHANGES.items():
        changed = [look(change(Image.open(io.BytesIO(data)).convert("L"))) for data in contents]
        copies = {(pair.first, pair.second) for pair in find_pairs([*originals, *changed]) if pair.is_copy}
        hits = sum((index, index + len(paths)) in copies for index in range(len(paths)))
        found[name] = f"{hits} of {len(paths)}"
    return found


def look(picture: bytes | Image.Image) -> Fingerprint:
    """The fingerprint of a file's content, or of an image as PNG."""
    data = picture if isinstance(picture, bytes) else save(picture, "PNG")
    return to_fingerprint(data, read_scan(data, "image"))


def save(image: Image.Image, file_format: str, **options: int) -> bytes:
    """The image as a file's content."""
    content = io.BytesIO()
    image.save(content, file_format, **options)
    return content.getvalue()


def _curve(function: Callable[[float], float]) -> Change:
    table = [round(255 * min(1.0, max(0.0, function(value / 255)))) for value in range(256)]
    return lambda image: image.point(table)


def _scale(share: float) -> Change:
    return lambda image: ImageOps.scale(image, share)


def _crop(share: float) -> Change:
    return lambda image: ImageOps.crop(image, round(share * image.width))


CHANGES: dict[str, Change] = {
    "mirrored": ImageOps.mirror,
    "turned left by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "JPEG, quality 30": lambda image: Image.open(io.BytesIO(save(image, "JPEG", quality=30))),
    "half the size": _scale(0.5),
    "a third of the size": _scale(1 / 3),
    "gamma 0.6": _curve(lambda value: value**0.6),
    "gamma 1.8": _curve(lambda value: value**1.8),
    "contrast x 1.5, clipped": _curve(lambda value: 1.5 * value - 0.25),
    "brightness x 1.4, clipped": _curve(lambda value: 1.4 * value),
    "inverted": ImageOps.invert,
    "black margin of 30 px": lambda image: ImageOps.expand(image, 30),
    "mirrored, resized, brighter, JPEG 50": lambda image: Image.open(
        io.BytesIO(
            save(_curve(lambda value: (1.15 * value) ** 0.8)(_scale(0.6)(ImageOps.mirror(image))), "JPEG", quality=50)
        )
    ),
    "2 % cut off each side": _crop(0.02),
    "5 % cut off each side": _crop(0.05),
}


if __name__ == "__main__":
    raise SystemExit(main())
