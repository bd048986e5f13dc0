"""A training list -> the batches of a fine-tuning: balanced, augmented, the same for the same seed."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.example_view import View, load_view
from brain_tumor_training.examples import Example
from brain_tumor_training.recipes import FinetuneRecipe

# Of a number of views: sums of float64 are far closer.
_ROUNDING = 1e-9

Targets = dict[str, FloatArray]  # "possible" (n, classes), "covered" (n, h, w)


class ExampleBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of one part: images (n, side, side, 3) and their targets.

    The training part is balanced, shuffled and augmented, by seed and epoch alone; its images have the epoch's size.
    Of copies of one picture, which share a group, each epoch takes one.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        data: Path,
        recipe: FinetuneRecipe,
        seed: int | None,
        processes: int = 0,
        share: tuple[int, int] = (0, 1),
        classes: Sequence[Label] = LABELS,
    ) -> None:
        """Batch one part.

        Args:
            examples: the images of the part.
            data: the folder that their paths are below.
            recipe: batch size, balance, sizes and augmentation.
            seed: None keeps order and images as they are, at the size of the last stage.
            processes: as for finetune.
            share: which part of every batch, counted from 0, of how many equal ones; the batch size is a multiple of
                their number. Views that would make the last batch uneven are left out.
            classes: in the order of the network's outputs.
        """
        super().__init__(workers=processes or 2, use_multiprocessing=processes > 0)
        self._data, self._recipe, self._seed, self._classes = data, recipe, seed, tuple(classes)
        self._pictures = [[example] for example in examples] if seed is None else _by_group(examples)
        self._share, self._shares = share
        self._length = len(examples) if seed is None else recipe.epoch_views or len(self._pictures)
        self._length -= self._length % self._shares
        self._expected = self._length * sampling_chances(self._pictures, recipe)
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Make the next pass the given epoch's, counted from 0."""
        self._epoch = epoch
        self._order = np.arange(len(self._pictures))
        if self._seed is not None:
            rng = np.random.default_rng([self._seed, epoch])
            # As often as expected, less what is left over, which chance decides.
            # 0.9999999999999999 is one: nothing but rounding is below it.
            times = np.floor(self._expected + _ROUNDING)
            certain = np.repeat(self._order, times.astype(int))
            left = np.maximum(self._expected - times, 0)
            missing = self._length - len(certain)
            drawn = rng.choice(self._order, missing, p=left / left.sum()) if missing else self._order[:0]
            self._order = rng.permutation(np.concatenate([certain, drawn]))

    def __len__(self) -> int:
        return math.ceil(self._length / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[FloatArray, Targets]:
        size = self._recipe.batch_size
        positions = range(index * size, min((index + 1) * size, self._length))[self._share :: self._shares]
        loaded = [self._load(self._pictures[self._order[position]], position) for position in positions]
        images, possible, covered = (np.stack(column) for column in zip(*loaded, strict=True))
        return images, {"possible": possible, "covered": covered}

    def _load(self, copies: Sequence[Example], position: int) -> View:
        if self._seed is None:
            return self._view(copies[0], self._recipe.stages[-1].side_px, None)
        rng = np.random.default_rng([self._seed, self._epoch, position])
        return self._view(copies[int(rng.integers(len(copies)))], self._recipe.side_px(self._epoch), rng)

    def _view(self, example: Example, side_px: int, rng: np.random.Generator | None) -> View:
        contract = replace(self._recipe.input, side_px=side_px)
        return load_view(example, self._data, contract, self._recipe.augmentation, rng, self._classes)


def sampling_chances(pictures: Sequence[Sequence[Example]], recipe: FinetuneRecipe) -> NDArray[np.float64]:
    """How likely each picture is drawn: sources and labels that are few stand out.

    Args:
        pictures: of each picture its copies, at least one.
        recipe: says how far sources and labels are balanced.

    Returns:
        (pictures,), sum 1.
    """
    kinds = [(copies[0].source, copies[0].label) for copies in pictures]
    counts = Counter(kinds)
    weights = np.array(
        [copies[0].weight * counts[kind] ** -recipe.balance for copies, kind in zip(pictures, kinds, strict=True)]
    )
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances


def _by_group(examples: Sequence[Example]) -> list[list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    return list(groups.values())
