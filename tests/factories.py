"""Small inputs for tests, each with defaults that pass every check; a test states only what it is about."""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.labels import Label
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.model_file import pack_model_file
from brain_tumor.model.output import ModelOutput

# Looks like a network to the container's checks; no interpreter can run it.
FLATBUFFER = b"\x1c\x00\x00\x00TFL3" + bytes(range(256))


def make_scan(pixels: FloatArray | None = None, chroma: float = 0.0) -> Scan:
    """A scan of 64 x 64 pixels, black on the left and white on the right."""
    if pixels is None:
        pixels = np.zeros((64, 64), np.float32)
        pixels[:, 32:] = 1.0
    return Scan(pixels, chroma, "PNG")


def make_output(probabilities: Sequence[float] = (0.7, 0.1, 0.1, 0.1), gate_score: float = 1.0) -> ModelOutput:
    """What a network says of one image."""
    values = np.array(probabilities, np.float32)
    return ModelOutput(np.log(values), values, np.array([gate_score], np.float32))


def make_rules(**changes: Any) -> Rules:
    """Rules that accept make_scan() and make_output()."""
    return Rules(
        **{
            "order": tuple(Label),
            "min_gate_score": 0.0,
            "max_chroma": 0.1,
            "min_probability": 0.5,
            "min_margin": 0.1,
            **changes,
        }
    )


def make_result(
    verdict: Verdict | None = None,
    name: str = "slice.png",
    probabilities: Sequence[float] = (0.7, 0.1, 0.1, 0.1),
) -> Result:
    """An answer; by default a classified glioma."""
    verdict = verdict or Verdict(Label.GLIOMA, Status.CLASSIFIED, None)
    return Result(name, make_scan(), make_output(probabilities), verdict, tuple(Label), "test-1")


def make_card(flatbuffer: bytes = FLATBUFFER, **changes: Any) -> Card:
    """A card that fits a flatbuffer."""
    return Card(
        **{
            "model_id": "test-1",
            "created": "2026-01-31",
            "flatbuffer_sha256": hashlib.sha256(flatbuffer).hexdigest(),
            "flatbuffer_bytes": len(flatbuffer),
            "input": InputContract(),
            "outputs": {"probabilities": "(1, 4)"},
            "temperature": 1.5,
            "rules": make_rules(),
            "golden": Golden("golden.png", (0.25, 0.25, 0.25, 0.25), (0.0,), tolerance=0.05),
            "about": {"licence": "Apache-2.0"},
            **changes,
        }
    )


def make_model_bytes(flatbuffer: bytes = FLATBUFFER, **changes: Any) -> bytes:
    """A whole, sealed model file; changes: fields of its card."""
    return pack_model_file(flatbuffer, make_card(flatbuffer, **changes), png_bytes())


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """The image as a file's content."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_bytes(side: int = 64) -> bytes:
    """A grey PNG, dark at the upper left and light at the lower right."""
    ramp = np.linspace(0, 255, side * side).reshape(side, side)
    return encode(Image.fromarray(ramp.astype(np.uint8)), "PNG")
