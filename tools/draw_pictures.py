"""Draws pictures that are no scans, one folder per family: ``python -m tools.draw_pictures FOLDER``.

They test the gate on what people upload by mistake. All but a few are grey, since a colour picture is rejected for
its colour before the network is asked. The same seed gives the same pictures.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

PER_FAMILY = 60
_WORDS = "patient study report image left right normal without contrast signal lesion brain page figure table".split()

Draw = Callable[[np.random.Generator], Image.Image]


def draw_document(rng: np.random.Generator) -> Image.Image:
    """A page of text, as a scanner or a phone gives it: slightly turned, slightly blurred, not quite white."""
    columns, rows = rng.integers(300, 800, 2)
    page = Image.new("L", (int(columns), int(rows)), int(rng.integers(200, 256)))
    pen, size = ImageDraw.Draw(page), int(rng.integers(9, 22))
    font = ImageFont.load_default(size)
    for top in range(size, int(rows) - size, int(size * rng.uniform(1.2, 1.8))):
        if rng.random() < 0.9:
            text = " ".join(rng.choice(_WORDS, int(columns / size / 3)))
            pen.text((size, top), text, fill=int(rng.integers(0, 90)), font=font)
    turned = page.rotate(float(rng.uniform(-3, 3)), fillcolor=int(rng.integers(0, 256)))
    return turned.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1))))


def draw_screenshot(rng: np.random.Generator) -> Image.Image:
    """Windows with title bars, lists and buttons, on a light or a dark desktop."""
    columns, rows = int(rng.integers(400, 1000)), int(rng.integers(300, 700))
    dark = rng.random() < 0.5
    back, front = (20, 200) if dark else (235, 40)
    screen = Image.new("L", (columns, rows), back)
    pen, font = ImageDraw.Draw(screen), ImageFont.load_default(12)
    for _ in range(int(rng.integers(1, 5))):
        x, y = int(rng.integers(0, columns // 2)), int(rng.integers(0, rows // 2))
        width, height = int(rng.integers(120, columns // 2)), int(rng.integers(90, rows // 2))
        pen.rectangle((x, y, x + width, y + height), fill=back + (15 if dark else -15), outline=front)
        pen.rectangle((x, y, x + width, y + 18), fill=int(rng.integers(60, 180)))
        for line in range(y + 24, y + height - 14, 16):
            pen.text((x + 8, line), " ".join(rng.choice(_WORDS, 3)), fill=front, font=font)
    return screen


def draw_noise(rng: np.random.Generator) -> Image.Image:
    """Noise from one pixel to a quarter of the picture coarse, even or Gaussian."""
    side = int(rng.integers(128, 512))
    cells = max(4, int(side / 2 ** rng.uniform(0, 6)))
    grey = rng.random((cells, cells)) if rng.random() < 0.5 else np.clip(rng.normal(0.5, 0.2, (cells, cells)), 0, 1)
    noise = Image.fromarray(np.round(grey * 255).astype(np.uint8))
    return noise.resize((side, side), rng.choice([Image.Resampling.NEAREST, Image.Resampling.BICUBIC]))


def draw_blank(rng: np.random.Generator) -> Image.Image:
    """Nothing: one grey, at most a faint grain or a soft shade across it."""
    side = int(rng.integers(128, 512))
    shade = np.linspace(0, rng.uniform(0, 0.1), side)[np.newaxis] * (rng.random() < 0.5)
    grain = rng.normal(0, rng.uniform(0, 0.01), (side, side))
    grey = np.clip(rng.uniform(0, 0.9) + shade + grain, 0, 1)
    return Image.fromarray(np.round(grey * 255).astype(np.uint8))


def draw_chart(rng: np.random.Generator) -> Image.Image:
    """Bars, lines, dots, discs and rings on a light or a dark ground; some in colour."""
    side = int(rng.integers(250, 600))
    dark = rng.random() < 0.5
    chart = Image.new("RGB" if rng.random() < 0.2 else "L", (side, side), "black" if dark else "white")
    pen = ImageDraw.Draw(chart)
    kind = rng.integers(4)
    for index in range(int(rng.integers(3, 12))):
        shade = int(rng.integers(60, 200))
        fill = (shade, 255 - shade, int(rng.integers(0, 256))) if chart.mode == "RGB" else shade
        x, y, size = (int(value) for value in rng.integers(10, side - 10, 3))
        if kind == 0:
            pen.rectangle((index * side // 12, y, index * side // 12 + side // 20, side - 10), fill=fill)
        elif kind == 1:
            pen.line((x, y, size, int(rng.integers(0, side))), fill=fill, width=int(rng.integers(1, 6)))
        else:
            box = (x, y, x + size // 3 + 4, y + size // 3 + 4)
            pen.ellipse(box, fill=fill if kind == 2 else None, outline=fill, width=6)
    return chart


FAMILIES: dict[str, Draw] = {
    "drawn-document": draw_document,
    "drawn-screenshot": draw_screenshot,
    "drawn-noise": draw_noise,
    "drawn-blank": draw_blank,
    "drawn-chart": draw_chart,
}


def main() -> None:
    """Write PER_FAMILY pictures of each family."""
    parser = argparse.ArgumentParser(description="Draw pictures that are no scans, to test the gate on.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other pictures (default: %(default)s)")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    for number, (family, draw) in enumerate(FAMILIES.items()):
        (folder / family).mkdir(parents=True, exist_ok=True)
        for picture in range(PER_FAMILY):
            draw(np.random.default_rng([arguments.seed, number, picture])).save(folder / family / f"{picture:03}.png")


if __name__ == "__main__":
    main()
