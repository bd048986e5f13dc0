"""One example of a training list -> one view: the image as the network sees it, and what is known of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from brain_tumor.evaluation.boxes import in_region
from brain_tumor.evaluation.fill import control_box, fill_box
from brain_tumor.input.preprocess import InputContract, to_input
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, NO_CLASS, Label, class_without_finding
from brain_tumor_training.augment import Draw, change_grey, move
from brain_tumor_training.backbone import XCEPTION
from brain_tumor_training.drawn_lesions import draw_lesion
from brain_tumor_training.examples import Example
from brain_tumor_training.head_mask import remove_skull
from brain_tumor_training.recipes import Augmentation

View = tuple[FloatArray, FloatArray, FloatArray]


def load_view(
    example: Example,
    data: Path,
    contract: InputContract,
    augmentation: Augmentation,
    rng: np.random.Generator | None,
    classes: Sequence[Label] = LABELS,
) -> View:
    """Read an example's image and change it as chance says.

    Args:
        example: what is known of the image.
        data: the folder that its path is below.
        contract: how the network takes images.
        augmentation: how far the image may be changed.
        rng: where chance comes from; None leaves the image as it is.
        classes: in the order of the network's outputs.

    Returns:
        The image, (side, side, 3), 0 to 1; the possible classes, (classes,), 1 for each that the label leaves open;
        the share of each cell of the location map that the tumor covers, (h, w), -1 where unknown.

    Raises:
        ScanError: the file is no readable image.
    """
    path, side = data / example.path, contract.side_px
    given = to_input(read_scan(path.read_bytes(), path.name), contract)
    image: FloatArray = given.tensor[0, :, :, 0]
    if example.box is not None:
        example = replace(example, box=in_region(example.box, given.region))
    if rng is not None:
        image, example = change_content(image, example, augmentation, rng, classes)
    mask = draw_mask(example, side)
    if rng is not None:
        draw = Draw.sample(augmentation, rng)
        image = change_grey(move(image, draw), draw)
        mask = move(mask, draw) if mask.any() else mask
    possible = np.array([example.allows(label) for label in classes], np.float32)
    unknown = example.box is None and not example.is_normal
    cells = XCEPTION.detail_cells(side)
    covered = np.full((cells, cells), -1, np.float32) if unknown else share_per_cell(mask, cells)
    return np.repeat(image[:, :, np.newaxis], 3, axis=2), possible, covered


def change_content(
    image: FloatArray,
    example: Example,
    augmentation: Augmentation,
    rng: np.random.Generator,
    classes: Sequence[Label] = LABELS,
) -> tuple[FloatArray, Example]:
    """Perhaps fill the tumor, draw a lesion or remove the skull.

    Args:
        image: (side, side), 0 to 1.
        example: what is known of the image, its box in shares of it.
        augmentation: how often each happens.
        rng: where chance comes from.
        classes: of the network; where all of them are findings no tumor is filled, for no class would be left.

    Returns:
        The image, and what is known of it then.
    """
    image, example = _fill(image, example, augmentation, rng, class_without_finding(classes))
    if example.is_normal and rng.random() < augmentation.lesion:
        drawn = draw_lesion(image, rng)
        if drawn is not None:
            image, example = drawn[0], replace(example, label=None, box=drawn[1])
    if not example.skull_stripped and rng.random() < augmentation.no_skull:
        image = remove_skull(image, example.box, rng)
    return image, example


def _fill(
    image: FloatArray, example: Example, augmentation: Augmentation, rng: np.random.Generator, normal: Label
) -> tuple[FloatArray, Example]:
    """The image with its tumor filled, or another box, or neither; and what is then known of it."""
    drawn, name = rng.random(), str(rng.integers(2**31))
    if example.box is None:
        return image, example
    if drawn < augmentation.fill_tumor:
        if normal is NO_CLASS:
            return image, example
        return fill_box(image, example.box), replace(example, label=normal, box=None)
    if drawn < augmentation.fill_tumor + augmentation.fill_elsewhere:
        other = control_box(image, example.box, name)
        return (fill_box(image, other) if other else image), example
    return image, example


def draw_mask(example: Example, side: int) -> FloatArray:
    """The tumor's box as an image, (side, side): 1 inside, at least one pixel, else 0."""
    mask = np.zeros((side, side), np.float32)
    if example.box is not None:
        x0, y0, x1, y1 = (round(share * side) for share in example.box)
        mask[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 1
    return mask


def share_per_cell(mask: FloatArray, cells: int) -> FloatArray:
    """The mean of a mask, (side, side), 0 to 1, over each cell of a grid, (cells, cells)."""
    # Sums over cell areas, through the integral image, as the side is no multiple of the cells.
    edges = np.rint(np.linspace(0, len(mask), cells + 1)).astype(int)
    integral = np.pad(mask.cumsum(0).cumsum(1), ((1, 0), (1, 0)))[np.ix_(edges, edges)]
    areas = np.outer(np.diff(edges), np.diff(edges))
    shares: FloatArray = (np.diff(np.diff(integral, axis=0), axis=1) / areas).astype(np.float32)
    return np.clip(shares, 0, 1)
