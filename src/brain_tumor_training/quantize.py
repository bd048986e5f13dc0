"""A float flatbuffer -> one that computes in eight bits, where that costs no accuracy."""

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import calibrator, quantizer, recipe_manager
from ai_edge_quantizer.qtyping import TFLOperationName
from ai_edge_quantizer.utils import qsv_utils

from brain_tumor.input.scan import FloatArray

SIGNATURE = "serving_default"
# The backbone does nearly all of the work and bears eight bits; logits, gate scores and maps are computed from its
# features in float32, from eight-bit weights.
_BACKBONE = ".*xception.*"
_IN_BACKBONE = (
    TFLOperationName.CONV_2D,
    TFLOperationName.DEPTHWISE_CONV_2D,
    TFLOperationName.MAX_POOL_2D,
    TFLOperationName.ADD,
    TFLOperationName.RELU,
)
_IN_HEADS = (TFLOperationName.CONV_2D, TFLOperationName.FULLY_CONNECTED)
# The schema's older field is one byte; this value says "see the newer field".
_LAST_OLD_CODE = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
_THREADS = 2


def quantize_static(flatbuffer: bytes, images: Sequence[FloatArray]) -> bytes:
    """The same network with weights per channel and the backbone's activations per tensor in eight bits.

    flatbuffer: float32, as export.convert() makes it. images: tensors (1, side, side, 3), 0 to 1, of the training
    part: each activation's range is the widest that any of them has (min-max calibration; Nagel et al. 2021,
    arXiv:2106.08295). Source of the scheme: Jacob et al. 2018, arXiv:1712.05877.
    """
    recipe = recipe_manager.RecipeManager()
    for operation in _IN_HEADS:
        recipe.add_dynamic_config(".*", operation, num_bits=8)
    for operation in _IN_BACKBONE:
        recipe.add_static_config(_BACKBONE, operation, activation_num_bits=8, weight_num_bits=8)
    with warnings.catch_warnings():
        # LiteRT warns that all activations are kept, which is what ranges are read from.
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors", UserWarning)
        observer = calibrator.Calibrator(flatbuffer, num_threads=_THREADS, qsv_update_func=qsv_utils.min_max_update)
        observer.calibrate({SIGNATURE: [{"image": image} for image in images]}, recipe)
        whole = quantizer.Quantizer(flatbuffer, recipe.get_quantization_recipe())
        made = whole.quantize(observer.get_model_qsvs(), enable_progress_bar=False, enable_progress_report=False)
    return _as_converters_write(bytes(made.quantized_model))


def _as_converters_write(flatbuffer: bytes) -> bytes:
    """The same network in the form that OpenVINO reads, too, which is TensorFlow's, and that XNNPACK runs in one go.

    The quantizer puts the weights behind the flatbuffer, and numbers its own operators in the newer field alone.
    """
    model = flatbuffer_utils.read_model_from_bytearray(flatbuffer)
    for buffer in model.buffers:
        if buffer.size:
            buffer.data = np.frombuffer(flatbuffer, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    for code in model.operatorCodes:
        code.deprecatedBuiltinCode = min(code.builtinCode, _LAST_OLD_CODE)
    _add_zero_for_relu(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _add_zero_for_relu(model: Any) -> None:
    """Write each ReLU of eight-bit numbers as the sum with zero, whose activation is that ReLU.

    XNNPACK, which LiteRT leaves convolutions and sums to, has no ReLU of its own in eight bits. LiteRT's runs on one
    thread, and thirteen times it took half of a pass.
    """
    codes = [code.builtinCode for code in model.operatorCodes]
    graph = model.subgraphs[0]
    for operator in graph.operators:
        before = graph.tensors[operator.inputs[0]]
        if codes[operator.opcodeIndex] != schema.BuiltinOperator.RELU or before.type != schema.TensorType.INT8:
            continue
        zero = copy.deepcopy(before)
        zero.name, zero.shape, zero.shapeSignature = before.name + b"/zero", np.array([1], np.int32), None
        zero.buffer = len(model.buffers)
        model.buffers.append(schema.BufferT())
        model.buffers[-1].data = np.array(before.quantization.zeroPoint[:1], np.int8).view(np.uint8)
        graph.tensors.append(zero)
        operator.opcodeIndex = codes.index(schema.BuiltinOperator.ADD)
        operator.inputs = np.array([operator.inputs[0], len(graph.tensors) - 1], np.int32)
        operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
        operator.builtinOptions = schema.AddOptionsT()
        operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU
