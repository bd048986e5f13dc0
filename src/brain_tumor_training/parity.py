"""Answers of Keras and of a converted network, compared: does the file answer as the trained network does?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brain_tumor.input.scan import FloatArray

# What a conversion may change, from the project's first day: float only rounds, eight-bit weights a little more.
MAX_FLOAT_DIFFERENCE = 0.001  # largest absolute difference of a probability
MIN_SAME_CLASS = 0.99
MAX_MEAN_DIFFERENCE = 0.01
# Where the network itself is torn, rounding decides, and the answer is uncertain either way.
TORN_MARGIN = 0.2
MAX_GATE_DIFFERENCE = 0.5  # log-odds; the shipped network differs by 0.2


@dataclass(frozen=True, slots=True)
class Parity:
    """How the converted network compares with the Keras network on the same images."""

    images: int
    float_max_difference: float
    torn: int  # images between whose two likeliest classes Keras leaves less than TORN_MARGIN
    same_class: float  # share of the other images, eight bits against Keras
    mean_difference: float  # mean absolute difference of probabilities, eight bits against Keras
    gate_difference: float  # mean absolute difference of gate scores, in log-odds, eight bits against Keras
    accuracy_keras: float
    accuracy_exported: float

    def holds(self) -> bool:
        """Whether both conversions answer as Keras does."""
        return (
            self.float_max_difference <= MAX_FLOAT_DIFFERENCE
            and self.same_class >= MIN_SAME_CLASS
            and self.mean_difference <= MAX_MEAN_DIFFERENCE
            and self.gate_difference <= MAX_GATE_DIFFERENCE
        )


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one network says of some images."""

    probabilities: FloatArray  # (images, classes)
    gate_scores: FloatArray  # (images,), log-odds


def measure_parity(
    by_keras: Answers, by_float: Answers, converted: Mapping[str, Answers], targets: NDArray[np.int64]
) -> dict[str, Parity]:
    """Compare networks on the same images.

    Args:
        by_keras: what was trained.
        by_float: its conversion in float32.
        converted: the conversions to judge, by name.
        targets: (images,), class indices.
    """
    truth, ordered = by_keras.probabilities.argmax(axis=1), np.sort(by_keras.probabilities, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] >= TORN_MARGIN
    return {
        name: Parity(
            images=len(targets),
            float_max_difference=float(np.abs(by_float.probabilities - by_keras.probabilities).max()),
            torn=int((~clear).sum()),
            # A network that is torn everywhere, as one of few images is, has nothing to disagree on.
            same_class=float((found.probabilities.argmax(axis=1) == truth)[clear].mean()) if clear.any() else 1.0,
            mean_difference=float(np.abs(found.probabilities - by_keras.probabilities).mean()),
            gate_difference=float(np.abs(found.gate_scores - by_keras.gate_scores).mean()),
            accuracy_keras=float((truth == targets).mean()),
            accuracy_exported=float((found.probabilities.argmax(axis=1) == targets).mean()),
        )
        for name, found in converted.items()
    }
