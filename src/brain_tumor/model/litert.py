"""The adapter of LiteRT."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from brain_tumor.input.scan import FloatArray
from brain_tumor.model.engine import Engine
from brain_tumor.model.output import ModelOutput

_STANDARD_ERROR = 2
_writing_nothing = threading.Lock()  # two engines at once would restore each other's silence


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps LiteRT from writing "Created TensorFlow Lite XNNPACK delegate" between a program's own lines.

    It writes to the process's standard error, past Python, and has no switch. Errors come as exceptions all the same.
    """
    with _writing_nothing:
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:  # a service may have closed it
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nothing:
                os.dup2(nothing.fileno(), _STANDARD_ERROR)
            yield
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)


class LiteRTEngine(Engine):
    """Runs the network with LiteRT: starts at once, takes least memory, is what the published figures come from."""

    name, package = "LiteRT", "ai-edge-litert"
    split_after = 64  # a tenth of a second for each, and 1 or 2 ms per image that they save

    def _build(self, flatbuffer: bytes, threads: int) -> None:
        self._lock = threading.Lock()
        with _quiet():
            # The interpreter reads the bytes in place and keeps them alive.
            self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
            self._interpreter.allocate_tensors()  # which is when it writes
            self._runner = self._interpreter.get_signature_runner()

    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass.

        Args:
            tensor: (1, side, side, 3), float32, 0 to 1.
        """
        # Web sessions share one engine, and an interpreter serves one caller at a time.
        with self._lock:
            return ModelOutput.from_arrays(self._runner(image=tensor))


class PlainNetwork:
    """Any TensorFlow Lite network of one image input: numbers in, the numbers of its classes out."""

    def __init__(self, flatbuffer: bytes, threads: int, classes: int) -> None:
        """Build the network.

        Args:
            flatbuffer: of the network.
            threads: for one forward pass.
            classes: which of its outputs counts: the one with so many numbers.

        Raises:
            ValueError: the bytes are no network, or one without such an input or output.
        """
        self._lock = threading.Lock()
        with _quiet():
            try:
                self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
                self._interpreter.allocate_tensors()
            except RuntimeError as error:
                raise ValueError((str(error).splitlines() or ["refused by LiteRT"])[0]) from None
        inputs = [detail for detail in self._interpreter.get_input_details() if len(detail["shape"]) == 4]
        outputs = [detail for detail in self._interpreter.get_output_details() if detail["shape"][-1] == classes]
        if len(inputs) != 1 or not outputs:
            found = [list(map(int, detail["shape"])) for detail in self._interpreter.get_output_details()]
            raise ValueError(f"{len(inputs)} inputs of images, outputs {found}; one of {classes} classes is needed")
        self._input, self._output = inputs[0], outputs[0]
        _, *rest = map(int, self._input["shape"])
        self.channels_first = rest[0] in (1, 3) and rest[2] not in (1, 3)
        self.channels = rest[0] if self.channels_first else rest[2]
        self.rows, self.columns = rest[1:] if self.channels_first else rest[:2]
        if self.channels not in (1, 3) or self.rows != self.columns or self.rows < 2:
            raise ValueError(f"an input of the shape {[1, *rest]}; a square of 1 or 3 channels is needed")

    def answer(self, tensor: FloatArray) -> FloatArray:
        """One forward pass.

        Args:
            tensor: (1, side, side, 3), in the range that the network was trained on.

        Returns:
            (classes,), as the network gives them.
        """
        image = tensor[..., : self.channels]
        if self.channels_first:
            image = np.moveaxis(image, -1, 1)
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], _to_stored(image, self._input))
            self._interpreter.invoke()
            return _from_stored(self._interpreter.get_tensor(self._output["index"]), self._output).reshape(-1)


def _to_stored(values: FloatArray, details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    kind = details["dtype"]
    if np.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        values = np.clip(np.rint(values / scale + zero) if scale else np.rint(values), limits.min, limits.max)
    return np.ascontiguousarray(values.astype(kind))


def _from_stored(values: NDArray[Any], details: Mapping[str, Any]) -> FloatArray:
    scale, zero = details["quantization"]
    found: FloatArray = values.astype(np.float32)
    return (found - np.float32(zero)) * np.float32(scale) if scale else found


def read_output_names(flatbuffer: bytes) -> dict[str, str]:
    """The signature's outputs: name -> name of the tensor in the graph, which is all that other libraries keep.

    Nothing is prepared to run: this takes milliseconds.

    Raises:
        ValueError: the bytes are no network.
    """
    interpreter = Interpreter(
        model_content=flatbuffer, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    details = interpreter.get_signature_runner().get_output_details()
    return {name: str(tensor["name"]) for name, tensor in details.items()}
