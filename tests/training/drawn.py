"""Drawn data sets and a small stand-in for Xception, so that a whole training takes seconds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input.preprocess import InputContract
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.dataset import read_tree
from brain_tumor_training.examples import Example
from brain_tumor_training.recipes import FINETUNE_RECIPES, RECIPES, Augmentation, FinetuneRecipe, Recipe, Stage
from brain_tumor_training.splits import SplitRow, carve_validation
from tests.factories import encode

SIDE_PX = 64
SMALL = replace(
    RECIPES["baseline"],
    input=InputContract(side_px=32),
    batch_size=8,
    epochs=4,
    brightness_draws=2,
    cache_precision="float32",
    validation_share=0.25,
)
# Two stages of images that the stand-in for Xception sees at two sizes; 24 training images, 6 batches.
SMALL_FINETUNE = replace(
    FINETUNE_RECIPES["finetuned"],
    input=InputContract(side_px=48),
    stages=(Stage(32, 2), Stage(48, 1)),
    batch_size=4,
    location_units=8,
    learning_rate=3e-3,
    precision="float32",
)

# Every view is the image itself.
UNCHANGED = Augmentation(
    mirror=False,
    upside_down=0,
    rotation_deg=0,
    zoom=(1, 1),
    stretch=0,
    shift=0,
    gamma=0,
    brightness=0,
    bias_field=0,
    noise=0,
    blur_px=0,
    coarsest=1,
    fill_tumor=0,
    fill_elsewhere=0,
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder that fit and fit-decision filled, and what they were given. Not to be changed."""

    folder: Path
    data: Path
    not_brain_mri: Path
    cache: Path
    recipe: Recipe | FinetuneRecipe


def draw_slice(label: Label, seed: int) -> bytes:
    """A grey PNG with noise of its own; the direction of its bars tells the class, no bars is no tumor."""
    pixels = np.random.default_rng(seed).integers(0, 60, (SIDE_PX, SIDE_PX))
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    across = {Label.GLIOMA: rows, Label.MENINGIOMA: columns, Label.PITUITARY: rows + columns}
    if label in across:
        pixels[across[label] % 16 < 8] += 120
    return encode(Image.fromarray(pixels.astype(np.uint8)), "PNG")


def draw_stripes(seed: int) -> bytes:
    """A grey PNG that resembles no drawn slice."""
    pixels = np.random.default_rng(seed).integers(0, 60, (SIDE_PX, SIDE_PX))
    pixels[:, :: 2 + seed % 3] += 190
    return encode(Image.fromarray(pixels.astype(np.uint8)), "PNG")


def write_tree(root: Path, training: int = 8, testing: int = 2) -> Path:
    """``Training/<class>/`` and ``Testing/<class>/`` with so many drawn slices per class."""
    for split, images in (("Training", training), ("Testing", testing)):
        for index, label in enumerate(LABELS):
            folder = root / split / label.slug
            folder.mkdir(parents=True)
            for number in range(images):
                seed = 10_000 * (split == "Testing") + 100 * index + number
                (folder / f"{number:03}.png").write_bytes(draw_slice(label, seed))
    return root


def write_families(root: Path, images: int = 12) -> Path:
    """Two folders of stripes, the families ``cloth`` and ``fence``, that are no brain MRI."""
    for index, family in enumerate(("cloth", "fence")):
        (root / family).mkdir(parents=True)
        for number in range(images):
            (root / family / f"{number:03}.png").write_bytes(draw_stripes(100 * index + number))
    return root


def carve(data: Path, recipe: Recipe = SMALL, seed: int = 0) -> list[SplitRow]:
    """The split that ``fit`` makes of a tree."""
    return carve_validation(read_tree(data), recipe.validation_share, seed)


def build_small_backbone(recipe: Recipe, weights: str) -> Any:
    """As network.build_backbone, but one layer of random filters instead of Xception; weights is a seed."""
    import keras

    from brain_tumor_training.network import attach_image

    shape = (recipe.input.side_px, recipe.input.side_px, 3)
    pixels = keras.Input(shape)
    filters = keras.initializers.RandomNormal(stddev=0.1, seed=int(weights))
    maps = keras.layers.Conv2D(
        2048, 8, strides=8, activation="relu", kernel_initializer=filters, name="block14_sepconv2_act"
    )(pixels)
    pooled = [keras.layers.GlobalMaxPooling2D()(maps), keras.layers.GlobalAveragePooling2D()(maps)]
    trunk = keras.Model(pixels, [*pooled, maps, maps[..., :1024]], name="xception")
    trunk.trainable = False
    return attach_image(trunk, recipe.input.side_px)


def build_small_trunk(weights: str | None, side_px: int | None) -> Any:
    """As network.build_trunk, with maps of Xception's sizes out of a few layers; weights is a seed."""
    import keras
    from keras import layers

    seed = int(weights or 0)
    filters = [keras.initializers.GlorotUniform(seed=10 * seed + index) for index in range(4)]
    pixels = keras.Input((side_px, side_px, 3))
    hidden = layers.Conv2D(8, 3, strides=2, kernel_initializer=filters[0])(pixels)
    hidden = layers.BatchNormalization(name="norm")(hidden)
    hidden = layers.Conv2D(8, 3, activation="relu", kernel_initializer=filters[1])(hidden)
    for _ in range(3):
        hidden = layers.MaxPooling2D(3, 2, padding="same")(hidden)
    detail = layers.Conv2D(1024, 1, kernel_initializer=filters[2])(hidden)
    last = layers.MaxPooling2D(3, 2, padding="same")(hidden)
    maps = layers.Conv2D(2048, 1, activation="relu", kernel_initializer=filters[3])(last)
    pooled = [layers.GlobalMaxPooling2D()(maps), layers.GlobalAveragePooling2D()(maps)]
    return keras.Model(pixels, [*pooled, maps, detail], name="xception")


def use_small_trunk(patch: pytest.MonkeyPatch) -> None:
    """Let finetune() train on a small stand-in for Xception; its ``weights`` argument is then a seed."""
    patch.setattr("brain_tumor_training.finetuned_network.build_trunk", build_small_trunk)
    spare_compiler(patch)


def use_small_backbone(patch: pytest.MonkeyPatch) -> None:
    """Let fit() train on a small stand-in for Xception; its ``weights`` argument is then a seed."""
    patch.setattr("brain_tumor_training.train.build_backbone", build_small_backbone)
    spare_compiler(patch)


def spare_compiler(patch: pytest.MonkeyPatch) -> None:
    """Let Keras do without XLA, which only pays for long runs; the tests of whole backbones use it."""
    patch.setattr("keras.src.trainers.trainer.model_supports_jit", lambda _: False)


def list_examples(data: Path, recipe: Recipe = SMALL) -> list[Example]:
    """The split of a tree as a training list: two sources, a box in the middle of each tumor."""
    return [
        Example(
            path=row.path,
            label=row.label,
            group=row.path,
            source="even" if index % 2 == 0 else "odd",
            split=row.split,
            box=None if row.label is Label.NO_TUMOR else (0.25, 0.25, 0.75, 0.75),
        )
        for index, row in enumerate(carve(data, recipe))
    ]


def distances(first: Any, second: Any) -> Iterator[float]:
    """The largest absolute difference of each weight of two networks of one shape."""
    for weight, other in zip(first.get_weights(), second.get_weights(), strict=True):
        yield float(np.abs(weight - other).max())


def make_run(out: Path, data: Path, not_brain_mri: Path, recipe: Recipe, weights: str) -> Run:
    """Train, then fit the decision with the family ``fence`` unseen."""
    from brain_tumor_training.fit_decision import fit_decision
    from brain_tumor_training.train import fit

    run = Run(out / "run", data, not_brain_mri, out / "features", recipe)
    fit(carve(data, recipe), data, recipe, weights, run.folder, 0, run.cache)
    fit_decision(run.folder, data, [], [not_brain_mri], {"fence"}, run.cache)
    return run


def make_finetune_run(out: Path, data: Path, not_brain_mri: Path) -> Run:
    """Finetune the stand-in with seed 0, then fit the decision with the family ``fence`` unseen."""
    from brain_tumor_training.finetune import finetune
    from brain_tumor_training.fit_decision import fit_decision

    run = Run(out / "run", data, not_brain_mri, out / "features", SMALL_FINETUNE)
    finetune(list_examples(data), data, SMALL_FINETUNE, "7", run.folder, 0)
    fit_decision(run.folder, data, [], [not_brain_mri], {"fence"}, run.cache)
    return run
