"""A network from elsewhere, without a card: a person says how it takes images, and it is measured as ours is."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import log_softmax

from brain_tumor.classifier import Classifier
from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.evaluation.metrics import IntArray
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label, find_class
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.litert import PlainNetwork
from brain_tumor.model.output import ModelOutput
from brain_tumor.model.threads import choose_threads

# Pixels from 0 to 1 -> what a network was trained on: factor and offset, a number for each channel.
PREPROCESSING: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "unit": ((1.0,) * 3, (0.0,) * 3),
    "tf": ((2.0,) * 3, (-1.0,) * 3),
    "bytes": ((255.0,) * 3, (0.0,) * 3),
    # Keras' "caffe" mode: BGR order, which grey pictures do not show, less ImageNet's means.
    "caffe": ((255.0,) * 3, (-103.939, -116.779, -123.68)),
    # torchvision: (x - mean) / deviation.
    "torch": (
        (1 / 0.229, 1 / 0.224, 1 / 0.225),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
}
# Another order of the classes must be so much better before it is named: no network errs so by itself.
_BETTER = 0.25
_NO_GATE = -1e9


class _ForeignEngine:
    """Stands where an engine stands, for a network that gives nothing but its classes."""

    def __init__(self, network: PlainNetwork, preprocessing: str) -> None:
        factor, offset = PREPROCESSING[preprocessing]
        self._network = network
        self._factor, self._offset = np.array(factor, np.float32), np.array(offset, np.float32)

    def run(self, tensor: FloatArray) -> ModelOutput:
        found = self._network.answer(tensor * self._factor + self._offset)
        # Probabilities add up to 1; what does not is logits.
        if found.min() >= 0 and abs(float(found.sum()) - 1) < 0.02:
            logits = np.log(np.maximum(found, np.float32(1e-9))).astype(np.float32)
        else:
            logits = found
        probabilities = np.exp(log_softmax(logits.astype(np.float64))).astype(np.float32)
        return ModelOutput(logits, probabilities, np.zeros(1, np.float32))


def load_foreign(path: Path, preprocessing: str, classes: Sequence[str] = (), threads: int | None = None) -> Classifier:
    """A TensorFlow Lite network of any origin as a classifier that rejects nothing and is never in doubt.

    Args:
        path: of the network.
        preprocessing: a key of PREPROCESSING.
        classes: in the order of its outputs; without any, this project's in alphabetical order, which is what Keras'
            and torchvision's loaders make of folders.
        threads: for one forward pass; None chooses for the machine.

    Raises:
        ModelFileError: the file cannot be read, or is no such network.
        DatasetError: a class is none of this project's, or named twice.
    """
    order = to_order(classes)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}); give a .tflite file") from None
    if not content[4:8] == b"TFL3":
        raise ModelFileError(
            f"{path}: is no TensorFlow Lite network; a Keras file becomes one with "
            "tf.lite.TFLiteConverter.from_keras_model(model).convert()"
        )
    try:
        network = PlainNetwork(content, threads or choose_threads(), len(order))
    except ValueError as error:
        raise ModelFileError(f"{path}: cannot be measured ({error})") from None
    digest = hashlib.sha256(content).hexdigest()
    card = Card(
        model_id=f"{path.stem}-{digest[:8]}",
        created=datetime.now(UTC).date().isoformat(),
        flatbuffer_sha256=digest,
        flatbuffer_bytes=len(content),
        input=InputContract(side_px=network.rows),
        outputs={"probabilities": "of its classes"},
        temperature=1.0,
        rules=Rules(order, min_gate_score=_NO_GATE, max_chroma=1.0, min_probability=0.0, min_margin=0.0),
        golden=Golden("", (), (), 1.0),
        about={},
    )
    return Classifier(_ForeignEngine(network, preprocessing), card)  # type: ignore[arg-type]  # run() is all it needs


def to_order(classes: Sequence[str]) -> tuple[Label, ...]:
    """The classes of a person's words; raises DatasetError for one that is unknown or there twice."""
    if not classes:
        return LABELS
    order = [find_class(name, LABELS) for name in classes]
    if None in order or len(set(order)) < len(LABELS) or len(order) != len(LABELS):
        raise DatasetError(
            f"--classes {','.join(classes)}: {', '.join(LABELS)} are needed once each, in the order of the outputs"
        )
    return tuple(label for label in order if label)


def check_class_order(matrix: IntArray, order: Sequence[Label], display: Sequence[Label]) -> str | None:
    """Whether the classes seem to stand in another order than was said: a sentence for the report, or None.

    Args:
        matrix: (true class, final class), in images, in the order of display.
        order: of the network's outputs, as was said.
        display: the classes.
    """
    truths, named = linear_sum_assignment(-matrix)
    right, best = np.trace(matrix) / matrix.sum(), matrix[truths, named].sum() / matrix.sum()
    if best - right < _BETTER:
        return None
    meant = {display[int(given)]: display[int(true)] for true, given in zip(truths, named, strict=True)}
    better = ",".join(meant[label].slug for label in order)
    return (
        f"The classes may stand in another order: as {better} the accuracy would be {best:.1%}, not {right:.1%}; "
        f"if that is so, say --classes {better}."
    )
