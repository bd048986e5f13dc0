"""The network of a recipe, in Keras 3."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import LABELS
from brain_tumor_training.backbone import XCEPTION
from brain_tumor_training.recipes import AnyRecipe, Recipe

LOCATION_HEAD = "location_head"
TRUNK_OUTPUTS = ("maximum", "average", "maps", "detail")


def build_backbone(recipe: Recipe, weights: str) -> keras.Model:
    """Xception without top, frozen: image (n, side, side, 3) in [0, 1] -> the outputs of build_trunk.

    Args:
        recipe: says the image's side.
        weights: "imagenet" downloads as Keras does, else the path of a .weights.h5 file.

    Raises:
        ModelFileError: the weights cannot be downloaded or read.
    """
    trunk = build_trunk(weights, recipe.input.side_px)
    trunk.trainable = False
    return attach_image(trunk, recipe.input.side_px)


def build_trunk(weights: str | None, side_px: int | None) -> keras.Model:
    """Xception with four outputs.

    ``maximum``, (n, 2048), is what the classifier reads (pooling="max"). ``average``, (n, 4528), is what the gate
    reads: the averages of four depths, each of length 1. ``maps`` are the last feature maps, (n, 10, 10, 2048) at
    299 px; ``detail`` is the finest map that has seen the middle flow, (n, 19, 19, 1024).

    Args:
        weights: as for build_backbone; None for random ones.
        side_px: of the image; None takes images of any size.

    Raises:
        ModelFileError: the weights cannot be downloaded or read.
    """
    shape = (side_px, side_px, 3)
    try:
        xception = keras.applications.Xception(include_top=False, pooling="max", weights=weights, input_shape=shape)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelFileError(
            f"{weights}: cannot be used as weights ({first_line}); give the path of Xception's .weights.h5 without "
            "top, or 'imagenet' where there is a network"
        ) from None
    maps = xception.get_layer(XCEPTION.maps).output
    levels = [*(keras.layers.ReLU()(xception.get_layer(name).output) for name in XCEPTION.gate_levels), maps]
    pooled = [keras.layers.GlobalAveragePooling2D(dtype="float32")(level) for level in levels]
    directions = [keras.layers.UnitNormalization(dtype="float32")(level) for level in pooled]
    average = keras.layers.Concatenate(dtype="float32")(directions)
    detail = xception.get_layer(XCEPTION.detail).output
    return keras.Model(xception.input, [xception.output, average, maps, detail], name=XCEPTION.layer)


def attach_image(trunk: keras.Model, side_px: int | None) -> keras.Model:
    """The backbone: image in [0, 1] -> the trunk's outputs by name."""
    image = keras.Input((side_px, side_px, 3), name="image")
    # Xception was trained on [-1, 1]; inside the graph no caller can get this wrong.
    outputs = trunk(keras.layers.Rescaling(2.0, offset=-1.0, name="to_minus_one_one")(image), training=False)
    return keras.Model(image, dict(zip(TRUNK_OUTPUTS, outputs, strict=True)), name="backbone")


@contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Layers that are built inside get this policy of Keras."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def usable_precision(wanted: str) -> str:
    """The wanted dtype policy, or float32 where bfloat16 would have to be emulated."""
    if wanted != "mixed_bfloat16" or Path("/dev/nvidiactl").exists():
        return wanted
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    return wanted if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


def at_precision(backbone: keras.Model, precision: str) -> keras.Model:
    """The same frozen backbone computing in another dtype policy; its weights stay float32."""
    if precision == "float32":
        return backbone
    side_px = backbone.input_shape[1]
    with dtype_policy(precision):
        trunk = build_trunk(None, side_px)
    trunk.set_weights(backbone.get_layer(XCEPTION.layer).get_weights())
    return attach_image(fold_normalization(trunk), side_px)


def fold_normalization(trunk: keras.Model) -> keras.Model:
    """The same network for inference: each batch normalization is part of the convolution before it.

    It takes a fifth less time, as mixed policies compute normalizations in float32 of their own.
    """
    folded = keras.models.clone_model(trunk, clone_function=_without_normalization)
    for layer in trunk.layers:  # a convolution comes before what normalizes it
        if isinstance(layer, keras.layers.BatchNormalization):
            twin = folded.get_layer(layer.input._keras_history.operation.name)
            *depthwise, kernel, bias = twin.get_weights()
            gamma, beta, mean, variance = layer.get_weights()
            scale = gamma / np.sqrt(variance + layer.epsilon)
            twin.set_weights([*depthwise, kernel * scale, (bias - mean) * scale + beta])
        elif weights := layer.get_weights():
            twin = folded.get_layer(layer.name)
            twin.set_weights([*weights, *twin.get_weights()[len(weights) :]])  # a bias that was not there stays zero
    return folded


def _without_normalization(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.BatchNormalization):
        return _Nothing(name=layer.name, dtype=layer.dtype_policy)
    if isinstance(layer, keras.layers.Conv2D | keras.layers.SeparableConv2D):
        config["use_bias"] = True
    return type(layer).from_config(config)


class _Nothing(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    # Keras' own Identity does not take the mask that is handed to a normalization.
    def call(self, inputs: Any, mask: Any = None) -> Any:
        return inputs


def build_head(recipe: AnyRecipe, features: int = XCEPTION.features, classes: int = len(LABELS)) -> keras.Model:
    """The trained part: pooled features (n, features) -> class probabilities (n, classes)."""
    return keras.Sequential(
        [
            keras.Input((features,), name="features"),
            keras.layers.Flatten(),
            keras.layers.Dropout(recipe.first_dropout),
            keras.layers.Dense(recipe.hidden_units, activation="relu", name="hidden"),
            keras.layers.Dropout(recipe.second_dropout),
            keras.layers.Dense(classes, activation="softmax", name="classes"),
        ],
        name="head",
    )


def join(backbone: keras.Model, head: keras.Model) -> keras.Model:
    """The whole network: image -> class probabilities."""
    return keras.Model(backbone.input, head(backbone.output["maximum"]), name="brain_tumor")


def build_head_logits(head: keras.Model) -> keras.Model:
    """The same head, stopped before the softmax: features -> logits (n, classes); the weights are shared values."""
    hidden, classes = head.get_layer("hidden"), head.get_layer("classes")
    logits = keras.layers.Dense(classes.units, name="classes")
    features = keras.Input(head.input_shape[1:], name="features")
    model = keras.Model(features, logits(hidden(features)))
    logits.set_weights(classes.get_weights())
    return model


def take_apart(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The backbone and the head of a network that join() made, as after loading it from disk."""
    return attach_image(model.get_layer(XCEPTION.layer), model.input_shape[1]), model.get_layer("head")


def find_location_head(model: keras.Model) -> keras.Model | None:
    """The part of a network that says where a tumor is; None where the recipe has none."""
    return next((layer for layer in model.layers if layer.name == LOCATION_HEAD), None)


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
