"""What one forward pass says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from brain_tumor.input.scan import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutput:
    """The network's own numbers for one image, never edited afterwards."""

    logits: FloatArray  # (classes,), in the card's class order, before the temperature
    probabilities: FloatArray  # (classes,), softmax of logits / temperature, sums to 1
    gate_scores: FloatArray  # (scores,), higher is more like a brain MRI; the card names each

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> Self:
        """Take the outputs of a batch of one, by name; raises KeyError where one is missing."""
        return cls(*(np.array(arrays[name][0]) for name in ("logits", "probabilities", "gate_scores")))
