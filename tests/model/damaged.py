"""Damaged copies of a model file; as a program, those whose seal fits, each in one process to see whether it ends.

    python -m tests.model.damaged MODEL

Prints a line of JSON for each: its name before it is loaded, and then what came of it.
"""

import gzip
import hashlib
import io
import json
import pickle
import random
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.classifier import Classifier
from brain_tumor.errors import ModelFileError
from brain_tumor.model.model_file import ModelFile, pack_model_file, read_model_file
from tests.factories import png_bytes

Damage = Callable[[ModelFile, bytes], bytes]  # of the file taken apart, and of its content

_DAMAGED, _NO_SEAL, _NO_MODEL = "is damaged", "no sealed card", "not a TensorFlow Lite file"
_CARD, _OTHER, _INCOMPLETE = "card cannot be opened", "describes another network", "card is incomplete"


def seal(data: bytes) -> bytes:
    """The data with a seal that fits, whatever was changed in it."""
    return data[:-64] + hashlib.sha256(data[:-64]).hexdigest().encode()


def flip(data: bytes, index: int) -> bytes:
    """The data with one bit changed."""
    index %= len(data)
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def repack(model: ModelFile, more: dict[str, bytes] | None = None, **fields: Any) -> bytes:
    """A sealed file with other fields in its card, by their path in it, or with other members in its ZIP."""
    card = json.loads(model.card.to_json())
    for path, value in fields.items():
        *parents, last = path.split("__")
        position = card
        for parent in parents:
            position = position[parent]
        position[last] = value
    members = {
        "labels.txt": "".join(f"{label.value}\n" for label in model.card.rules.order).encode(),
        "card.json": json.dumps(card).encode(),
        model.card.golden.member: model.golden_image,
    } | (more or {})
    buffer = io.BytesIO(model.flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = b"sha256:" + b"0" * 64
    return seal(buffer.getvalue())


def exchange(model: ModelFile, flatbuffer: bytes) -> bytes:
    """A sealed file whose card fits another network."""
    digest = hashlib.sha256(flatbuffer).hexdigest()
    card = replace(model.card, flatbuffer_sha256=digest, flatbuffer_bytes=len(flatbuffer))
    return pack_model_file(flatbuffer, card, model.golden_image)


def as_zip(name: str) -> bytes:
    """A Keras or PyTorch file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"{}")
    return buffer.getvalue()


# Name -> (damage, part of the message). None of these files reaches the library that runs networks.
REFUSED: dict[str, tuple[Damage, str]] = {
    "nothing": (lambda m, w: b"", "the file is empty"),
    "one byte": (lambda m, w: w[:1], _NO_MODEL),
    "identifier only": (lambda m, w: w[:8], _NO_SEAL),
    "first half": (lambda m, w: w[: len(w) // 2], _NO_SEAL),
    "second half": (lambda m, w: w[len(w) // 2 :], _NO_MODEL),
    "last byte cut": (lambda m, w: w[:-1], _NO_SEAL),
    "seal cut": (lambda m, w: w[:-71], _NO_SEAL),
    "network alone": (lambda m, w: m.flatbuffer, _NO_SEAL),
    "ZIP alone": (lambda m, w: w[len(m.flatbuffer) :], _NO_MODEL),
    "middle missing": (lambda m, w: w[:5000] + w[9000:], _DAMAGED),
    "first byte missing": (lambda m, w: w[1:], _NO_MODEL),
    "byte in front": (lambda m, w: b"\n" + w, _NO_MODEL),
    "byte behind": (lambda m, w: w + b"\n", _NO_SEAL),
    "twice": (lambda m, w: w + w, _DAMAGED),
    "lines ended as on Windows": (lambda m, w: w.replace(b"\n", b"\r\n"), _DAMAGED),
    "backwards": (lambda m, w: w[::-1], _NO_MODEL),
    "zeros": (lambda m, w: bytes(len(w)), _NO_MODEL),
    "packed": (lambda m, w: gzip.compress(w[:100_000]), _NO_MODEL),
    "flipped root": (lambda m, w: flip(w, 0), _DAMAGED),
    "flipped identifier": (lambda m, w: flip(w, 5), _NO_MODEL),
    "flipped weight": (lambda m, w: flip(w, len(w) // 2), _DAMAGED),
    "flipped graph": (lambda m, w: flip(w, len(m.flatbuffer) - 500), _DAMAGED),
    "flipped ZIP": (lambda m, w: flip(w, len(m.flatbuffer) + 3), _DAMAGED),
    "flipped card": (lambda m, w: flip(w, len(m.flatbuffer) + 300), _DAMAGED),
    "flipped directory": (lambda m, w: flip(w, -150), _DAMAGED),
    "flipped seal": (lambda m, w: flip(w, -20), _DAMAGED),
    "flipped word of the seal": (lambda m, w: flip(w, -70), _NO_SEAL),
    "zeroed weights": (lambda m, w: w[:10**6] + bytes(10**6) + w[2 * 10**6 :], _DAMAGED),
    "Keras file": (lambda m, w: as_zip("config.json"), _NO_MODEL),
    "HDF5 file": (lambda m, w: b"\x89HDF\r\n\x1a\n" + bytes(1000), _NO_MODEL),
    "pickle": (lambda m, w: pickle.dumps({"weights": [1.0]}), _NO_MODEL),
    "PyTorch file": (lambda m, w: as_zip("archive/data.pkl"), _NO_MODEL),
    "ONNX file": (lambda m, w: b"\x08\x08\x12\x07pytorch" + bytes(1000), _NO_MODEL),
    "picture": (lambda m, w: png_bytes(), _NO_MODEL),
    "error page": (lambda m, w: b"<!DOCTYPE html><title>404</title>", _NO_MODEL),
    "ZIP damaged, resealed": (lambda m, w: seal(w[: len(m.flatbuffer)] + bytes(200) + w[-71:]), _CARD),
    "encrypted, resealed": (lambda m, w: seal(w.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00",
        b"PK\x01\x02\x14\x03\x14\x00\x01\x00")), _CARD),
    "swapped labels": (lambda m, w: repack(m, {"labels.txt": b"Meningioma\nGlioma\nNo Tumor\nPituitary\n"}),
        "order the classes differently"),
    "labels missing": (lambda m, w: repack(m, {"labels.txt": b""}), "order the classes differently"),
    "huge golden image": (lambda m, w: repack(m, {"golden.png": bytes(17 * 2**20)}), "too large"),
    "huge stranger": (lambda m, w: repack(m, {"more.bin": bytes(17 * 2**20)}), "too large"),
    "card of a list": (lambda m, w: repack(m, {"card.json": b"[1]"}), _INCOMPLETE),
    "card nested deep": (lambda m, w: repack(m, {"card.json": b"[" * 10**6}), _INCOMPLETE),
    "card of no text": (lambda m, w: repack(m, {"card.json": b"\xff\xfe"}), _CARD),
    "later version": (lambda m, w: repack(m, format_version=2), "format version 2"),
    "unknown field": (lambda m, w: repack(m, colour="blue"), _INCOMPLETE),
    "side of nothing": (lambda m, w: repack(m, input__side_px=0), "a side of 0 pixels"),
    "negative side": (lambda m, w: repack(m, input__side_px=-299), "a side of -299 pixels"),
    "side of a billion": (lambda m, w: repack(m, input__side_px=10**9), "a side of 1000000000 pixels"),
    "side in words": (lambda m, w: repack(m, input__side_px="299"), "a side of '299' pixels"),
    "gate of NaN": (lambda m, w: repack(m, rules__min_gate_score=float("nan")), "min_gate_score is nan"),
    "gate of infinity": (lambda m, w: repack(m, rules__min_gate_score=float("-inf")), "min_gate_score is -inf"),
    "doubt of NaN": (lambda m, w: repack(m, rules__min_probability=float("nan")), "min_probability is nan"),
    "margin of NaN": (lambda m, w: repack(m, rules__min_margin=float("nan")), "min_margin is nan"),
    "colour of NaN": (lambda m, w: repack(m, rules__max_chroma=float("nan")), "max_chroma is nan"),
    "location of NaN": (lambda m, w: repack(m, rules__min_location=float("nan")), "min_location is nan"),
    "threshold missing": (lambda m, w: repack(m, rules={"order": list(m.card.rules.order)}), _INCOMPLETE),
    "class named twice": (lambda m, w: repack(m, rules__order=["Glioma"] * 4), "each class is needed once"),
    "temperature of nothing": (lambda m, w: repack(m, temperature=0.0), "temperature 0.0"),
    "temperature in words": (lambda m, w: repack(m, temperature="warm"), _INCOMPLETE),
    "tolerance of all": (lambda m, w: repack(m, golden__tolerance=1e9), "tolerance 1000000000.0"),
    "tolerance of NaN": (lambda m, w: repack(m, golden__tolerance=float("nan")), "tolerance is nan"),
    "golden image elsewhere": (lambda m, w: repack(m, golden__member="../golden.png"), _CARD),
    "name that is a number": (lambda m, w: repack(m, model_id=7), "a name is no text"),
    "name that is Markdown": (lambda m, w: repack(m, model_id="a ![](http://example.org/a.png)"), "is no plain name"),
    "name that turns text round": (lambda m, w: repack(m, model_id="a\u202egpj"), "is no plain name"),
    "name that is a formula": (lambda m, w: repack(m, model_id="=1+1"), "is no plain name"),
    "name that is a book": (lambda m, w: repack(m, model_id="x" * 10**6), "is no plain name"),
    "name of nothing": (lambda m, w: repack(m, model_id=""), "is no plain name"),
    "day that is none": (lambda m, w: repack(m, created="\x1b]0;today\x07"), _INCOMPLETE),
    "outputs of nothing": (lambda m, w: repack(m, outputs=None), _INCOMPLETE),
    "outputs in numbers": (lambda m, w: repack(m, outputs={"saliency": 5}), "an output is no text"),
    "number without end": (lambda m, w: repack(m, temperature=10**400), "card cannot be opened"),
    "negative size": (lambda m, w: repack(m, flatbuffer_bytes=-5), _OTHER),
    "size of another network": (lambda m, w: repack(m, flatbuffer_bytes=100), _OTHER),
    "hash of another network": (lambda m, w: repack(m, flatbuffer_sha256="0" * 64), _OTHER),
}  # fmt: skip


def _zeroed(model: ModelFile, first: float, last: float) -> bytes:
    size = len(model.flatbuffer)
    start, end = int(first * size), int(last * size)
    return exchange(model, model.flatbuffer[:start] + bytes(end - start) + model.flatbuffer[end:])


def _struck(model: ModelFile, number: int) -> bytes:
    """A network in which a few bytes of the graph, not of the weights, are others."""
    dice = random.Random(number)  # noqa: S311 - the same damage every time
    network = bytearray(model.flatbuffer)
    for _ in range(dice.choice((1, 4, 16))):
        position = dice.randrange(8, 2000) if dice.random() < 0.2 else len(network) - dice.randrange(4, 60_000)
        network[position : position + 4] = dice.choice((0, 1, 5, 2**31 - 1, 2**31, 2**32 - 1)).to_bytes(4, "little")
    return exchange(model, bytes(network))


# As REFUSED, but the seal and the card fit, so that the library has to find it, or the golden input.
RESEALED: dict[str, tuple[Damage, str]] = {
    "identifier and nothing": (lambda m, w: exchange(m, w[:8]), "cannot run this network"),
    "identifier and noise": (lambda m, w: exchange(m, w[:8] + random.Random(0).randbytes(10_000)), "cannot run"),  # noqa: S311
    "identifier and zeros": (lambda m, w: exchange(m, w[:8] + bytes(10_000)), "cannot run this network"),
    "first half": (lambda m, w: exchange(m, w[: len(m.flatbuffer) // 2]), "cannot run this network"),
    "last byte cut": (lambda m, w: exchange(m, m.flatbuffer[:-1]), "cannot run this network"),
    "root beyond the end": (lambda m, w: exchange(m, b"\xff\xff\xff\x7f" + m.flatbuffer[4:]), "cannot run"),
    "root at itself": (lambda m, w: exchange(m, bytes(4) + m.flatbuffer[4:]), "cannot run this network"),
    "half of it zeroed": (lambda m, w: _zeroed(m, 0.2, 0.7), "cannot run this network"),
    "a hundredth of the weights zeroed": (lambda m, w: _zeroed(m, 0.1, 0.11), "cannot run this network"),
    "two hundredths of the weights zeroed": (lambda m, w: _zeroed(m, 0.9, 0.92), "for the golden input"),
    "another golden answer": (lambda m, w: repack(m, golden__probabilities=[1.0, 0.0, 0.0, 0.0]), "other"),
    "golden answer of NaN": (lambda m, w: repack(m, golden__probabilities=[float("nan")] * 4), "other probabilities"),
    "golden answer of three": (lambda m, w: repack(m, golden__probabilities=[0.3, 0.3, 0.4]), "3 golden"),
    "another golden gate score": (lambda m, w: repack(m, golden__gate_scores=[-9.0, 0.0]), "other gate scores"),
    "three golden gate scores": (lambda m, w: repack(m, golden__gate_scores=[0.0] * 3), "2 gate scores, its card 3"),
    "golden image damaged": (lambda m, w: repack(m, {"golden.png": b"no picture"}), "cannot run this network"),
    # LiteRT takes a picture of any side.
    "side of another network": (lambda m, w: repack(m, input__side_px=32), "for the golden input"),
    "side of 600": (lambda m, w: repack(m, input__side_px=600), "for the golden input"),
}  # fmt: skip
STRUCK = range(60)  # numbers of networks with struck graphs


def answers(classifier: Classifier) -> list[list[float]]:
    """Probabilities of the samples."""
    files = sorted((Path(__file__).parents[2] / "samples").glob("*.png"))
    return [classifier.classify(file.read_bytes(), file.name).output.probabilities.tolist() for file in files]


def outcome(data: bytes, right: list[list[float]]) -> str:
    """Message of the ModelFileError, or "runs" or "runs, and answers otherwise" where the golden input got its answer.

    right: the answers of the undamaged network, which may differ in the last bits from one processor to another.
    """
    try:
        found = answers(Classifier.from_model_file(read_model_file(data, "m")))
    except ModelFileError as error:
        return str(error)
    return "runs" if np.allclose(found, right, atol=0.01) else "runs, and answers otherwise"


if __name__ == "__main__":
    whole = Path(sys.argv[1]).read_bytes()
    apart = read_model_file(whole, "m")
    intact = answers(Classifier.from_model_file(apart))
    damages: dict[str, Damage] = {name: damage for name, (damage, _) in RESEALED.items()}
    for number in STRUCK:
        damages[f"struck {number}"] = lambda m, w, number=number: _struck(m, number)  # type: ignore[misc]
    for name, damage in damages.items():
        print(json.dumps({"name": name}), flush=True)
        print(json.dumps({"name": name, "outcome": outcome(damage(apart, whole), intact)}), flush=True)
