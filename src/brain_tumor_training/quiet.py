"""TensorFlow greets with a page of notes on drivers and oneDNN, past Python; they are kept from a person's terminal."""

import os
from pathlib import Path

_STANDARD_ERROR = 2


def load_keras_quietly() -> None:
    """Import Keras and wake its backend, with nothing written to the standard error; what is wrong is raised.

    Raises:
        ModuleNotFoundError: Keras or its backend is not installed.
    """
    try:
        kept = os.dup(_STANDARD_ERROR)
    except OSError:  # somebody has closed it
        _load()
        return
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), _STANDARD_ERROR)
        _load()
    finally:
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)


def _load() -> None:
    import keras

    keras.ops.zeros(1)  # which is when the backend looks for graphics cards, and says so
