"""What a network is trained with: every number of a recipe in one frozen value, written into the model card."""

from dataclasses import dataclass

from brain_tumor.input.preprocess import InputContract


@dataclass(frozen=True, slots=True)
class Recipe:
    """Transfer learning on a frozen Xception with a small head."""

    name: str
    input: InputContract = InputContract(side_px=299, resize="stretch-bilinear")
    backbone: str = "Xception (ImageNet), include_top=False, pooling=max, frozen"
    first_dropout: float = 0.3
    hidden_units: int = 128  # ReLU
    second_dropout: float = 0.25
    batch_size: int = 32
    epochs: int = 10
    optimizer: str = "Adamax"
    learning_rate: float = 1e-3
    loss: str = "categorical_crossentropy"
    brightness: float = 0.2  # training images are multiplied by a draw from 1 - b to 1 + b
    brightness_draws: int = 2  # draws per image in the feature cache; epochs take turns
    validation_share: float = 0.15  # of the training images, stratified by class
    keep: str = "last"  # which epoch's weights: "last", or "best" by validation loss


RECIPES = {"baseline": Recipe("baseline")}
