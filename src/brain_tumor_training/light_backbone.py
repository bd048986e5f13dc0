"""The backbone in eight bits, as the model file has it: its features, several times as fast as Keras computes them."""

from collections.abc import Sequence

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from brain_tumor.input.scan import FloatArray
from brain_tumor.model.threads import choose_threads
from brain_tumor_training.convert import to_flatbuffer
from brain_tumor_training.quantize import quantize_static

_FEATURES = ("maximum", "average")


class LightBackbone:
    """Stands in for a Keras backbone where only its pooled features are asked for.

    Thresholds and gate that are fitted on these features meet the same rounding in the exported file.
    """

    def __init__(self, backbone: keras.Model, images: Sequence[FloatArray]) -> None:
        """Convert a backbone; images: as for quantize_static."""

        def features(image: object) -> dict[str, object]:
            outputs = backbone(image, training=False)
            return {name: outputs[name] for name in _FEATURES}

        exact = to_flatbuffer(features, [backbone], backbone.input_shape[1])
        self._interpreter = Interpreter(model_content=quantize_static(exact, images), num_threads=choose_threads())
        self._runner = self._interpreter.get_signature_runner()

    def predict_on_batch(self, batch: FloatArray) -> dict[str, FloatArray]:
        """(n, side, side, 3) -> ``maximum`` (n, 2048), ``average`` (n, 4528), image by image."""
        found = [self._runner(image=image[np.newaxis]) for image in batch]
        return {name: np.concatenate([item[name].copy() for item in found]) for name in _FEATURES}
