"""Answers of Keras and of a converted network, compared: does the file answer as the trained network does?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from brain_tumor.evaluation.metrics import proportion_ci
from brain_tumor.input.scan import FloatArray

# What a conversion may change, from the project's first day: float only rounds, eight-bit weights a little more.
MAX_FLOAT_DIFFERENCE = 0.001  # largest absolute difference of a probability
MIN_SAME_CLASS = 0.99
MAX_ACCURACY_DROP = 0.01
MAX_MEAN_DIFFERENCE = 0.01
# Where the network itself is torn, rounding decides, and the answer is uncertain either way.
TORN_MARGIN = 0.2
MAX_GATE_DIFFERENCE = 0.5  # log-odds; the shipped network differs by 0.2
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Parity:
    """How a converted network compares with the Keras network on the same images.

    Shares have 95 % intervals. A share fails when its whole interval lies beyond the tolerance: less than that is what
    chance does to so many images. The means hardly depend on chance and are compared as they are.
    """

    images: int
    float_max_difference: float  # of a probability, float32 against Keras
    torn: int  # images between whose two likeliest classes Keras leaves less than TORN_MARGIN
    same_class: float  # share of the other images, the conversion against Keras; 1 where there are none
    same_class_interval: tuple[float, float]  # Wilson
    mean_difference: float  # mean absolute difference of probabilities, the conversion against Keras
    gate_difference: float  # mean absolute difference of gate scores, in log-odds, the conversion against Keras
    accuracy_keras: float
    accuracy_exported: float
    accuracy_change_interval: tuple[float, float]  # of exported - Keras, paired

    def failures(self) -> tuple[str, ...]:
        """What is beyond its tolerance, in words; nothing where the conversion answers as Keras does."""
        return tuple(self._failures())

    def holds(self) -> bool:
        """Whether the conversion answers as Keras does."""
        return not self.failures()

    def _failures(self) -> Iterator[str]:
        if self.float_max_difference > MAX_FLOAT_DIFFERENCE:
            yield f"float32 differs by {self.float_max_difference:.4f}, {MAX_FLOAT_DIFFERENCE} is allowed"
        if self.same_class_interval[1] < MIN_SAME_CLASS:
            low, high = self.same_class_interval
            yield f"{self.same_class:.1%} ({low:.1%} to {high:.1%}) have the same class, not {MIN_SAME_CLASS:.0%}"
        if self.accuracy_change_interval[1] < -MAX_ACCURACY_DROP:
            yield f"accuracy falls from {self.accuracy_keras:.1%} to {self.accuracy_exported:.1%}"
        if self.mean_difference > MAX_MEAN_DIFFERENCE:
            yield f"probabilities differ by {self.mean_difference:.3f} in the mean, {MAX_MEAN_DIFFERENCE} is allowed"
        if self.gate_difference > MAX_GATE_DIFFERENCE:
            yield f"gate scores differ by {self.gate_difference:.2f} in the mean, {MAX_GATE_DIFFERENCE} is allowed"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one network says of some images."""

    probabilities: FloatArray  # (images, classes)
    gate_scores: FloatArray  # (images,), log-odds

    def first(self, images: int) -> "Answers":
        """The answers on the first images."""
        return Answers(self.probabilities[:images], self.gate_scores[:images])

    def join(self, others: "Answers") -> "Answers":
        """These answers, then others."""
        return Answers(
            np.concatenate([self.probabilities, others.probabilities]),
            np.concatenate([self.gate_scores, others.gate_scores]),
        )


def tolerances() -> dict[str, float]:
    """What parity allows, for the card."""
    return {
        "float_max_difference": MAX_FLOAT_DIFFERENCE,
        "same_class": MIN_SAME_CLASS,
        "accuracy_drop": MAX_ACCURACY_DROP,
        "mean_difference": MAX_MEAN_DIFFERENCE,
        "gate_difference": MAX_GATE_DIFFERENCE,
        "torn_margin": TORN_MARGIN,
    }


def measure_parity(by_keras: Answers, by_float: Answers, found: Answers, targets: NDArray[np.int64]) -> Parity:
    """Compare networks on the same images, at least one.

    Args:
        by_keras: what was trained.
        by_float: its conversion in float32; may answer the first images alone.
        found: the conversion to judge.
        targets: (images,), class indices.
    """
    truth, ordered = by_keras.probabilities.argmax(axis=1), np.sort(by_keras.probabilities, axis=1)
    answered = found.probabilities.argmax(axis=1)
    clear = ordered[:, -1] - ordered[:, -2] >= TORN_MARGIN
    # A network that is torn everywhere, as one of few images is, has nothing to disagree on.
    same = proportion_ci(int((answered == truth)[clear].sum()), int(clear.sum()))
    right_before, right_after = truth == targets, answered == targets
    first = len(by_float.probabilities)
    return Parity(
        images=len(targets),
        float_max_difference=float(np.abs(by_float.probabilities - by_keras.probabilities[:first]).max()),
        torn=int((~clear).sum()),
        same_class=same.value if same else 1.0,
        same_class_interval=(same.low, same.high) if same else (0.0, 1.0),
        mean_difference=float(np.abs(found.probabilities - by_keras.probabilities).mean()),
        gate_difference=float(np.abs(found.gate_scores - by_keras.gate_scores).mean()),
        accuracy_keras=float(right_before.mean()),
        accuracy_exported=float(right_after.mean()),
        accuracy_change_interval=_paired_interval(
            int((right_after & ~right_before).sum()), int((right_before & ~right_after).sum()), len(targets)
        ),
    )


def describe_failures(tried: Mapping[str, Parity | str]) -> str:
    """Each conversion that was tried and what is wrong with it, in words."""
    return "; ".join(
        f"{name}: {found if isinstance(found, str) else ', '.join(found.failures())}" for name, found in tried.items()
    )


def _paired_interval(gained: int, lost: int, images: int) -> tuple[float, float]:
    """95 % interval of a difference of two shares of the same images.

    Source: Agresti and Min 2005, Statistics in Medicine 24:729.
    """
    # Half an image more in each of the four cells.
    more, less, total = gained + 0.5, lost + 0.5, images + 2
    difference = (more - less) / total
    half = _NORMAL_95 * sqrt(more + less - (more - less) ** 2 / total) / total
    return max(difference - half, -1.0), min(difference + half, 1.0)
