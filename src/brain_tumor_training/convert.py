"""A function of Keras layers -> a TensorFlow Lite flatbuffer."""

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from brain_tumor_training.recipes import FLOAT16, FLOAT32


def to_flatbuffer(
    function: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    parts: Sequence[keras.Model],
    side_px: int,
    *,
    stored: str = FLOAT32,
) -> bytes:
    """Convert what a function computes of one image.

    Args:
        function: of an image, (1, side, side, 3), which the file calls ``image``; its keys name the outputs.
        parts: every model whose weights the function uses.
        side_px: of the image.
        stored: FLOAT32; FLOAT16 stores weights in half the bytes, DYNAMIC_RANGE in a quarter of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        # A saved model keeps the names of the outputs, which a bare function loses. Keras must write it:
        # tf.saved_model alone does not find Keras 3's variables, and the converted weights are lost.
        archive: Any = keras.export.ExportArchive()
        for part in parts:
            archive.track(part)
        image = tf.TensorSpec((1, side_px, side_px, 3), tf.float32, name="image")
        archive.add_endpoint("serve", function, [image])
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if stored != FLOAT32:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if stored == FLOAT16:
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())
