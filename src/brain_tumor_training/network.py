"""The network of a recipe, in Keras 3."""

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.backbone import BACKBONES, XCEPTION, Backbone, backbone_of
from brain_tumor_training.recipes import AnyRecipe, Recipe

# What a person names of a backbone's layers: block13 of block13_sepconv1, stage_3 of stage_3_block_0_gelu.
_BLOCK = re.compile(r"(block\d+[a-z]?|stage_\d+)(?=_)")
LOCATION_HEAD = "location_head"
RANDOM = "random"
TRUNK_OUTPUTS = ("maximum", "average", "maps", "detail")


def build_backbone(recipe: Recipe, weights: str) -> keras.Model:
    """The recipe's backbone without top: image (n, side, side, 3) in [0, 1] -> the outputs of build_trunk.

    It is frozen, but for the layers from recipe.unfreeze_from on.

    Args:
        recipe: says the image's side, which backbone, and what of it trains.
        weights: "imagenet" downloads as Keras does, "random" leaves it untrained, else the path of a .weights.h5 file.

    Raises:
        ModelFileError: the weights cannot be downloaded or read.
        DatasetError: the backbone has no layer whose name begins as recipe.unfreeze_from.
    """
    backbone = BACKBONES[recipe.backbone]
    trunk = build_trunk(None if weights == RANDOM else weights, recipe.input.side_px, backbone)
    _freeze(trunk, recipe.unfreeze_from)
    return attach_image(trunk, recipe.input.side_px, backbone)


def _freeze(trunk: keras.Model, unfreeze_from: str | None) -> None:
    if unfreeze_from is None:
        trunk.trainable = False
        return
    # ConvNeXt writes its own name in front of each.
    names = [layer.name.removeprefix(f"{trunk.name}_") for layer in trunk.layers]
    first = next((index for index, name in enumerate(names) if name.startswith(unfreeze_from)), None)
    if first is None:
        blocks = dict.fromkeys(found[0] for name in names if (found := _BLOCK.match(name)))
        raise DatasetError(f"the backbone has no layer {unfreeze_from}...; layers begin with {', '.join(blocks)}")
    for index, layer in enumerate(trunk.layers):
        # Small batches of a small set would spoil the statistics of batch normalizations.
        layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)


def build_trunk(weights: str | None, side_px: int | None, backbone: Backbone = XCEPTION) -> keras.Model:
    """A backbone with four outputs; the sizes are Xception's.

    ``maximum``, (n, 2048), is what the classifier reads (pooling="max"). ``average``, (n, 4528), is what the gate
    reads: the averages of four depths, each of length 1. ``maps`` are the last feature maps, (n, 10, 10, 2048) at
    299 px; ``detail`` is the finest map that has seen the middle flow, (n, 19, 19, 1024).

    Args:
        weights: as for build_backbone; None for random ones.
        side_px: of the image; None takes images of any size.
        backbone: which it is.

    Raises:
        ModelFileError: the weights cannot be downloaded or read.
    """
    shape = (side_px, side_px, 3)
    build = getattr(keras.applications, backbone.application)
    try:
        if weights not in (None, "imagenet") and not Path(weights).is_file():
            raise FileNotFoundError("there is no such file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hundreds of them where the weights are another network's
            whole = build(include_top=False, pooling="max", weights=weights, input_shape=shape)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        sentence = (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0]
        raise ModelFileError(
            f"{weights}: cannot be used as weights ({sentence}); give the path of {backbone.application}'s "
            ".weights.h5 without top, or 'imagenet' where there is a network"
        ) from None
    maps = whole.get_layer(backbone.maps).output
    levels = [*(keras.layers.ReLU()(whole.get_layer(name).output) for name in backbone.gate_levels), maps]
    pooled = [keras.layers.GlobalAveragePooling2D(dtype="float32")(level) for level in levels]
    directions = [keras.layers.UnitNormalization(dtype="float32")(level) for level in pooled]
    average = keras.layers.Concatenate(dtype="float32")(directions)
    detail = whole.get_layer(backbone.detail).output
    # ConvNeXt normalizes behind its pooling, which the saliency's formula does not know.
    maximum = whole.output if backbone is XCEPTION else keras.layers.GlobalMaxPooling2D(name="max_pooling")(maps)
    return keras.Model(whole.input, [maximum, average, maps, detail], name=backbone.layer)


def attach_image(trunk: keras.Model, side_px: int | None, backbone: Backbone = XCEPTION) -> keras.Model:
    """The backbone: image in [0, 1] -> the trunk's outputs by name."""
    image = keras.Input((side_px, side_px, 3), name="image")
    factor, offset = backbone.rescale
    # What a backbone was trained on, inside the graph, where no caller can get it wrong.
    scaled = keras.layers.Rescaling(factor, offset=offset, name="to_backbone_range")(image)
    outputs = trunk(scaled, training=False)
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
    if backbone_of(layer.name for layer in backbone.layers) is not XCEPTION:
        return backbone  # the others have layers that cannot be folded
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
    known = backbone_of(layer.name for layer in model.layers)
    return attach_image(model.get_layer(known.layer), model.input_shape[1], known), model.get_layer("head")


def find_location_head(model: keras.Model) -> keras.Model | None:
    """The part of a network that says where a tumor is; None where the recipe has none."""
    return next((layer for layer in model.layers if layer.name == LOCATION_HEAD), None)


def compile_for(recipe: Recipe, model: keras.Model, classes: Sequence[Label] = LABELS) -> None:
    """Set optimizer, loss and metrics as the recipe says: over all classes, then precision and recall of each."""
    optimizer = {"class_name": recipe.optimizer, "config": {"learning_rate": recipe.learning_rate}}
    of_each = [
        kind(class_id=index, top_k=1, name=f"{name}_{label.slug}")
        for name, kind in (("precision", keras.metrics.Precision), ("recall", keras.metrics.Recall))
        for index, label in enumerate(classes)
    ]
    model.compile(
        optimizer=keras.optimizers.get(optimizer),
        loss=recipe.loss,
        metrics=["accuracy", keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall"), *of_each],
    )


def weights_digest(model: keras.Model) -> str:
    """SHA-256 over all weights in order, so that a cache notices another backbone."""
    digest = hashlib.sha256()
    for value in model.get_weights():
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
