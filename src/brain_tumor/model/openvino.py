"""The adapter of OpenVINO, which is an extra: another way to the same answers, a second slower to start."""

import copy
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from brain_tumor.errors import MissingExtraError, ModelFileError
from brain_tumor.extras import install_command
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.engine import Engine
from brain_tumor.model.litert import read_output_names
from brain_tumor.model.output import ModelOutput

if TYPE_CHECKING:
    import openvino


class OpenVINOEngine(Engine):
    """Runs the network with OpenVINO; what the file does not compute in eight bits, in float32.

    Raises MissingExtraError, besides the ModelFileError of every engine, where OpenVINO cannot be imported.

    OpenVINO's own choice for the rest would be bfloat16, which is less exact and, with so little left, no faster.
    """

    name, package = "OpenVINO", "openvino"
    split_after = 1024  # compiling takes a second, and an image gets 1 to 4 ms of it back

    def _build(self, flatbuffer: bytes, threads: int) -> None:
        self._outputs = read_output_names(flatbuffer)  # refuses what is no network before OpenVINO sees it
        self._take(_compile(flatbuffer, threads, streams=1))

    def split(self) -> Sequence[Engine]:
        """As Engine.split; the engines share one compiled network, which is smaller and sooner there than several."""
        with self._refusals():
            compiled = _compile(self._model.flatbuffer, self.threads, streams=self.threads)
            engines = [copy.copy(self) for _ in range(self.threads)]
            for engine in engines:
                engine.threads = 1
                engine._take(compiled)
                engine._check_golden(self._model)
        return engines

    def _take(self, compiled: "openvino.CompiledModel") -> None:
        self._lock = threading.Lock()
        self._request = compiled.create_infer_request()

    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass.

        Args:
            tensor: (1, side, side, 3), float32, 0 to 1.
        """
        # A request serves one caller at a time; its results are copied before the next one may come.
        with self._lock:
            self._request.infer([tensor], share_inputs=True)
            return ModelOutput.from_arrays(
                {name: self._request.get_tensor(tensor_name).data for name, tensor_name in self._outputs.items()}
            )


def _compile(flatbuffer: bytes, threads: int, streams: int) -> "openvino.CompiledModel":
    """streams: how many requests may run at the same time; they share the threads."""
    core = _load_core()
    options = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # Pinned threads of two processes would share one core and leave another idle.
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return core.compile_model(_read_network(core, flatbuffer), "CPU", options)


def _load_core() -> "openvino.Core":
    # A bare `import openvino` starts a process that reports to Google Analytics, and leaves an identifier in the
    # home folder. Without this module it goes on in silence. A program that imported OpenVINO itself made its choice.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError(
            f"the engine openvino needs OpenVINO, which cannot be imported ({error}): "
            f"{install_command('openvino')}, or choose the engine litert"
        ) from None
    return openvino.Core()


def _read_network(core: "openvino.Core", flatbuffer: bytes) -> "openvino.Model":
    # OpenVINO knows the format by a file's ending alone and refuses bytes. The folder is this user's alone.
    try:
        with tempfile.TemporaryDirectory(prefix="brain-tumor-") as folder:
            file = Path(folder, "network.tflite")
            file.write_bytes(flatbuffer)
            network = core.read_model(file)
    except OSError as error:
        raise ModelFileError(
            f"OpenVINO needs a file of {len(flatbuffer) / 1e6:.0f} MB for a moment, and the temporary folder does not "
            f"take it ({error.strerror}); let TMPDIR name a folder with room, or choose the engine litert"
        ) from None
    _straighten_depthwise_kernels(network)
    return network


def _straighten_depthwise_kernels(network: "openvino.Model") -> None:
    """Put each depthwise kernel of eight bits into the form that the operator wants.

    The reader turns the file's (1, rows, columns, channels) into (channels, 1, 1, rows, columns) by operators behind
    the scale. OpenVINO does not look for eight bits behind those, and would compute all depthwise layers in float32.
    """
    from openvino import opset13 as operators

    for layer in network.get_ops():
        if layer.get_type_name() != "GroupConvolution":
            continue
        kernel = layer.input_value(1).get_node()
        while kernel.get_type_name() in ("Transpose", "Unsqueeze", "Reshape"):
            kernel = kernel.input_value(0).get_node()
        if kernel.get_type_name() != "Multiply":
            continue
        stored, scale = (kernel.input_value(port).get_node() for port in (0, 1))
        if stored.get_type_name() == "Convert":
            stored = stored.input_value(0).get_node()
        if any(item.get_type_name() != "Constant" for item in (stored, scale)) or stored.data.dtype != np.int8:
            continue
        shape = layer.input_value(1).get_shape()
        values = np.moveaxis(stored.data, -1, 0).reshape(shape)
        scales = np.moveaxis(scale.data, -1, 0).reshape([len(values), 1, 1, 1, 1])
        straight = operators.multiply(operators.convert(operators.constant(values), "f32"), operators.constant(scales))
        layer.input(1).replace_source_output(straight.output(0))
