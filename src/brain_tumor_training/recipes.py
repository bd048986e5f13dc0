"""What a network is trained with: every number of a recipe in one frozen value, written into the model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeAlias

from brain_tumor.input.preprocess import InputContract


@dataclass(frozen=True, slots=True)
class Recipe:
    """Transfer learning: a small head on a backbone that is frozen, or of which the last layers train too."""

    name: str
    input: InputContract = InputContract(side_px=299, resize="stretch-bilinear")
    backbone: str = "Xception"  # one of backbone.BACKBONES, include_top=False, pooling=max
    unfreeze_from: str | None = None  # layers from the first on whose name begins so train, too; None for a frozen one
    first_dropout: float = 0.3
    hidden_units: int = 128  # ReLU
    second_dropout: float = 0.25
    batch_size: int = 32
    epochs: int = 10
    optimizer: str = "Adamax"
    learning_rate: float = 1e-3
    loss: str = "categorical_crossentropy"
    class_weights: str = "none"  # "balanced" lets each class weigh the same, whatever its number of images
    early_stopping: int | None = None  # end after so many epochs without a lower validation loss; None for never
    augment: str = "brightness"  # "none", "brightness", or "full": all that Augmentation changes, tumors aside
    brightness: float = 0.2  # training images are multiplied by a draw from 1 - b to 1 + b
    brightness_draws: int = 2  # draws per image in the feature cache; epochs take turns
    cache_precision: str = "mixed_bfloat16"  # of the feature cache; float32 where the processor has no bfloat16
    validation_share: float = 0.15  # of the training images, stratified by class
    keep: str = "last"  # which epoch's weights: "last", or "best" by validation loss


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a training image may be changed; each draw is uniform within its range. A brain stays a brain."""

    mirror: bool = True  # left and right, half of the draws
    upside_down: float = 0.1  # share of the draws turned by half a turn, of all classes: archives hold such scans
    rotation_deg: float = 15.0  # either way
    zoom: tuple[float, float] = (0.9, 1.25)
    stretch: float = 0.1  # of one side against the other, either way
    shift: float = 0.06  # of the side, either way
    gamma: float = 0.3  # exponent from exp(-g) to exp(g)
    brightness: float = 0.25  # factor from 1 - b to 1 + b
    bias_field: float = 0.3  # a smooth factor from 1 - b to 1 + b across the image, as of a receive coil
    noise: float = 0.15  # largest standard deviation of Rician noise, in a third of the draws
    blur_px: float = 3.0  # largest standard deviation of a Gaussian blur, in a quarter of the draws
    coarsest: float = 0.5  # a quarter of the draws are sampled down to this share of the side at worst, and up again
    # Of the views of a boxed tumor: filled with its surroundings, after which there is none to find; and a box of the
    # same size elsewhere in the head filled, which changes nothing. Only the tumor itself then tells the two apart.
    fill_tumor: float = 0.03
    fill_elsewhere: float = 0.03
    # What breaks shortcuts; recipes of before had none of it.
    lesion: float = 0.0  # share of the tumor-free views into which a lesion is drawn: a tumor of unknown type
    no_skull: float = 0.0  # share of the views with a skull that lose it
    curve: float = 0.0  # share of the views whose grey values go through a random monotone curve
    inverted: float = 0.0  # share of the views in which the head is inverted
    window: float = 0.0  # share of the views that a narrow contrast window clips


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one image size."""

    side_px: int
    epochs: int


@dataclass(frozen=True, slots=True)
class FinetuneRecipe:
    """The whole Xception trained, on several sources together, and asked where the tumor is."""

    name: str
    input: InputContract = InputContract(side_px=299, resize="stretch-bilinear")
    backbone: str = "Xception (ImageNet), include_top=False, pooling=max, all kernels trained, batch statistics fixed"
    first_dropout: float = 0.3
    hidden_units: int = 128  # ReLU
    second_dropout: float = 0.25
    location_units: int = 64  # ReLU, on the last map before the last but one pooling, 19 x 19 at 299 px
    probe_draws: int = 2  # views per image on which the head is trained first, on frozen features
    probe_epochs: int = 15  # with the baseline's optimizer
    stages: tuple[Stage, ...] = (Stage(224, 6), Stage(299, 1))
    batch_size: int = 16
    optimizer: str = "AdamW"
    learning_rate: float = 1e-4  # highest, after the warm-up; a cosine leads to zero
    warm_up: float = 0.05  # share of all steps
    weight_decay: float = 0.01
    gradient_norm: float = 1.0  # longer gradients, over all weights together, are cut: one batch may not undo an epoch
    weight_average: float = 0.98  # share of the running average that stays at each step; its weights are kept
    precision: str = "mixed_bfloat16"  # float32 where the processor has no bfloat16
    location_weight: float = 0.5  # loss of the location map beside the class loss
    saliency_weight: float = 0.15  # loss that asks the saliency of the true class to lie in the tumor box
    epoch_views: int | None = None  # views of an epoch; None for as many as there are pictures
    validation_views: int = 400  # validation images looked at after each epoch, evenly over the list
    # A picture is drawn by its weight in the list / (pictures of its source and label) ** balance.
    balance: float = 0.5
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    @property
    def stage_ends(self) -> tuple[int, ...]:
        """Epochs that are done at the end of each stage."""
        return tuple(accumulate(stage.epochs for stage in self.stages))

    def side_px(self, epoch: int) -> int:
        """Image side in an epoch, counted from 0."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.side_px
            epoch -= stage.epochs
        return self.stages[-1].side_px


AnyRecipe: TypeAlias = Recipe | FinetuneRecipe

RECIPES = {"baseline": Recipe("baseline")}
FINETUNE_RECIPES = {
    "finetuned": FinetuneRecipe(
        "finetuned",
        input=InputContract(side_px=299, resize="stretch-bilinear", crop="head"),
        augmentation=Augmentation(zoom=(0.82, 1.25), lesion=0.2, no_skull=0.22, curve=0.45, inverted=0.04, window=0.2),
    ),
}


# How a network can be stored and computed, and what an export tries in turn: the smallest and fastest first.
STATIC_INT8, DYNAMIC_RANGE, FLOAT16, FLOAT32 = "static int8", "dynamic range", "float16", "float32"
QUANTIZATIONS = {
    "auto": (STATIC_INT8, DYNAMIC_RANGE, FLOAT16, FLOAT32),
    "static": (STATIC_INT8,),
    "dynamic": (DYNAMIC_RANGE,),
    "float16": (FLOAT16,),
    "none": (FLOAT32,),
}


def recipe_from_json(fields: Mapping[str, Any]) -> AnyRecipe:
    """The recipe that asdict() and JSON made these fields of; raises KeyError and TypeError for others."""
    contract = InputContract(**fields["input"])
    if "stages" not in fields:
        # Recipes of before described the only backbone in words.
        backbone = fields["backbone"].partition(" ")[0]
        return Recipe(**{**fields, "backbone": backbone, "input": contract})
    augmentation = {**fields["augmentation"], "zoom": tuple(fields["augmentation"]["zoom"])}
    # Recipes of before balanced the classes within a data set.
    known = {name: value for name, value in fields.items() if name != "unknown_type_repeats"}
    return FinetuneRecipe(
        **{
            **known,
            "input": contract,
            "stages": tuple(Stage(**stage) for stage in fields["stages"]),
            "augmentation": Augmentation(**augmentation),
        }
    )
