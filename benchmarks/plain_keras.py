"""What a tutorial does with a folder of class folders: the plain counterpart of README's training list.

    python benchmarks/plain_keras.py DIR --weights xception.weights.h5 --epochs 10 --out OUT

Keras' own reading, augmentation and training of a head on a frozen Xception, TensorFlow's own conversion with eight-bit
weights, and TensorFlow Lite's answer for every image. Nothing of this project is used. OUT gets model.keras,
saved/, model.tflite and answers.csv; the accuracy of the test part is printed.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

BATCH = 32
# As brain-tumor-train fit draws them from folders without parts.
HELD_BACK = 0.15


def main(argv: Sequence[str] | None = None) -> int:
    """Train, evaluate, convert, answer."""
    args = _parse(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    training, others = _read(
        args.folder, args.side, validation_split=2 * HELD_BACK, subset="both", seed=0, shuffle=True
    )
    names = training.class_names
    half, singles = len(others.file_paths) // 2, others.unbatch()  # which Keras does not shuffle
    validation, test = singles.take(half).batch(BATCH), singles.skip(half).batch(BATCH)
    model = build(len(names), None if args.weights == "random" else args.weights, args.side)
    # Within the model the layer would stay in the file, and TensorFlow Lite has no random numbers.
    brighten = keras.layers.RandomBrightness(0.2, value_range=(0, 255))
    brightened = training.map(lambda images, labels: (brighten(images, training=True), labels))
    model.fit(brightened.prefetch(1), validation_data=validation, epochs=args.epochs, verbose=2)
    _, accuracy = model.evaluate(test, verbose=0)
    model.save(args.out / "model.keras")
    model.export(args.out / "saved", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(args.out / "saved"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (args.out / "model.tflite").write_bytes(converter.convert())
    answer_all(args.folder, args.side, args.out / "model.tflite", names, args.out / "answers.csv")
    print(f"test accuracy {accuracy:.4f}")
    return 0


def build(classes: int, weights: str | None, side_px: int) -> keras.Model:
    """A head of the recipe's size on a frozen Xception: pixels from 0 to 255 -> class probabilities."""
    trunk = keras.applications.Xception(
        include_top=False, pooling="max", weights=weights, input_shape=(side_px, side_px, 3)
    )
    trunk.trainable = False
    image = keras.Input((side_px, side_px, 3))
    features = trunk(keras.layers.Rescaling(1 / 127.5, offset=-1)(image), training=False)
    hidden = keras.layers.Dense(128, "relu")(keras.layers.Dropout(0.3)(features))
    probabilities = keras.layers.Dense(classes, "softmax")(keras.layers.Dropout(0.25)(hidden))
    model = keras.Model(image, probabilities)
    model.compile("adamax", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def answer_all(folder: Path, side_px: int, model: Path, names: Sequence[str], out: Path) -> None:
    """A row for every image: its path, the likeliest class, and its probability."""
    images = _read(folder, side_px, shuffle=False)
    interpreter = tf.lite.Interpreter(str(model))
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "class", "probability"))
        for path, (image, _) in zip(images.file_paths, images.unbatch().as_numpy_iterator(), strict=True):
            interpreter.set_tensor(taken, image[np.newaxis])
            interpreter.invoke()
            probabilities = interpreter.get_tensor(given)[0]
            writer.writerow((path, names[probabilities.argmax()], f"{probabilities.max():.6f}"))


def _read(folder: Path, side_px: int, **options: Any) -> Any:
    return keras.utils.image_dataset_from_directory(
        folder, image_size=(side_px, side_px), batch_size=BATCH, verbose=False, **options
    )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="one subfolder per class")
    parser.add_argument("--weights", default="imagenet", help="'imagenet' (downloads), 'random', or a .weights.h5")
    parser.add_argument("--epochs", type=int, default=10, help="as many as the recipe has by default")
    parser.add_argument("--side", type=int, default=299, metavar="PX", help="of the images, as the recipe has it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
