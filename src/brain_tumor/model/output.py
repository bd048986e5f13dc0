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
    # A network computes both maps, one or none in the same forward pass; None: it has no such output.
    saliency: FloatArray | None = None  # (rows, columns, classes), 0 or more, in the card's class order
    location: FloatArray | None = None  # (rows, columns), 0 to 1, probability that a tumor is in this cell

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> Self:
        """Take the outputs of a batch of one, by name.

        Raises:
            KeyError: one is missing that is no map.
        """
        maps = [name for name in ("saliency", "location") if name in arrays]
        return cls(**{name: np.array(arrays[name][0]) for name in ("logits", "probabilities", "gate_scores", *maps)})

    def check(self, classes: int) -> None:
        """Compare the outputs with what they should be.

        Args:
            classes: how many the card has.

        Raises:
            ValueError: an output has another shape or type, or is not finite.
        """
        shapes = {
            "logits": (classes,),
            "probabilities": (classes,),
            "gate_scores": (None,),
            "saliency": (None, None, classes),
            "location": (None, None),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is None:
                continue
            fits = values.ndim == len(shape) and values.size and values.dtype == np.float32
            if not fits or any(want not in (None, found) for want, found in zip(shape, values.shape, strict=True)):
                raise ValueError(f"its output {name} is {values.dtype} of the shape {values.shape}")
            if not np.isfinite(values).all():
                raise ValueError(f"its output {name} is not finite")
