import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="makes the networks")

import tensorflow as tf

from brain_tumor.model.litert import PlainNetwork


def make_network(side: int = 4, channels: int = 3, classes: int = 4, first: bool = False) -> bytes:
    """A network that answers with the means of its image, one after the other class times its number."""
    shape = (1, channels, side, side) if first else (1, side, side, channels)
    factors = tf.range(1.0, classes + 1)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])  # type: ignore[untyped-decorator]
    def answer(image: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(image) * factors[tf.newaxis]

    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([answer.get_concrete_function()]).convert())


@pytest.mark.parametrize(("channels", "first"), [(3, False), (1, False), (3, True)])
def test_a_network_of_any_layout_is_asked(channels: int, first: bool) -> None:
    network = PlainNetwork(make_network(channels=channels, first=first), 1, 4)
    assert (network.rows, network.channels) == (4, channels)
    assert network.answer(np.full((1, 4, 4, 3), 0.5, np.float32)) == pytest.approx([0.5, 1.0, 1.5, 2.0])


def test_a_network_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="one of 5 classes is needed"):
        PlainNetwork(make_network(), 1, 5)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        PlainNetwork(b"\x1c\0\0\0TFL3 and more", 1, 4)
