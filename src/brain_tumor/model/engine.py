"""What every engine has in common: it runs one network, and only after it answered the golden input right."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from brain_tumor.errors import ModelFileError, ScanError
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.model_file import ModelFile
from brain_tumor.model.output import ModelOutput
from brain_tumor.model.threads import choose_threads


class Engine(ABC):
    """Runs one model file's network; safe to call from many threads."""

    name: ClassVar[str]  # of the library, as people know it
    package: ClassVar[str]  # as pip knows it

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        """Build the network and check it against the file's golden input.

        threads: for one forward pass; None for choose_threads(). Raises ModelFileError when the library
        refuses the network or computes another answer than the exporter did.
        """
        try:
            # The bytes, not the path: what was checked is what runs.
            self._build(model.flatbuffer, threads or choose_threads())
            self._check_golden(model)
        except (ValueError, RuntimeError, TypeError, KeyError, MemoryError, ScanError) as error:
            raise ModelFileError(
                f"{model.card.model_id}: {self.name} cannot run this network ({error}); export the model again"
            ) from None

    @abstractmethod
    def _build(self, flatbuffer: bytes, threads: int) -> None:
        """Get ready to run; raises what the library raises."""

    @abstractmethod
    def run(self, tensor: FloatArray) -> ModelOutput:
        """One forward pass; tensor: (1, side, side, 3), float32, 0 to 1."""

    def _check_golden(self, model: ModelFile) -> None:
        golden = model.card.golden
        output = self.run(to_tensor(read_scan(model.golden_image, golden.member), model.card.input))
        distance = float(np.abs(output.probabilities - np.array(golden.probabilities)).max())
        if not distance <= golden.tolerance:  # also true for NaN
            raise ModelFileError(
                f"{model.card.model_id}: this machine computes other probabilities for the golden input "
                f"(off by {distance:.3f}, allowed {golden.tolerance}); "
                f"update {self.package} or report the processor"
            )
