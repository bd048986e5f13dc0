"""Precision and recall over a whole epoch, of all classes and of each, out of one count of confusions."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from brain_tumor.labels import Label

Tensor = Any  # of whatever backend Keras runs on


class ClassFigures(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """Counts images whose class is known; its result is a dict with the names that network.compile_for gives.

    Keras' own Precision and Recall, two for each class, count the same and take many times the operations.
    """

    def __init__(self, classes: Sequence[Label]) -> None:
        """Begin to count.

        Args:
            classes: in the order of the network's outputs.
        """
        super().__init__(name="class_figures")
        self._slugs = tuple(label.slug for label in classes)
        size = len(self._slugs)
        self.confusions = self.add_variable((size, size), "zeros", name="confusions")
        # Answers with more than a half of the probability, which are what precision and recall of all classes take:
        # the right ones, then all.
        self.sure = self.add_variable((2,), "zeros", name="sure")

    def update_state(self, possible: Tensor, probabilities: Tensor, sample_weight: None = None) -> None:
        """Count a batch.

        Args:
            possible: (n, classes), 1 for each class that the label leaves open, else 0.
            probabilities: (n, classes).
            sample_weight: is not taken; Keras has it in its signature.
        """
        is_known = ops.cast(ops.sum(possible, axis=-1, keepdims=True) == 1, "float32")
        truth = ops.cast(possible, "float32") * is_known
        likeliest = ops.one_hot(ops.argmax(probabilities, axis=-1), len(self._slugs), dtype="float32")
        self.confusions.assign_add(ops.matmul(ops.transpose(truth), likeliest))
        sure = ops.cast(probabilities > 0.5, "float32") * is_known
        self.sure.assign_add(ops.stack([ops.sum(sure * truth), ops.sum(sure)]))

    def result(self) -> dict[str, Tensor]:
        """Precision and recall, 0 to 1; 0 where nothing was counted."""
        right, answered, true = (
            ops.diagonal(self.confusions),
            ops.sum(self.confusions, axis=0),
            ops.sum(self.confusions, axis=1),
        )
        return {
            "precision": _share(self.sure[0], self.sure[1]),
            "recall": _share(self.sure[0], ops.sum(true)),
            **{f"precision_{slug}": _share(right[index], answered[index]) for index, slug in enumerate(self._slugs)},
            **{f"recall_{slug}": _share(right[index], true[index]) for index, slug in enumerate(self._slugs)},
        }

    def to_confusions(self) -> NDArray[np.int64]:
        """Images, (true class, likeliest class), of what was counted last."""
        counted: NDArray[np.int64] = np.rint(ops.convert_to_numpy(self.confusions)).astype(np.int64)
        return counted


def _share(part: Tensor, whole: Tensor) -> Tensor:
    return part / ops.maximum(whole, 1.0)
