"""The door to LiteRT."""

import threading

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from brain_tumor.input.scan import FloatArray
from brain_tumor.model.engine import Engine
from brain_tumor.model.output import ModelOutput


class LiteRTEngine(Engine):
    """Runs the network with LiteRT: starts at once, takes least memory, is what the published figures come from."""

    name, package = "LiteRT", "ai-edge-litert"
    split_after = 64  # a tenth of a second for each, and 1 or 2 ms per image that they save

    def _build(self, flatbuffer: bytes, threads: int) -> None:
        self._lock = threading.Lock()
        # The interpreter reads the bytes in place and keeps them alive.
        self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
        self._runner = self._interpreter.get_signature_runner()

    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass; tensor: (1, side, side, 3), float32, 0 to 1."""
        # Web sessions share one engine, and an interpreter serves one caller at a time.
        with self._lock:
            return ModelOutput.from_arrays(self._runner(image=tensor))


def read_output_names(flatbuffer: bytes) -> dict[str, str]:
    """The signature's outputs: name -> name of the tensor in the graph, which is all that other libraries keep.

    Raises ValueError for bytes that are no network. Nothing is prepared to run: this takes milliseconds.
    """
    interpreter = Interpreter(
        model_content=flatbuffer, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    details = interpreter.get_signature_runner().get_output_details()
    return {name: str(tensor["name"]) for name, tensor in details.items()}
