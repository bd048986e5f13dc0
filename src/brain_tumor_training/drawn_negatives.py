"""Pictures that are no brain MRI, drawn: for a gate where a person has none of their own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from brain_tumor.atomic_write import write_whole
from brain_tumor_training.golden_image import to_png

FOLDER = "drawn-not-brain-mri"
_SIDE_PX = 256
_IMAGES = 20  # of each family: 12 fit the gate, four or so choose, four or so test
WORTH = (
    "The gate has met drawn pictures alone as what is no brain MRI: it rejects blank pages, patterns and noise. What "
    "it does with CT, other organs or photographs is not known; give such images with --not-brain-mri."
)

Grey = NDArray[np.uint8]


def write_drawn_negatives(run: Path) -> Path:
    """Write the pictures into a run folder, a subfolder per family, the same every time; returns their folder."""
    root = run / FOLDER
    for name, draw in _FAMILIES.items():
        folder = root / _family(name)
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(_IMAGES):
            # The file is named after its family, as a name says which part an image plays.
            picture = draw(np.random.default_rng([number, len(name)]))
            write_whole(folder / f"{name}{number:02}.png", to_png(Image.fromarray(picture)))
    return root


def _family(name: str) -> str:
    return f"drawn {name}"


def _noise(rng: np.random.Generator) -> Grey:
    return rng.integers(0, rng.integers(60, 256), (_SIDE_PX, _SIDE_PX), dtype=np.uint8)


def _stripes(rng: np.random.Generator) -> Grey:
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    angle, width = rng.uniform(0, np.pi), rng.uniform(4, 40)
    wave = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / width)
    grey: Grey = np.round(127.5 + rng.uniform(60, 127) * wave).astype(np.uint8)
    return grey


def _gradient(rng: np.random.Generator) -> Grey:
    rows, columns = np.mgrid[0 : 1 : _SIDE_PX * 1j, 0 : 1 : _SIDE_PX * 1j]
    slope = rows * rng.uniform(-1, 1) + columns * rng.uniform(-1, 1)
    slope = (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)
    grey: Grey = np.round(255 * slope ** rng.uniform(0.5, 2)).astype(np.uint8)
    return grey


def _page(rng: np.random.Generator) -> Grey:
    image = Image.new("L", (_SIDE_PX, _SIDE_PX), int(rng.integers(225, 256)))
    draw = ImageDraw.Draw(image)
    for top in range(15, 245, int(rng.integers(9, 16))):
        left = 15
        while left < 230:
            right = left + int(rng.integers(8, 45))
            draw.rectangle((left, top, min(right, 240), top + 4), fill=int(rng.integers(0, 60)))
            left = right + 6
    return np.asarray(image)


def _shapes(rng: np.random.Generator) -> Grey:
    image = Image.new("L", (_SIDE_PX, _SIDE_PX), int(rng.integers(0, 256)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(5, 25))):
        x0, y0 = rng.integers(0, 220, 2).tolist()
        width, height = rng.integers(8, 90, 2).tolist()
        shape = draw.rectangle if rng.random() < 0.6 else draw.ellipse
        shape((x0, y0, x0 + width, y0 + height), fill=int(rng.integers(0, 256)))
    return np.asarray(image)


def _checks(rng: np.random.Generator) -> Grey:
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    side = int(rng.integers(6, 50))
    odd = (rows // side + columns // side) % 2 == 1
    dark, bright = sorted(rng.integers(0, 256, 2).tolist())
    grey: Grey = np.where(odd, bright, dark).astype(np.uint8)
    return grey


_FAMILIES: dict[str, Callable[[np.random.Generator], Grey]] = {
    "noise": _noise,
    "stripes": _stripes,
    "gradient": _gradient,
    "page": _page,
    "shapes": _shapes,
    "checks": _checks,
}

DRAWN = frozenset(map(_family, _FAMILIES))  # the names of the families
