"""The adapter of LiteRT."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter, OpResolverType

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
        """One forward pass; tensor: (1, side, side, 3), float32, 0 to 1."""
        # Web sessions share one engine, and an interpreter serves one caller at a time.
        with self._lock:
            return ModelOutput.from_arrays(self._runner(image=tensor))


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
