"""The network of a recipe, in Keras 3."""

import hashlib

import keras
import numpy as np

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import Label
from brain_tumor_training.recipes import Recipe

FEATURE_MAPS = "block14_sepconv2_act"  # Xception's last activation, (10, 10, 2048) at 299 px


def build_backbone(recipe: Recipe, weights: str) -> keras.Model:
    """Xception without top, frozen: image (n, side, side, 3) in [0, 1] -> pooled features.

    weights: "imagenet" downloads as Keras does, else the path of a .weights.h5 file. Outputs: ``maximum`` and
    ``average``, (n, 2048) each; the classifier reads the first (pooling="max"), the gate the second.
    Raises ModelFileError when the weights cannot be downloaded or read.
    """
    shape = (recipe.input.side_px, recipe.input.side_px, 3)
    try:
        xception = keras.applications.Xception(include_top=False, pooling="max", weights=weights, input_shape=shape)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelFileError(
            f"{weights}: cannot be used as weights ({first_line}); give the path of Xception's .weights.h5 without "
            "top, or 'imagenet' where there is a network"
        ) from None
    maps = xception.get_layer(FEATURE_MAPS).output
    trunk = keras.Model(xception.input, [xception.output, keras.layers.GlobalAveragePooling2D()(maps)], name="xception")
    trunk.trainable = False
    image = keras.Input(shape, name="image")
    # Xception was trained on [-1, 1]; inside the graph no caller can get this wrong.
    maximum, average = trunk(keras.layers.Rescaling(2.0, offset=-1.0, name="to_minus_one_one")(image), training=False)
    return keras.Model(image, {"maximum": maximum, "average": average}, name="backbone")


def build_head(recipe: Recipe, features: int = 2048) -> keras.Model:
    """The trained part: pooled features (n, features) -> class probabilities (n, 4) in Label's order."""
    return keras.Sequential(
        [
            keras.Input((features,), name="features"),
            keras.layers.Flatten(),
            keras.layers.Dropout(recipe.first_dropout),
            keras.layers.Dense(recipe.hidden_units, activation="relu", name="hidden"),
            keras.layers.Dropout(recipe.second_dropout),
            keras.layers.Dense(len(Label), activation="softmax", name="classes"),
        ],
        name="head",
    )


def join(backbone: keras.Model, head: keras.Model) -> keras.Model:
    """The whole network: image -> class probabilities."""
    return keras.Model(backbone.input, head(backbone.output["maximum"]), name="brain_tumor")


def build_head_logits(head: keras.Model) -> keras.Model:
    """The same head, stopped before the softmax: features -> logits (n, 4); the weights are shared values."""
    hidden, classes = head.get_layer("hidden"), head.get_layer("classes")
    logits = keras.layers.Dense(classes.units, name="logits")
    features = keras.Input(head.input_shape[1:], name="features")
    model = keras.Model(features, logits(hidden(features)))
    logits.set_weights(classes.get_weights())
    return model


def take_apart(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The backbone and the head of a network that join() made, as after loading it from disk."""
    shifted = model.get_layer("to_minus_one_one").output
    maximum, average = model.get_layer("xception")(shifted, training=False)
    backbone = keras.Model(model.input, {"maximum": maximum, "average": average}, name="backbone")
    return backbone, model.get_layer("head")


def compile_for(recipe: Recipe, model: keras.Model) -> None:
    """Set optimizer, loss and metrics as the recipe says."""
    optimizer = {"class_name": recipe.optimizer, "config": {"learning_rate": recipe.learning_rate}}
    model.compile(
        optimizer=keras.optimizers.get(optimizer),
        loss=recipe.loss,
        metrics=["accuracy", keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
    )


def weights_digest(model: keras.Model) -> str:
    """SHA-256 over all weights in order, so that a cache notices another backbone."""
    digest = hashlib.sha256()
    for value in model.get_weights():
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
