"""An exported .tfliteA back into a Keras network, so that training can go on from what was shipped."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from brain_tumor.errors import ModelFileError
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.model_file import ModelFile
from brain_tumor_training.backbone import XCEPTION
from brain_tumor_training.finetuned_network import FinetunedNetwork, build_finetuned
from brain_tumor_training.network import LOCATION_HEAD
from brain_tumor_training.recipes import FinetuneRecipe

# The converter folds batch normalisation into kernel and bias. A bias is rounded to steps of the input's scale times
# the kernel's: by 1.5e-3 of the largest at most in the two networks of this repository.
_BIAS_TOLERANCE = 3e-3
# The first layer's bias holds a sum over its kernel, which is rounded by now.
_FIRST_BIAS_TOLERANCE = 0.05

Kernel = tuple[str, FloatArray, FloatArray | None]  # operator, kernel as the file has it, bias


def load_exported(model: ModelFile, recipe: FinetuneRecipe, weights: str, precision: str) -> FinetunedNetwork:
    """The network of a model file that ``finetuned`` made, its kernels rounded to eight bits as they are in the file.

    Args:
        model: the file.
        recipe: that it was trained with.
        weights: what the network started from, "imagenet" or a path: its batch normalisation, which this recipe keeps,
            takes the converter's folding back.
        precision: Keras' dtype policy of the trunk.

    Raises:
        ModelFileError: it is another network.
    """
    network = build_finetuned(recipe, weights, precision, len(model.card.rules.order))
    kernels = list(_kernels(model.flatbuffer))
    try:
        for layer, norm in _folded_pairs(network.get_layer(XCEPTION.layer)):
            _unfold(layer, norm, kernels)
        for part, names in (("head", ("hidden", "classes")), (LOCATION_HEAD, ("mix", "cells"))):
            for name in names:
                _set_plain(network.get_layer(part).get_layer(name), kernels)
    except (IndexError, KeyError, ValueError) as error:
        raise ModelFileError(
            f"{model.card.model_id}: is no network of the recipe {recipe.name} on these weights ({error}); start from "
            "a file that finetune and export wrote, with the --weights of its run"
        ) from None
    return network


def _kernels(flatbuffer: bytes) -> Iterator[Kernel]:
    interpreter = Interpreter(model_content=flatbuffer)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    # A bias that the graph uses twice is not merged into its layer, it is added behind it.
    added = {operator["inputs"][0]: operator["inputs"][1] for operator in operators if operator["op_name"] == "ADD"}
    for operator in operators:
        if operator["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            bias_index = next(
                (index for index in operator["inputs"][2:] if index >= 0), added.get(operator["outputs"][0])
            )
            bias = None if bias_index is None else _to_float(interpreter, tensors[bias_index])
            yield operator["op_name"], _to_float(interpreter, tensors[operator["inputs"][1]]), bias


def _to_float(interpreter: Any, tensor: dict[str, Any]) -> FloatArray:
    try:
        values = interpreter.get_tensor(tensor["index"])
    except ValueError:  # computed by the graph, not a kernel that is stored
        return np.zeros(0, np.float32)
    scales = tensor["quantization_parameters"]["scales"]
    if not len(scales):
        return np.asarray(values, np.float32)
    shape = [1] * values.ndim
    shape[tensor["quantization_parameters"]["quantized_dimension"]] = len(scales)
    rounded: FloatArray = values.astype(np.float32) * scales.astype(np.float32).reshape(shape)
    return rounded


def _folded_pairs(trunk: keras.Model) -> Iterator[tuple[keras.layers.Layer, keras.layers.Layer]]:
    """Each convolution with the batch normalisation that reads it."""
    norms = [layer for layer in trunk.layers if isinstance(layer, keras.layers.BatchNormalization)]
    behind = {layer.input.name: layer for layer in norms}
    for layer in trunk.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.SeparableConv2D):
            yield layer, behind[layer.output.name]


def _unfold(layer: keras.layers.Layer, norm: keras.layers.Layer, kernels: list[Kernel]) -> None:
    gamma, beta, mean, variance = norm.get_weights()
    factor = gamma / np.sqrt(variance + norm.epsilon)
    shapes = [tuple(weight.shape) for weight in layer.weights]
    found = []
    if isinstance(layer, keras.layers.SeparableConv2D):
        rows, columns, channels, _ = shapes[0]
        depthwise, _ = _take(kernels, "DEPTHWISE_CONV_2D", (1, rows, columns, channels))
        found.append(np.moveaxis(depthwise, 0, -1))
    rows, columns, before, after = shapes[-1]
    kernel, bias = _take(kernels, "CONV_2D", (after, rows, columns, before))
    tolerance = _BIAS_TOLERANCE
    if layer.name == XCEPTION.first_layer and bias is not None:
        # The converter has folded the step from [0, 1] to [-1, 1] into the first layer, too.
        kernel = kernel * np.float32(0.5)
        bias = bias + kernel.sum(axis=(1, 2, 3), dtype=np.float32)
        tolerance = _FIRST_BIAS_TOLERANCE
    expected = beta - mean * factor
    if bias is None or np.abs(bias - expected).max() > tolerance * np.abs(expected).max():
        raise ValueError(f"{layer.name} has another batch normalisation")
    layer.set_weights([*found, np.moveaxis(kernel, 0, -1) / factor])


def _set_plain(layer: keras.layers.Layer, kernels: list[Kernel]) -> None:
    shape = tuple(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        kernel, bias = _take(kernels, "FULLY_CONNECTED", shape[::-1])
    else:
        kernel, bias = _take(kernels, "CONV_2D", (shape[3], *shape[:3]))
    # The file's last axis comes first; a bias of nothing but zeros is left out.
    layer.set_weights([np.moveaxis(kernel, 0, -1), np.zeros(shape[-1], np.float32) if bias is None else bias])


def _take(kernels: list[Kernel], operator: str, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray | None]:
    """The first kernel of this shape that is left: layers of one shape run in the order in which Keras lists them."""
    index = next((n for n, kernel in enumerate(kernels) if kernel[0] == operator and kernel[1].shape == shape), None)
    if index is None:
        raise ValueError(f"it lacks a {operator} with a kernel {shape}")
    _, kernel, bias = kernels.pop(index)
    return kernel, bias
