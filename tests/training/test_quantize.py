from collections import Counter

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")

import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from brain_tumor.errors import ModelFileError
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.openvino import _load_core, _read_network
from brain_tumor_training.quantize import declare_versions, quantize_static

SIDE = 16


@pytest.fixture(scope="module")
def images() -> list[FloatArray]:
    draws = np.random.default_rng(0)
    return [draws.uniform(0, 1, (1, SIDE, SIDE, 3)).astype(np.float32) for _ in range(8)]


@pytest.fixture(scope="module")
def exact_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A float network with a part that is named as the backbone is, and a head."""
    draws = np.random.default_rng(1)
    filters = tf.constant(draws.normal(0, 0.3, (3, 3, 3, 8)).astype(np.float32))
    more = tf.constant(draws.normal(0, 0.3, (3, 3, 8, 8)).astype(np.float32))
    kernel = draws.normal(0, 0.5, (8, 4)).astype(np.float32)
    weights, back = tf.constant(kernel), tf.constant(kernel.T)

    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.name_scope("backbone/xception/"):
            maps = tf.nn.relu(tf.nn.conv2d(image, filters, 1, "SAME"))
            # A sum that is read as it is and through a ReLU, which no operator before it can do.
            total = maps + tf.nn.conv2d(maps, more, 1, "SAME")
            active = tf.nn.relu(total)
        logits = (tf.reduce_max(active, (1, 2)) + tf.reduce_min(total, (1, 2))) @ weights
        # As the saliency does, back through the same weights, several rows at once.
        through = logits[:, tf.newaxis] * tf.constant([[[1.0], [2.0]]])
        return {"logits": logits, "back": tf.tensordot(through, back, 1)}

    module = tf.Module()
    module.answer = tf.function(answer, input_signature=[tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="image")])
    folder = str(tmp_path_factory.mktemp("network"))
    tf.saved_model.save(module, folder, signatures=module.answer)
    return folder


@pytest.fixture(scope="module")
def exact(exact_folder: str) -> bytes:
    return bytes(tf.lite.TFLiteConverter.from_saved_model(exact_folder).convert())


@pytest.fixture(scope="module")
def light(exact: bytes, images: list[FloatArray]) -> bytes:
    return quantize_static(exact, images)


def answer(network: bytes, image: FloatArray, name: str = "logits") -> FloatArray:
    run = Interpreter(model_content=network).get_signature_runner()
    found: FloatArray = run(image=image)[name]
    return found


def kinds(network: bytes) -> Counter[str]:
    """How many tensors of each type the backbone's operators write."""
    interpreter = Interpreter(model_content=network)
    types = {tensor["index"]: np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    ran = [detail for detail in interpreter._get_ops_details() if detail["op_name"] in ("CONV_2D", "FULLY_CONNECTED")]
    return Counter(f"{item['op_name']} {types[item['outputs'][0]]}" for item in ran)


def test_the_backbone_computes_in_eight_bits_and_the_head_in_float(exact: bytes, light: bytes) -> None:
    assert kinds(exact) == {"CONV_2D float32": 2, "FULLY_CONNECTED float32": 2}
    assert kinds(light) == {"CONV_2D int8": 2, "FULLY_CONNECTED float32": 1}


def test_no_dense_layer_has_weights_in_eight_bits(light: bytes) -> None:
    # With a scale per channel, tflite-runtime 2.14 answered 25 % for every class, without an error.
    model = flatbuffer_utils.read_model_from_bytearray(light)
    graph = model.subgraphs[0]
    weights = [
        graph.tensors[operator.inputs[1]].type
        for operator, name in zip(graph.operators, operators(light), strict=True)
        if name in ("FULLY_CONNECTED", "BATCH_MATMUL")
    ]
    assert weights == [schema.TensorType.FLOAT32] * 2


def test_transposed_weights_are_stored_once(exact: bytes, light: bytes, images: list[FloatArray]) -> None:
    assert operators(exact).count("FULLY_CONNECTED") == 2
    assert operators(light).count("FULLY_CONNECTED") == operators(light).count("BATCH_MATMUL") == 1
    model = flatbuffer_utils.read_model_from_bytearray(light)
    graph = model.subgraphs[0]
    buffers = {
        graph.tensors[operator.inputs[1]].buffer
        for operator, name in zip(graph.operators, operators(light), strict=True)
        if name in ("FULLY_CONNECTED", "BATCH_MATMUL")
    }
    assert len(buffers) == 1
    exactly = answer(exact, images[0], "back")
    assert answer(light, images[0], "back") == pytest.approx(exactly, abs=0.05 * float(np.abs(exactly).max()))


def test_no_relu_of_eight_bits_is_left(exact: bytes, light: bytes) -> None:
    assert "RELU" in operators(exact)
    assert "RELU" not in operators(light)
    assert operators(light).count("ADD") == operators(exact).count("ADD") + 1


def operators(network: bytes) -> list[str]:
    model = flatbuffer_utils.read_model_from_bytearray(network)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return [names[model.operatorCodes[operator.opcodeIndex].builtinCode] for operator in model.subgraphs[0].operators]


def test_answers_stay_near(exact: bytes, light: bytes, images: list[FloatArray]) -> None:
    exactly = np.array([answer(exact, image) for image in images])
    assert np.abs(np.array([answer(light, image) for image in images]) - exactly).max() < 0.05 * np.abs(exactly).max()


def test_of_few_images_every_range_is_that_of_the_widest(exact: bytes, images: list[FloatArray]) -> None:
    # The last image has less in it than the first: a running average would cut the first one off.
    faint = [image * np.float32(0.1) for image in images[1:]]
    network = quantize_static(exact, [images[0], *faint])
    assert answer(network, images[0]) == pytest.approx(answer(exact, images[0]), abs=0.05)


def test_openvino_reads_the_file(light: bytes, images: list[FloatArray]) -> None:
    pytest.importorskip("openvino", reason="OpenVINO, which is an extra, is not installed")
    core = _load_core()
    compiled = core.compile_model(_read_network(core, light), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = {value.shape: value for value in compiled(images[0]).values()}
    for name in ("logits", "back"):
        expected = answer(light, images[0], name)
        assert found[expected.shape] == pytest.approx(expected, abs=0.02)


def declared(network: bytes) -> dict[str, int]:
    """The version that the file states of each operator."""
    model = flatbuffer_utils.read_model_from_bytearray(network)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    used = {operator.opcodeIndex for operator in model.subgraphs[0].operators}
    return {names[model.operatorCodes[index].builtinCode]: model.operatorCodes[index].version for index in used}


def min_runtime(network: bytes) -> bytes:
    model = flatbuffer_utils.read_model_from_bytearray(network)
    (found,) = (item for item in model.metadata if item.name == b"min_runtime_version")
    return bytes(model.buffers[found.buffer].data)


def test_a_float_network_keeps_what_the_converter_declared(exact: bytes) -> None:
    model = flatbuffer_utils.read_model_from_bytearray(exact)
    declare_versions(model)
    again = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    assert declared(again) == declared(exact)
    assert min_runtime(again) == min_runtime(exact)


def test_versions_are_those_that_the_converter_declares_in_eight_bits(
    exact_folder: str, light: bytes, images: list[FloatArray]
) -> None:
    converter = tf.lite.TFLiteConverter.from_saved_model(exact_folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image] for image in images)
    theirs, ours = declared(bytes(converter.convert())), declared(light)
    assert (ours["CONV_2D"], ours["ADD"], ours["DEQUANTIZE"], ours["FULLY_CONNECTED"]) == (3, 2, 2, 1)
    assert {name: theirs[name] for name in ("CONV_2D", "ADD", "QUANTIZE", "DEQUANTIZE")} == {
        name: ours[name] for name in ("CONV_2D", "ADD", "QUANTIZE", "DEQUANTIZE")
    }


def test_the_oldest_runtime_is_the_one_of_the_newest_operator(light: bytes) -> None:
    assert min_runtime(light) == b"2.3.0".ljust(16, b"\0")  # BATCH_MATMUL
    assert "BATCH_MATMUL" in declared(light)


def test_float_inputs_with_weights_in_eight_bits_are_not_declared(exact: bytes) -> None:
    model = flatbuffer_utils.read_model_from_bytearray(exact)
    graph = model.subgraphs[0]
    dense = graph.operators[operators(exact).index("FULLY_CONNECTED")]
    graph.tensors[dense.inputs[1]].type = schema.TensorType.INT8
    with pytest.raises(ModelFileError, match="FULLY_CONNECTED"):
        declare_versions(model)


def test_one_unusual_image_in_two_hundred_does_not_coarsen_the_rest(
    exact: bytes, images: list[FloatArray], capsys: pytest.CaptureFixture[str]
) -> None:
    made = quantize_static(exact, [*(images * 25)[:199], images[0] * np.float32(50)])
    assert capsys.readouterr().err == ""  # the calibrator would draw a bar that stays at 0 %
    exactly = answer(exact, images[0])
    assert answer(made, images[0]) == pytest.approx(exactly, abs=0.05 * float(np.abs(exactly).max()))
