"""What every engine has in common: it runs one network, and only after it answered the golden input right."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import numpy as np

from brain_tumor.errors import ModelFileError, ScanError
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.model_file import ModelFile
from brain_tumor.model.output import ModelOutput
from brain_tumor.model.threads import choose_threads

# Largest difference of a gate score, in log-odds, between an engine and the exporter. It is above the 0.45 that engines
# differ by on real images (docs/performance.md), and less than what most scores lose with the gate's weights.
GATE_TOLERANCE = 0.6


class Engine(ABC):
    """Runs one model file's network; safe to call from many threads."""

    name: ClassVar[str]  # of the library, as people know it
    package: ClassVar[str]  # as pip knows it
    split_after: ClassVar[int]  # images of one batch, from which on split() pays for itself
    threads: int  # for one forward pass

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        """Build the network and check it against the file's golden input.

        Args:
            model: of `load_model_file`.
            threads: for one forward pass; None for choose_threads().

        Raises:
            ModelFileError: the library refuses the network, or computes another answer than the exporter did.
        """
        self._model = model
        self.threads = threads or choose_threads()
        with self._refusals():
            # The bytes, not the path: what was checked is what runs.
            self._build(model.flatbuffer, self.threads)
            self._check_golden(model)

    def split(self) -> Sequence["Engine"]:
        """Engines of one thread each, as many as this one has threads, for as many images at once.

        Many images are answered sooner so: the threads of one pass wait for each other after every layer.

        Raises:
            ModelFileError: one of them answers the golden input otherwise.
        """
        return [type(self)(self._model, threads=1) for _ in range(self.threads)]

    @abstractmethod
    def _build(self, flatbuffer: bytes, threads: int) -> None:
        """Get ready to run; raises what the library raises."""

    @abstractmethod
    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass.

        Args:
            tensor: (1, side, side, 3), float32, 0 to 1.
        """

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the library raises inside becomes a ModelFileError."""
        try:
            yield
        except (ValueError, RuntimeError, TypeError, LookupError, MemoryError, ScanError) as error:
            why = " ".join(str(error).split())  # libraries write over several lines
            raise ModelFileError(
                f"{self._model.card.model_id}: {self.name} cannot run this network ({why}); export the model again"
            ) from None

    def _check_golden(self, model: ModelFile) -> None:
        golden = model.card.golden
        output = self.run(to_tensor(read_scan(model.golden_image, golden.member), model.card.input))
        output.check(len(model.card.rules.order))
        self._compare(model, "probabilities", output.probabilities, golden.probabilities, golden.tolerance)
        if golden.gate_scores:  # the exporter asks before it knows them
            self._compare(model, "gate scores", output.gate_scores, golden.gate_scores, GATE_TOLERANCE)

    def _compare(
        self, model: ModelFile, what: str, found: FloatArray, golden: tuple[float, ...], tolerance: float
    ) -> None:
        if found.shape != (len(golden),):
            raise ValueError(f"it gives {found.size} {what}, its card {len(golden)}")
        distance = float(np.abs(found - np.array(golden)).max())
        if not distance <= tolerance:  # also true for NaN
            raise ModelFileError(
                f"{model.card.model_id}: this machine computes other {what} for the golden input "
                f"(off by {distance:.3f}, allowed {tolerance}); "
                f"update {self.package} or report the processor"
            )
