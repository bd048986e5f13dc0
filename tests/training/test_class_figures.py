import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.labels import Label
from brain_tumor_training.class_figures import ClassFigures

CLASSES = (Label("a", True), Label("b", True), Label("c", False))
POSSIBLE = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], np.float32)  # the last is of unknown type
PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.4, 0.3, 0.3], [0.6, 0.4, 0.0], [0.0, 0.1, 0.9], [0.9, 0.1, 0.0]], np.float32
)


def test_confusions_are_of_images_whose_class_is_known() -> None:
    metric = ClassFigures(CLASSES)
    metric.update_state(POSSIBLE[:2], PROBABILITIES[:2])
    metric.update_state(POSSIBLE[2:], PROBABILITIES[2:])
    assert metric.to_confusions().tolist() == [[2, 0, 0], [1, 0, 0], [0, 0, 1]]
    found = {name: float(value) for name, value in metric.result().items()}
    assert found["precision_a"] == pytest.approx(2 / 3)
    assert found["recall_a"] == 1
    assert (found["precision_b"], found["recall_b"], found["recall_c"]) == (0, 0, 1)


def test_over_all_classes_it_says_what_keras_says() -> None:
    metric = ClassFigures(CLASSES)
    metric.update_state(POSSIBLE, PROBABILITIES)
    for name, of_keras in (("precision", keras.metrics.Precision()), ("recall", keras.metrics.Recall())):
        of_keras.update_state(POSSIBLE[:4], PROBABILITIES[:4])
        assert float(metric.result()[name]) == pytest.approx(float(of_keras.result()))
