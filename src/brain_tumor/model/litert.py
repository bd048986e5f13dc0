"""The door to LiteRT."""

import os
import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from brain_tumor.errors import ModelFileError, ScanError
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.model_file import ModelFile
from brain_tumor.model.output import ModelOutput

# More threads than this gain little on one 299 x 299 image and take cores from a server's other work.
MAX_THREADS = 4


class LiteRTEngine:
    """Runs one model file's network; safe to call from many threads."""

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        """Build the interpreter and check it against the file's golden input.

        threads: None for one per core, at most MAX_THREADS. Raises ModelFileError when LiteRT refuses the
        network or computes another answer than the exporter did.
        """
        self._lock = threading.Lock()
        try:
            # The bytes, not the path: what was checked is what runs. The reference keeps them alive.
            self._interpreter = Interpreter(
                model_content=model.flatbuffer, num_threads=threads or min(os.cpu_count() or 1, MAX_THREADS)
            )
            self._runner = self._interpreter.get_signature_runner()
            self._check_golden(model)
        except (ValueError, RuntimeError, TypeError, KeyError, MemoryError, ScanError) as error:
            raise ModelFileError(
                f"{model.card.model_id}: LiteRT cannot run this network ({error}); export the model again"
            ) from None

    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass; tensor: (1, side, side, 3), float32, 0 to 1."""
        # Web sessions share one engine, and an interpreter serves one caller at a time.
        with self._lock:
            return ModelOutput.from_arrays(self._runner(image=tensor))

    def _check_golden(self, model: ModelFile) -> None:
        golden = model.card.golden
        output = self.run(to_tensor(read_scan(model.golden_image, golden.member), model.card.input))
        distance = float(np.abs(output.probabilities - np.array(golden.probabilities)).max())
        if not distance <= golden.tolerance:  # also true for NaN
            raise ModelFileError(
                f"{model.card.model_id}: this machine computes other probabilities for the golden input "
                f"(off by {distance:.3f}, allowed {golden.tolerance}); "
                "update ai-edge-litert or report the processor"
            )
