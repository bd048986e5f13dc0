"""Pictures as people really send them, made from a scan: one function for each kind, all of them in KINDS."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from scipy import ndimage

WIDE = 16 / 9
_TILE_PX = 180  # a scan on a contact sheet
# Grey above this share of the 99th percentile is tissue; air and its noise are below.
_TISSUE = 0.12
# Scalp and skull, in shares of the picture's shorter side.
_SKULL = 0.06


@dataclass(frozen=True, slots=True)
class Source:
    """What a picture is made of."""

    scan: Image.Image  # mode L
    others: Sequence[Image.Image]  # mode L, scans to stand beside it on a contact sheet
    rng: np.random.Generator  # for what differs from picture to picture


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of picture."""

    make: Callable[[Source], Image.Image]  # mode L or RGB
    has_class: bool = True  # False: one class would be wrong for it, so doubt or "not analysed" is the right answer


def embed(scan: Image.Image, aspect: float, share: float, fill: int = 0) -> Image.Image:
    """The scan in the middle of a larger picture.

    Args:
        scan: a grey picture.
        aspect: the picture's width by its height.
        share: of the height that the scan takes; a scan too wide for that takes this share of the width.
        fill: grey value of the rest, 0 to 255.
    """
    height = max(scan.height, scan.width / aspect) / share
    picture = Image.new(scan.mode, (round(height * aspect), round(height)), fill)
    picture.paste(scan, ((picture.width - scan.width) // 2, (picture.height - scan.height) // 2))
    return picture


def burn_in_letters(source: Source) -> Image.Image:
    """White letters in three corners and the side's letter, as a scanner's console writes them over the picture."""
    scan = source.scan.copy()
    pen, size = ImageDraw.Draw(scan), max(9, round(scan.height * source.rng.uniform(0.03, 0.045)))
    number = source.rng.integers(100, 1000, 4)
    corners = {
        "la": (2, 2, f"SAMPLE^CASE\n{number[0]}-{number[1]}\nF 0{number[0] % 90:02}Y"),
        "ra": (scan.width - 2, 2, f"MR Unit 2\nSe {number[2] % 9 + 1} Im {number[3] % 30}\nAx T1 +C"),
        "ld": (2, scan.height - 2, f"TR {number[1]}\nTE {number[2] % 20 + 5}\nSL 5.0"),
    }
    for anchor, (x, y, lines) in corners.items():
        upwards = anchor.endswith("d")
        for count, line in enumerate(reversed(lines.split("\n")) if upwards else lines.split("\n")):
            step = -count * size if upwards else count * size
            pen.text((x, y + step), line, fill=255, anchor=anchor, font_size=size)
    pen.text((2, scan.height // 2), "R", fill=255, anchor="lm", font_size=round(size * 1.5))
    return scan


def draw_marks(source: Source) -> Image.Image:
    """A circle around some spot inside and an arrow that points at it, in colours."""
    picture = source.scan.convert("RGB")
    side, rng = min(picture.size), source.rng
    pen, width = ImageDraw.Draw(picture), max(2, round(side / 80))
    colours = rng.permutation(["red", "yellow", "lime", "cyan"])
    spot = np.array(picture.size) * rng.uniform(0.35, 0.65, 2)
    radius, angle = side * rng.uniform(0.07, 0.12), rng.uniform(0, 2 * np.pi)
    pen.ellipse((*(spot - radius), *(spot + radius)), outline=str(colours[0]), width=width)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    tip = spot + along * radius * 1.2
    neck, end = tip + along * side * 0.05, tip + along * side * 0.2
    pen.line((*neck, *end), fill=str(colours[1]), width=width)
    head = [tip, neck + across * side * 0.025, neck - across * side * 0.025]
    pen.polygon([(float(x), float(y)) for x, y in head], fill=str(colours[1]))
    return picture


def draw_slide(source: Source) -> Image.Image:
    """A page of a talk: white, with a title and the scan below it."""
    scan, rng = source.scan, source.rng
    height = round(max(scan.height, scan.width / WIDE) * 1.45)
    page = Image.new("RGB", (round(height * WIDE), height), "white")
    left = round((page.width - scan.width) * rng.uniform(0.2, 0.8))
    page.paste(scan, (left, height - scan.height - round(height * 0.06)))
    title = f"Patient {rng.integers(1, 40)}: findings at first visit"
    ImageDraw.Draw(page).text(
        (page.width * 0.05, height * 0.06), title, fill=(20, 20, 60), font_size=round(height * 0.09)
    )
    return page


def draw_viewer(source: Source) -> Image.Image:
    """A viewer's window: a header, a column of thumbnails, and the scan with its letters in the largest pane."""
    scan = burn_in_letters(source)
    header, column = round(scan.height * 0.12), round(scan.width * 0.3)
    pane = embed(scan, 1.45, 0.95)
    window = Image.new("RGB", (column + pane.width, header + pane.height), (30, 31, 34))
    window.paste(pane, (column, header))
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, window.width, header), fill=(58, 66, 84))
    pen.text((header // 3, header // 2), "Study viewer", fill="white", anchor="lm", font_size=round(header * 0.45))
    for button in range(5):
        x = window.width - (button + 1) * round(header * 0.9)
        pen.rectangle((x, header // 4, x + header // 2, header * 3 // 4), outline=(200, 205, 215), width=2)
    small = ImageOps.contain(source.scan, (round(column * 0.8), round(pane.height / 4 * 0.85)))
    for row in range(4):
        window.paste(
            small, ((column - small.width) // 2, header + round(pane.height * (row + 0.5) / 4) - small.height // 2)
        )
    return window


def photograph(source: Source) -> Image.Image:
    """A telephone's photo of a monitor: slightly turned, with moire, glare and a tint, and not quite sharp."""
    rng = source.rng
    screen = embed(source.scan, WIDE, rng.uniform(0.6, 0.75))
    turned = screen.rotate(rng.uniform(-4, 4), Image.Resampling.BILINEAR, fillcolor=40)
    grey = (
        np.asarray(turned, np.float64) * 0.78 + 22
    )  # a lit screen is never black, and its white stays below the limit
    y, x = np.indices(grey.shape)
    for _ in range(2):
        # The camera's grid over the screen's: stripes of a few pixels, in two directions.
        period, angle = rng.uniform(3, 7), rng.uniform(0, np.pi)
        grey += rng.uniform(4, 8) * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    rows, columns = grey.shape
    centre, spread = rng.uniform(0.1, 0.9, 2) * (rows, columns), rows * rng.uniform(0.12, 0.25)
    grey += rng.uniform(25, 55) * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * spread**2))
    warm = rng.choice([-1, 1]) * rng.uniform(0.02, 0.06)
    coloured = grey[..., np.newaxis] * np.array([1 + warm, 1.0, 1 - warm]) + rng.normal(0, 2, (*grey.shape, 3))
    return _to_image(coloured).filter(ImageFilter.GaussianBlur(0.8))


def lay_out_sheet(source: Source, columns: int, rows: int) -> Image.Image:
    """A contact sheet: the scan among others, each in a square of its own."""
    count = columns * rows
    scans = [source.others[int(number)] for number in source.rng.integers(len(source.others), size=count)]
    scans[int(source.rng.integers(count))] = source.scan
    sheet = Image.new("L", (columns * _TILE_PX, rows * _TILE_PX))
    for number, scan in enumerate(scans):
        tile = ImageOps.pad(scan, (_TILE_PX, _TILE_PX))
        sheet.paste(tile, (number % columns * _TILE_PX, number // columns * _TILE_PX))
    return sheet


def shrink(scan: Image.Image, side_px: int) -> Image.Image:
    """The scan with a shorter side of so many pixels."""
    ratio = side_px / min(scan.size)
    return scan.resize((round(scan.width * ratio), round(scan.height * ratio)), Image.Resampling.LANCZOS)


def cut_mask(source: Source) -> Image.Image:
    """The brain in white on black, coarsely: the head's largest part without its rim."""
    return Image.fromarray(np.where(_find_brain(source.scan), np.uint8(255), np.uint8(0)))


def cut_label_map(source: Source) -> Image.Image:
    """The brain in one to five greys by its own brightness, on black: two to six values in all."""
    brain, labels = _find_brain(source.scan), int(source.rng.integers(1, 6))
    smooth = ndimage.gaussian_filter(np.asarray(source.scan, np.float64), min(source.scan.size) / 100)
    bounds = np.quantile(smooth[brain], np.arange(1, labels) / labels)
    return Image.fromarray((brain * (np.digitize(smooth, bounds) + 1) * (255 // labels)).astype(np.uint8))


def compress(scan: Image.Image, quality: int) -> Image.Image:
    """What a JPEG of one of Pillow's qualities, 1 to 95, leaves of the scan."""
    file = io.BytesIO()
    scan.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


def _find_brain(scan: Image.Image) -> NDArray[np.bool_]:
    grey = ndimage.gaussian_filter(np.asarray(scan, np.float64), 1)
    head = ndimage.binary_fill_holes(grey > _TISSUE * np.percentile(grey, 99))
    # The picture's border counts as air: a head that it cuts loses a rim there too, and no mask is white throughout.
    depth = ndimage.distance_transform_edt(np.pad(head, 1))[1:-1, 1:-1]
    parts, count = ndimage.label(depth > min(_SKULL * min(scan.size), depth.max() / 2))
    largest = 1 + np.argmax(np.bincount(parts.ravel())[1:]) if count else 0
    brain: NDArray[np.bool_] = parts == largest
    return brain


def _to_image(values: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


# In the table's order: first what has a class, then what is no single scan, or too small for one.
KINDS: dict[str, Kind] = {
    "as is": Kind(lambda source: source.scan),
    "letters burned in": Kind(burn_in_letters),
    "coloured arrow and circle": Kind(draw_marks),
    "16:9, bars at the sides": Kind(lambda source: embed(source.scan, WIDE, 1)),
    "head 80 % of a square": Kind(lambda source: embed(source.scan, 1, 0.8)),
    "16:9, head 80 % of the height": Kind(lambda source: embed(source.scan, WIDE, 0.8)),
    "16:9, head half the height": Kind(lambda source: embed(source.scan, WIDE, 0.5)),
    "white frame of a tenth": Kind(
        lambda source: ImageOps.expand(source.scan, (source.scan.width // 10, source.scan.height // 10), 255)
    ),
    "slide": Kind(draw_slide),
    "viewer window": Kind(draw_viewer),
    "photo of a screen": Kind(photograph),
    "JPEG of quality 30": Kind(lambda source: compress(source.scan, 30)),
    "90 px": Kind(lambda source: shrink(source.scan, 90)),
    "40 px": Kind(lambda source: shrink(source.scan, 40), has_class=False),
    "inverted": Kind(lambda source: ImageOps.invert(source.scan), has_class=False),
    "contact sheet, 2 x 2": Kind(lambda source: lay_out_sheet(source, 2, 2), has_class=False),
    "contact sheet, 5 x 4": Kind(lambda source: lay_out_sheet(source, 5, 4), has_class=False),
    "brain mask": Kind(cut_mask, has_class=False),
    "label map": Kind(cut_label_map, has_class=False),
}
