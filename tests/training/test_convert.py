import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow has no build for this Python")

import keras
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from brain_tumor_training.convert import to_flatbuffer
from brain_tumor_training.recipes import DYNAMIC_RANGE, FLOAT32

SIDE = 8


def convert(*, stored: str = FLOAT32, units: int = 3) -> tuple[keras.Model, bytes]:
    """A dense layer on the flat image, and its flatbuffer."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(image, keras.layers.Dense(units)(keras.layers.Flatten()(image)))

    def outputs(image: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = model(image, training=False)
        return {"scores": scores, "highest": tf.reduce_max(scores, axis=1)}

    return model, to_flatbuffer(outputs, [model], SIDE, stored=stored)


def answer(flatbuffer: bytes, image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = Interpreter(model_content=flatbuffer).get_signature_runner()(image=image)
    return found


def test_the_file_computes_what_the_function_does_and_keeps_its_names() -> None:
    model, flatbuffer = convert()
    image = np.random.default_rng(0).random((1, SIDE, SIDE, 3), np.float32)
    found = answer(flatbuffer, image)
    assert set(found) == {"scores", "highest"}
    expected = np.asarray(model(image))
    assert found["scores"] == pytest.approx(expected, abs=1e-5)
    assert found["highest"] == pytest.approx(expected.max(axis=1), abs=1e-5)


def test_weights_in_eight_bits_take_a_quarter() -> None:
    exact, light = (convert(stored=stored, units=256)[1] for stored in (FLOAT32, DYNAMIC_RANGE))
    assert len(light) < 0.35 * len(exact)
