"""What a model file computes: one image in, all outputs of one forward pass out, in TensorFlow."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.convert import to_flatbuffer
from brain_tumor_training.decision_file import Decision
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.network import build_head_logits, find_location_head, take_apart
from brain_tumor_training.objectives import class_weights, saliency_maps
from brain_tumor_training.recipes import FLOAT32

_OUTPUTS = {
    "logits": "(1, classes), before the temperature, in the order of labels.txt",
    "probabilities": "(1, classes), softmax of logits / temperature, never edited",
    "gate_scores": "(1, 2), first the log-odds that the image is what the model looks at, such as a brain MRI: a "
    "linear head on average-pooled features of four depths; then how like the training images it is, 0 or less: minus "
    "the squared distance of these features to the nearest of some prototypes, along the directions in which training "
    "images differ",
    "saliency": "(1, rows, columns, classes), 0 or more, per class: d (logit - mean of the logits) / d map times "
    "map, summed over the last feature maps, ReLU (HiResCAM); what drove the answer, not where a tumor ends",
    "location": "(1, rows, columns), 0 to 1: probability that a tumor box covers the cell, trained with boxes",
}


class Serving:
    """The function of a model file, made of a network and the numbers of a decision."""

    def __init__(
        self, model: keras.Model, decision: Decision, familiarity: Familiarity, contract: InputContract
    ) -> None:
        """Take a network from fit() or finetune() and the numbers from fit_decision()."""
        self._familiarity = familiarity
        self.backbone, head = take_apart(model)
        self.head_logits = build_head_logits(head)
        self.location_head = find_location_head(model)
        self.side_px = contract.side_px
        self._temperature = decision.temperature
        self._gate_weights = np.array(decision.gate_weights, np.float32)[:, np.newaxis]
        self._gate_bias = np.float32(decision.gate_bias)
        # As a graph, which leaves out the maps that nobody reads here and gives memory back between its layers.
        image = tf.TensorSpec((None, self.side_px, self.side_px, 3), tf.float32)
        self._answer = tf.function(self._probabilities_and_scores, input_signature=[image])

    def outputs(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """The arrays that the card names, for n images.

        Args:
            image: (n, side, side, 3), 0 to 1.
        """
        features = self.backbone(image, training=False)
        logits = self.head_logits(features["maximum"])
        direction = tf.math.l2_normalize(features["average"], axis=-1)
        outputs = {
            "logits": logits,
            "probabilities": tf.nn.softmax(logits / self._temperature),
            "gate_scores": tf.concat(
                [tf.linalg.matmul(direction, self._gate_weights) + self._gate_bias, self._score(direction)], axis=1
            ),
            "saliency": saliency_maps(
                class_weights(self.head_logits, features["maximum"]), features["maps"], features["maximum"]
            ),
        }
        if self.location_head is not None:
            outputs["location"] = tf.nn.sigmoid(self.location_head(tf.nn.relu(features["detail"]))[..., 0])
        return outputs

    def freeze(self) -> tuple[Any, str, dict[str, str]]:
        """All outputs of one image as a graph of TensorFlow whose weights are constants.

        Returns:
            The graph's definition, the name of its input, and output by the name of the card -> name in the graph.
        """
        image = tf.TensorSpec((1, self.side_px, self.side_px, 3), tf.float32, name="image")
        function = tf.function(self.outputs, input_signature=[image]).get_concrete_function()
        frozen = convert_variables_to_constants_v2(function)
        names = sorted(function.structured_outputs)  # as TensorFlow flattens them
        outputs = dict(zip(names, (tensor.name for tensor in frozen.outputs), strict=True))
        return frozen.graph.as_graph_def(), frozen.inputs[0].name, outputs

    def answer(self, batch: FloatArray) -> FloatArray:
        """What Keras says of images, (n, side, side, 3), 0 to 1: (n, classes + 2), probabilities, then gate scores."""
        return np.asarray(self._answer(tf.constant(batch)))

    def _probabilities_and_scores(self, image: tf.Tensor) -> tf.Tensor:
        outputs = self.outputs(image)
        return tf.concat([outputs["probabilities"], outputs["gate_scores"]], axis=1)

    def _score(self, direction: tf.Tensor) -> tf.Tensor:
        """Familiarity.score in the graph, (n, 1): squares of a difference as products, which are matrices."""
        known = self._familiarity
        # In float32 the centre is taken off first: the products would cancel what is left.
        projected = tf.linalg.matmul(direction - known.centre, known.directions)
        nearest = 2 * tf.linalg.matmul(projected, known.prototypes.T) - (known.prototypes**2).sum(axis=1)
        return tf.reduce_max(nearest, axis=1, keepdims=True) - tf.reduce_sum(projected**2, axis=1, keepdims=True)

    @property
    def meanings(self) -> dict[str, str]:
        """What each output means, for the card."""
        return {name: text for name, text in _OUTPUTS.items() if name != "location" or self.location_head is not None}


def convert(serving: Serving, stored: str = FLOAT32) -> bytes:
    """A TensorFlow Lite flatbuffer whose weights are stored as to_flatbuffer says."""
    parts = [serving.backbone, serving.head_logits]
    if serving.location_head is not None:
        parts.append(serving.location_head)
    return to_flatbuffer(serving.outputs, parts, serving.side_px, stored=stored)
