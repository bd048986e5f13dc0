"""Makes pictures that are no single scan out of scans: ``python -m tools.make_variants LIST --data ROOT FOLDER``.

Contact sheets, inverted pictures and label maps, one folder per kind, for the gate: ``fit-decision --not-brain-mri``
takes those of training images, ``evaluate --not-brain-mri`` those of images that are held back. The same seed gives the
same pictures.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from brain_tumor.csv_reader import read_csv

PER_KIND = 60
# Rows and columns of sheets as archives and papers have them.
_SHEETS = ((2, 2), (1, 2), (2, 3), (3, 3), (4, 5))
_TILE_PX = 160

Make = Callable[[Sequence[Image.Image], np.random.Generator], Image.Image]


def make_sheet(scans: Sequence[Image.Image], rng: np.random.Generator) -> Image.Image:
    """Several scans beside and below each other, with or without a gap."""
    rows, columns = _SHEETS[int(rng.integers(len(_SHEETS)))]
    gap = int(rng.integers(0, 8))
    sheet = Image.new("L", (columns * (_TILE_PX + gap), rows * (_TILE_PX + gap)), int(rng.choice([0, 0, 0, 128, 255])))
    for row, column in np.ndindex(rows, columns):
        scan = scans[int(rng.integers(len(scans)))].resize((_TILE_PX, _TILE_PX))
        sheet.paste(scan, (column * (_TILE_PX + gap), row * (_TILE_PX + gap)))
    return sheet


def make_inverted(scans: Sequence[Image.Image], rng: np.random.Generator) -> Image.Image:
    """A negative: white air, dark skin."""
    return ImageOps.invert(scans[int(rng.integers(len(scans)))])


def make_label_map(scans: Sequence[Image.Image], rng: np.random.Generator) -> Image.Image:
    """Two to six grey values, as a segmentation has them, resized as a viewer shows it."""
    scan = scans[int(rng.integers(len(scans)))].filter(ImageFilter.GaussianBlur(float(rng.uniform(1, 4))))
    grey, values = np.asarray(scan, float), int(rng.integers(1, 6))
    edges = np.quantile(grey[grey > 20], np.linspace(0, 0.9, values)) if (grey > 20).any() else np.array([128.0])
    labels = Image.fromarray((np.digitize(grey, edges) * (255 // values)).astype(np.uint8))
    side = int(rng.integers(128, 400))
    return labels.resize((side, side), Image.Resampling(int(rng.choice([0, 2]))))


KINDS: dict[str, Make] = {
    "made-contact-sheet": make_sheet,
    "made-inverted": make_inverted,
    "made-label-map": make_label_map,
}


def main() -> None:
    """Write PER_KIND pictures of each kind."""
    parser = argparse.ArgumentParser(description="Make pictures that are no single scan out of scans.")
    parser.add_argument("list", type=Path, help="CSV with path, and split where only a part is meant")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--data", type=Path, required=True, help="folder that the list's paths are below")
    parser.add_argument("--split", default="train", help="rows to take, where the list has a split")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    paths = [row["path"] for row in read_csv(arguments.list, ["path"]) if row.get("split", "") in ("", arguments.split)]
    rng = np.random.default_rng(arguments.seed)
    for kind, make in KINDS.items():
        (arguments.folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(PER_KIND):
            chosen = rng.choice(paths, 20)
            scans = [Image.open(arguments.data / path).convert("L") for path in chosen]
            make(scans, rng).save(arguments.folder / kind / f"{kind}{arguments.seed}x{number:03}.jpg", quality=85)


if __name__ == "__main__":
    main()
