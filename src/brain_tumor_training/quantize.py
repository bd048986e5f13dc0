"""A float flatbuffer -> one whose backbone computes in eight bits, and which states the runtimes that it needs."""

import contextlib
import copy
import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import calibrator, quantizer, recipe_manager
from ai_edge_quantizer.qtyping import TFLOperationName
from tqdm import tqdm

from brain_tumor.errors import ModelFileError
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.backbone import BACKBONES

SIGNATURE = "serving_default"
# The backbone does nearly all of the work and bears eight bits. Logits, gate scores and maps are computed from its
# features by small layers in float32: TensorFlow Lite 2.14 and 2.15 take dense weights with a scale per channel for
# weights with one scale, and answer wrongly without an error.
_BACKBONE = f".*({'|'.join(backbone.layer for backbone in BACKBONES.values())}).*"
_IN_BACKBONE = (
    TFLOperationName.CONV_2D,
    TFLOperationName.DEPTHWISE_CONV_2D,
    TFLOperationName.MAX_POOL_2D,
    TFLOperationName.ADD,
    TFLOperationName.RELU,
)
# The schema's older field is one byte; this value says "see the newer field".
_LAST_OLD_CODE = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
_THREADS = 2
# One unusual image in a hundred does not widen the steps of all others. Chosen on validation images: with the widest
# ranges of all, fewer classes agreed with float32, and gate scores differed more.
CLIPPED = 0.01

_MIN_RUNTIME = b"min_runtime_version"  # the metadata that TensorFlow's converter writes
_MIN_RUNTIME_BYTES = 16
# Each operator that a network of ours may have: which of its versions takes such inputs, and since which TensorFlow
# Lite. Source: GetBuiltinOperatorVersion and FindMinimumRuntimeVersionForOp in TensorFlow's op_version.cc and
# runtime_version.cc (tensorflow/compiler/mlir/lite/tools/versioning; in LiteRT, tflite/converter/tools/versioning).
_OF_FLOATS = {
    "ADD": (1, "1.5.0"),
    "BATCH_MATMUL": (1, "2.3.0"),
    "CAST": (1, "1.5.0"),
    "CONCATENATION": (1, "1.5.0"),
    "CONV_2D": (1, "1.5.0"),
    "DEPTHWISE_CONV_2D": (1, "1.5.0"),
    "DIV": (1, "1.6.0"),
    "FULLY_CONNECTED keepNumDims": (5, "2.0.0"),
    "FULLY_CONNECTED": (1, "1.5.0"),
    "GREATER": (1, "1.14.0"),
    "L2_NORMALIZATION": (1, "1.5.0"),
    "LOGISTIC": (1, "1.14.0"),
    "MAXIMUM": (1, "1.14.0"),
    "MAX_POOL_2D": (1, "1.5.0"),
    "MEAN": (1, "1.6.0"),
    "MINIMUM": (1, "1.14.0"),
    "MUL": (1, "1.5.0"),
    "NEG": (1, "1.9.0"),
    "PAD": (1, "1.5.0"),
    "QUANTIZE": (1, "1.14.0"),
    "REDUCE_MAX": (1, "1.11.0"),
    "REDUCE_MIN": (1, "1.11.0"),
    "RELU": (1, "1.5.0"),
    "RESHAPE": (1, "1.5.0"),
    "RSQRT": (1, "1.10.0"),
    "SOFTMAX": (1, "1.5.0"),
    "SQRT": (1, "1.10.0"),
    "SQUARE": (1, "1.12.0"),
    "SQUEEZE": (1, "1.6.0"),
    "STRIDED_SLICE": (1, "1.6.0"),
    "SUB": (1, "1.6.0"),
    "SUM": (1, "1.10.0"),
    "TRANSPOSE": (1, "1.6.0"),
}
_OF_EIGHT_BITS = {
    "ADD": (2, "1.14.0"),
    "CONV_2D": (3, "1.14.0"),
    "DEPTHWISE_CONV_2D": (3, "1.14.0"),
    "DEQUANTIZE": (2, "1.14.0"),
    "MAX_POOL_2D": (2, "1.14.0"),
    "QUANTIZE": (1, "1.14.0"),  # from one scale to another
}
_TABLES = {
    schema.TensorType.FLOAT32: _OF_FLOATS,
    schema.TensorType.BOOL: _OF_FLOATS,  # a comparison's result, which CAST reads
    schema.TensorType.INT8: _OF_EIGHT_BITS,
}
_WITH_WEIGHTS = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)
_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def quantize_static(flatbuffer: bytes, images: Sequence[FloatArray]) -> bytes:
    """The same network with the backbone in eight bits: weights per channel, activations per tensor.

    Source of the scheme: Jacob et al. 2018, arXiv:1712.05877; of the ranges: percentile calibration, Wu et al. 2020,
    arXiv:2004.09602, with images in the place of values.

    Args:
        flatbuffer: float32, as export.convert() makes it.
        images: tensors (1, side, side, 3), 0 to 1, of the training part. Each activation's range is the widest that
            all but the share CLIPPED of them have.

    Raises:
        ModelFileError: an operator's version is not known here.
    """
    recipe = recipe_manager.RecipeManager()
    for operation in _IN_BACKBONE:
        recipe.add_static_config(_BACKBONE, operation, activation_num_bits=8, weight_num_bits=8)
    # LiteRT keeps the ranges itself; to copy every activation out of it took three times as long.
    mode = calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED
    observer = calibrator.Calibrator(flatbuffer, num_threads=_THREADS, mode=mode, qsv_update_func=_keep_all)
    progress = tqdm(images, "measuring ranges", unit="image", disable=None)
    with contextlib.redirect_stderr(io.StringIO()):  # in this mode, the calibrator's own bar stays at 0 %
        for image in progress:
            observer.calibrate({SIGNATURE: [{"image": image}]}, recipe)
    ranges = {name: _without_outliers(found) for name, found in observer.get_model_qsvs().items()}
    with warnings.catch_warnings():
        # The quantizer opens the network so that all activations are kept, of which LiteRT warns.
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors", UserWarning)
        whole = quantizer.Quantizer(flatbuffer, recipe.get_quantization_recipe())
        made = whole.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return _as_converters_write(bytes(made.quantized_model))


def _keep_all(known: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    """Add one image's range of a tensor to those of the images before; the quantizer itself keeps one range."""
    return {**image, "ranges": [*known.get("ranges", [known]), image]}


def _without_outliers(found: dict[str, Any]) -> dict[str, Any]:
    ranges = found.get("ranges", [found])  # of one image there is no list
    low, high = (np.stack([item[end] for item in ranges]) for end in ("min", "max"))
    # The ranges are float32 numbers in float64; steps computed in float64 would differ in their last bit.
    return {
        "min": np.quantile(low, CLIPPED, axis=0, method="lower").astype(np.float32),
        "max": np.quantile(high, 1 - CLIPPED, axis=0, method="higher").astype(np.float32),
    }


def _as_converters_write(flatbuffer: bytes) -> bytes:
    """The same network in the form that OpenVINO reads, too, which is TensorFlow's, and that XNNPACK runs in one go.

    The quantizer puts the weights behind the flatbuffer, and numbers its own operators in the newer field alone.
    """
    model = flatbuffer_utils.read_model_from_bytearray(flatbuffer)
    for buffer in model.buffers:
        if isinstance(buffer.data, bytes):  # which would be written byte by byte
            buffer.data = np.frombuffer(buffer.data, np.uint8)
    for code in model.operatorCodes:
        code.deprecatedBuiltinCode = min(code.builtinCode, _LAST_OLD_CODE)
    _add_zero_for_relu(model)
    _share_transposed_weights(model)
    declare_versions(model)
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
        operator.opcodeIndex = _code_index(model, schema.BuiltinOperator.ADD)
        operator.inputs = np.array([operator.inputs[0], len(graph.tensors) - 1], np.int32)
        operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
        operator.builtinOptions = schema.AddOptionsT()
        operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU


def _share_transposed_weights(model: Any) -> None:
    """Let a dense layer whose weights are another's, transposed, read the other's.

    The saliency goes back through the hidden layer, whose megabyte of weights would otherwise be in the file twice.
    """
    graph = model.subgraphs[0]
    dense = [
        operator
        for operator in graph.operators
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED
        and model.buffers[graph.tensors[operator.inputs[1]].buffer].data is not None
    ]
    for back in (operator for operator in dense if operator.builtinOptions.keepNumDims and _only_multiplies(operator)):
        weights = graph.tensors[back.inputs[1]]
        for forth in (operator for operator in dense if not operator.builtinOptions.keepNumDims):
            others = graph.tensors[forth.inputs[1]]
            if np.array_equal(_to_array(model, weights), _to_array(model, others).T):
                model.buffers[weights.buffer] = schema.BufferT()
                weights.buffer, weights.shape = others.buffer, others.shape
                back.opcodeIndex = _code_index(model, schema.BuiltinOperator.BATCH_MATMUL)
                back.inputs = back.inputs[:2]
                back.builtinOptionsType = schema.BuiltinOptions.BatchMatMulOptions
                back.builtinOptions = schema.BatchMatMulOptionsT()
                break


def _only_multiplies(dense: Any) -> bool:
    no_bias = len(dense.inputs) == 2 or int(dense.inputs[2]) < 0
    return no_bias and int(dense.builtinOptions.fusedActivationFunction) == schema.ActivationFunctionType.NONE


def _to_array(model: Any, tensor: Any) -> FloatArray:
    data: FloatArray = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.float32)
    return data.reshape(tensor.shape)


def _code_index(model: Any, operator: int) -> int:
    """Where an operator stands in the model's list, to which it is added when it is not there yet."""
    codes = [code.builtinCode for code in model.operatorCodes]
    if operator not in codes:
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = operator, min(operator, _LAST_OLD_CODE), 1
        model.operatorCodes.append(code)
        return len(codes)
    return codes.index(operator)


def declare_versions(model: Any) -> None:
    """Write the version of each operator and the oldest runtime that has them all, by which a runtime refuses a file.

    The converter wrote them for the float network, and the quantizer leaves them as they were.

    Args:
        model: the flatbuffer as an object, every tensor of at most four dimensions.

    Raises:
        ModelFileError: an operator is not in the tables.
    """
    graph = model.subgraphs[0]
    needed = [_needed_version(model, graph, operator) for operator in graph.operators]
    for index, code in enumerate(model.operatorCodes):
        used = (
            version
            for operator, (version, _) in zip(graph.operators, needed, strict=True)
            if operator.opcodeIndex == index
        )
        code.version = max(used, default=1)
    oldest = max((since for _, since in needed), key=lambda since: tuple(map(int, since.split("."))))
    for metadata in model.metadata or ():
        if metadata.name == _MIN_RUNTIME:
            text = oldest.encode().ljust(_MIN_RUNTIME_BYTES, b"\0")
            model.buffers[metadata.buffer].data = np.frombuffer(text, np.uint8)


def _needed_version(model: Any, graph: Any, operator: Any) -> tuple[int, str]:
    code = model.operatorCodes[operator.opcodeIndex].builtinCode
    kind = graph.tensors[operator.inputs[0]].type
    name = _NAMES[code]
    if code == schema.BuiltinOperator.FULLY_CONNECTED and operator.builtinOptions.keepNumDims:
        name += " keepNumDims"
    same = code not in _WITH_WEIGHTS or graph.tensors[operator.inputs[1]].type == kind
    if not same or name not in _TABLES.get(kind, {}):
        raise ModelFileError(
            f"{name}: which version of it takes inputs of this type is not known; add it to quantize.py"
        )
    return _TABLES[kind][name]
