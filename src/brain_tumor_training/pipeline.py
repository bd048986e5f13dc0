"""Image files -> batches, through the runtime's own reading and preprocessing."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.augment import Draw, change_grey, move
from brain_tumor_training.recipes import Augmentation, Recipe
from brain_tumor_training.splits import TRAIN, SplitRow, pick_evenly

# Twelve gave the same classes as 64 did on validation images; a rare range costs one more pass.
CALIBRATION_IMAGES = 128
# Decoding one batch ahead keeps the network busy; Pillow and NumPy release the interpreter lock.
_DECODERS = 2
# Nothing that needs to know where a tumor lies.
_CHANGES = Augmentation(fill_tumor=0.0, fill_elsewhere=0.0)


@dataclass(frozen=True, slots=True)
class View:
    """One image file as the network is to see it."""

    path: Path
    brightness: float = 1.0  # factor on the pixels; 1 for validation and test
    chance: tuple[int, ...] | None = None  # seed of a draw of every kind of change; None for none


def draw_brightness(path: Path, spread: float, seed: int, draw: int) -> float:
    """A factor from 1 - spread to 1 + spread, the same for the same image name, seed and draw."""
    return float(np.random.default_rng([seed, draw, _number_of(path)]).uniform(1 - spread, 1 + spread))


def training_view(path: Path, recipe: Recipe, seed: int, draw: int) -> View:
    """A training image as a recipe changes it, the same for the same image name, seed and draw."""
    if recipe.augment == "full":
        return View(path, chance=(seed, draw, _number_of(path)))
    return View(path, draw_brightness(path, recipe.brightness, seed, draw) if recipe.augment == "brightness" else 1.0)


def load_view(view: View, contract: InputContract) -> FloatArray:
    """The tensor of one view, (side, side, 3), 0 to 1; brightness multiplies and clips.

    Raises:
        ScanError: the image cannot be read.
    """
    tensor: FloatArray = to_tensor(read_scan(view.path.read_bytes(), view.path.name), contract)[0]
    if view.chance is not None:
        draw = Draw.sample(_CHANGES, np.random.default_rng(view.chance))
        return np.repeat(change_grey(move(tensor[:, :, 0], draw), draw)[:, :, np.newaxis], 3, axis=2)
    if view.brightness == 1.0:
        return tensor
    brighter: FloatArray = np.minimum(tensor * np.float32(view.brightness), np.float32(1.0))
    return brighter


def load_batches(views: Sequence[View], contract: InputContract, batch_size: int) -> Iterator[FloatArray]:
    """Batches of tensors in the order of the views, decoded ahead of their use."""
    with ThreadPoolExecutor(_DECODERS) as pool:
        waiting = None
        for chunk in _chunks(views, batch_size):
            loading = [pool.submit(load_view, view, contract) for view in chunk]
            if waiting is not None:
                yield np.stack([future.result() for future in waiting])
            waiting = loading
        if waiting is not None:
            yield np.stack([future.result() for future in waiting])


def calibration_images(rows: Sequence[SplitRow], data: Path, contract: InputContract) -> list[FloatArray]:
    """Tensors of training images, from which the ranges of a network in eight bits are read."""
    views = [
        View(data / row.path) for row in pick_evenly([row for row in rows if row.split == TRAIN], CALIBRATION_IMAGES)
    ]
    return list(load_batches(views, contract, 1))


def _number_of(path: Path) -> int:
    return int.from_bytes(hashlib.sha256("/".join(path.parts[-3:]).encode()).digest()[:8])


def _chunks(views: Sequence[View], size: int) -> Iterator[Sequence[View]]:
    return (views[start : start + size] for start in range(0, len(views), size))
