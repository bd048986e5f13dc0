"""What a network is trained with: every number of a recipe in one frozen value, written into the model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal, TypeAlias

from brain_tumor.configuration import setting
from brain_tumor.input.preprocess import InputContract

# Of keras.applications; backbone.BACKBONES has a value for each.
BackboneName = Literal[
    "Xception", "EfficientNetV2B0", "EfficientNetV2B3", "EfficientNetV2S", "ConvNeXtTiny", "ConvNeXtSmall"
]
Optimizer = Literal["Adam", "AdamW", "Adamax", "Lion", "Nadam", "RMSprop", "SGD"]  # of Keras
Precision = Literal["float32", "mixed_bfloat16"]
# Above 0; a rate that is lower moves no weight in float32.
_LEAST = 1e-9
# Draws per image where `augment` is "full": epochs take turns with them; each costs a forward pass per training image.
FULL_DRAWS = 4


@dataclass(frozen=True, slots=True)
class Recipe:
    """Transfer learning: a small head on a backbone that is frozen, or of which the last layers train too."""

    name: str = setting(low=1)
    input: InputContract = InputContract(side_px=299, resize="stretch-bilinear")
    backbone: BackboneName = "Xception"  # include_top=False, pooling=max
    unfreeze_from: str | None = setting(
        None, "layers from the first on whose name begins so train, too; None for a frozen one", low=1
    )
    first_dropout: float = setting(0.3, low=0, high=0.95)
    hidden_units: int = setting(128, "ReLU", low=1)
    second_dropout: float = setting(0.25, low=0, high=0.95)
    batch_size: int = setting(32, low=1)
    epochs: int = setting(10, low=1)
    optimizer: Optimizer = "Adamax"
    learning_rate: float = setting(1e-3, low=_LEAST)
    loss: Literal["categorical_crossentropy", "categorical_focal_crossentropy"] = "categorical_crossentropy"
    class_weights: Literal["none", "balanced"] = "none"  # balanced: each class weighs the same, however many its images
    early_stopping: int | None = setting(
        None, "end after so many epochs without a lower validation loss; None for never", low=1
    )
    augment: Literal["none", "brightness", "full"] = "brightness"  # full: all that Augmentation changes, tumors aside
    brightness: float = setting(0.2, "training images are multiplied by a draw from 1 - b to 1 + b", low=0, high=1)
    brightness_draws: int = setting(2, "draws per image in the feature cache; epochs take turns", low=1)
    cache_precision: Precision = "mixed_bfloat16"  # of the feature cache; float32 where the processor has no bfloat16
    validation_share: float = setting(0.15, "of the training images, stratified by class", low=0.01, high=0.9)
    keep: Literal["last", "best"] = "last"  # which epoch's weights; best is by validation loss


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a training image may be changed; each draw is uniform within its range. A brain stays a brain."""

    mirror: bool = True  # left and right, half of the draws
    upside_down: float = setting(
        0.1, "share of the draws turned by half a turn, of all classes: archives hold such scans", low=0, high=1
    )
    rotation_deg: float = setting(15.0, "either way", low=0, high=180)
    zoom: tuple[float, float] = setting((0.9, 1.25), low=0.2, high=5)
    stretch: float = setting(0.1, "of one side against the other, either way", low=0, high=1)
    shift: float = setting(0.06, "of the side, either way", low=0, high=1)
    gamma: float = setting(0.3, "exponent from exp(-g) to exp(g)", low=0, high=3)
    brightness: float = setting(0.25, "factor from 1 - b to 1 + b", low=0, high=1)
    bias_field: float = setting(
        0.3, "a smooth factor from 1 - b to 1 + b across the image, as of a receive coil", low=0, high=1
    )
    noise: float = setting(0.15, "largest standard deviation of Rician noise, in a third of the draws", low=0, high=1)
    blur_px: float = setting(
        3.0, "largest standard deviation of a Gaussian blur, in a quarter of the draws", low=0, high=50
    )
    coarsest: float = setting(
        0.5,
        "a quarter of the draws are sampled down to this share of the side at worst, and up again",
        low=0.05,
        high=1,
    )
    # Of the views of a boxed tumor: filled with its surroundings, after which there is none to find; and a box of the
    # same size elsewhere in the head filled, which changes nothing. Only the tumor itself then tells the two apart.
    fill_tumor: float = setting(0.03, low=0, high=1)
    fill_elsewhere: float = setting(0.03, low=0, high=1)
    # What breaks shortcuts; recipes of before had none of it.
    lesion: float = setting(
        0.0, "share of the tumor-free views into which a lesion is drawn: a tumor of unknown type", low=0, high=1
    )
    no_skull: float = setting(0.0, "share of the views with a skull that lose it", low=0, high=1)
    curve: float = setting(
        0.0, "share of the views whose grey values go through a random monotone curve", low=0, high=1
    )
    inverted: float = setting(0.0, "share of the views in which the head is inverted", low=0, high=1)
    window: float = setting(0.0, "share of the views that a narrow contrast window clips", low=0, high=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one image size."""

    side_px: int = setting(low=32, high=1024)
    epochs: int = setting(low=1)


@dataclass(frozen=True, slots=True)
class FinetuneRecipe:
    """The whole Xception trained, on several sources together, and asked where the tumor is."""

    name: str = setting(low=1)
    input: InputContract = InputContract(side_px=299, resize="stretch-bilinear")
    backbone: Literal[
        "Xception (ImageNet), include_top=False, pooling=max, all kernels trained, batch statistics fixed"
    ] = "Xception (ImageNet), include_top=False, pooling=max, all kernels trained, batch statistics fixed"
    first_dropout: float = setting(0.3, low=0, high=0.95)
    hidden_units: int = setting(128, "ReLU", low=1)
    second_dropout: float = setting(0.25, low=0, high=0.95)
    location_units: int = setting(64, "ReLU, on the last map before the last but one pooling, 19 x 19 at 299 px", low=1)
    probe_draws: int = setting(2, "views per image on which the head is trained first, on frozen features", low=1)
    probe_epochs: int = setting(15, "with the baseline's optimizer", low=1)
    stages: tuple[Stage, ...] = (Stage(224, 6), Stage(299, 1))
    batch_size: int = setting(16, low=1)
    optimizer: Optimizer = "AdamW"
    learning_rate: float = setting(1e-4, "highest, after the warm-up; a cosine leads to zero", low=_LEAST)
    warm_up: float = setting(0.05, "share of all steps", low=0, high=0.9)
    weight_decay: float = setting(0.01, low=0)
    gradient_norm: float = setting(
        1.0, "longer gradients, over all weights together, are cut: one batch may not undo an epoch", low=_LEAST
    )
    weight_average: float = setting(
        0.98, "share of the running average that stays at each step; its weights are kept", low=0, high=0.99999
    )
    precision: Precision = "mixed_bfloat16"  # float32 where the processor has no bfloat16
    location_weight: float = setting(0.5, "loss of the location map beside the class loss", low=0)
    saliency_weight: float = setting(
        0.15, "loss that asks the saliency of the true class to lie in the tumor box", low=0
    )
    epoch_views: int | None = setting(None, "views of an epoch; None for as many as there are pictures", low=1)
    validation_views: int = setting(400, "validation images looked at after each epoch, evenly over the list", low=1)
    # A picture is drawn by its weight in the list / (pictures of its source and label) ** balance.
    balance: float = setting(0.5, low=0, high=1)
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
