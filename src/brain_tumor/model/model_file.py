"""The .tfliteA file: a TensorFlow Lite flatbuffer with a sealed ZIP (card, labels, golden input) behind it.

Any TensorFlow Lite runtime reads the front and ``unzip -l`` lists the back, as with TFLite metadata's
associated files. The ZIP's comment seals the file: the SHA-256 of every byte before the digest, because
a LiteRT interpreter loads a file with damaged weights without complaint.
"""

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.errors import ModelFileError
from brain_tumor.model.card import Card

DEFAULT_NAME = "brain_tumor_model_lite.tfliteA"
CARD_MEMBER, LABELS_MEMBER = "card.json", "labels.txt"
_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of a TensorFlow Lite flatbuffer
_SEAL = b"sha256:"
_DIGEST_CHARS = 64
# Card, labels and one small image; a few compressed bytes can unfold into gigabytes.
_MAX_MEMBERS_BYTES = 16 * 2**20

# Ten times what the exact network takes; the file is read whole before its seal can be checked.
MAX_MODEL_BYTES = 1024 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
    """A checked model file, in memory."""

    card: Card
    flatbuffer: bytes
    golden_image: bytes  # an image file, see card.golden
    members: tuple[tuple[str, int], ...]  # (name, bytes) of each file in the ZIP


def default_model_path() -> Path:
    """Where the model lies: $BRAIN_TUMOR_MODEL, else inside the package, else at the checkout's root."""
    if chosen := os.environ.get("BRAIN_TUMOR_MODEL"):
        return Path(chosen)
    package = Path(__file__).parents[1]
    installed = package / DEFAULT_NAME
    return installed if installed.exists() else package.parents[1] / DEFAULT_NAME


def load_model_file(path: Path) -> ModelFile:
    """Read a model file once and check it.

    Raises:
        ModelFileError: it is missing, or fails a check.
    """
    try:
        if path.exists() and not path.is_file():
            raise ModelFileError(f"{path}: is not a file; give the path of a {DEFAULT_NAME}")
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise ModelFileError(
                f"{path}: is larger than the {MAX_MODEL_BYTES // 2**20} MiB of any model; "
                f"give the path of a {DEFAULT_NAME}"
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # a ValueError for a path with a null character
        raise ModelFileError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); "
            f"give the path of a {DEFAULT_NAME} (most commands: --model, or BRAIN_TUMOR_MODEL)"
        ) from None
    return read_model_file(data, path.name)


def read_model_file(data: bytes, name: str) -> ModelFile:
    """Check the content of a model file and take it apart.

    Args:
        data: the whole file.
        name: of the file, for messages.

    Raises:
        ModelFileError: it is empty, a Git LFS pointer or of another format, has no card or one of another version, or
            any of its bytes is missing or changed.
    """
    _check_front(data, name)
    if not data[:-_DIGEST_CHARS].endswith(_SEAL):
        raise ModelFileError(
            f"{name}: has no sealed card at its end, so it is a plain .tflite or was cut off; "
            "download it again, or export it with brain-tumor-train export; "
            "brain-tumor evaluate and compare measure a plain one with --preprocessing"
        )
    if hashlib.sha256(memoryview(data)[:-_DIGEST_CHARS]).hexdigest().encode() != data[-_DIGEST_CHARS:]:
        raise ModelFileError(f"{name}: is damaged (its SHA-256 does not match its seal); download it again")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = tuple((info.filename, info.file_size) for info in archive.infolist())
            if sum(size for _, size in members) > _MAX_MEMBERS_BYTES:
                raise zipfile.BadZipFile("its files are too large")
            card = Card.from_json(archive.read(CARD_MEMBER).decode(), name)
            labels = archive.read(LABELS_MEMBER).decode().splitlines()
            golden_image = archive.read(card.golden.member)
    except ModelFileError:
        raise
    except Exception as error:
        # The seal fits, so another program packed this; what zipfile raises on its ZIP is not one type.
        raise ModelFileError(f"{name}: its card cannot be opened ({error!r}); export the model again") from None
    if not isinstance(card.flatbuffer_bytes, int):
        raise ModelFileError(f"{name}: its card gives no size for the network; export the model again")
    flatbuffer = data[: card.flatbuffer_bytes]
    if hashlib.sha256(flatbuffer).hexdigest() != card.flatbuffer_sha256:
        raise ModelFileError(f"{name}: its card describes another network; export the model again")
    if labels != [label.value for label in card.rules.order]:
        raise ModelFileError(
            f"{name}: {LABELS_MEMBER} and {CARD_MEMBER} order the classes differently; export the model again"
        )
    return ModelFile(card, flatbuffer, golden_image, members)


def pack_model_file(flatbuffer: bytes, card: Card, golden_image: bytes) -> bytes:
    """Put the sealed ZIP behind a flatbuffer; equal arguments give equal bytes."""
    buffer = io.BytesIO(flatbuffer)
    labels = "".join(f"{label.value}\n" for label in card.rules.order)
    members = {
        LABELS_MEMBER: labels.encode(),
        CARD_MEMBER: card.to_json().encode(),
        card.golden.member: golden_image,
    }
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            # ZipInfo's default date keeps the bytes equal from run to run.
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
        archive.comment = _SEAL + b"0" * _DIGEST_CHARS
    sealed = buffer.getvalue()[:-_DIGEST_CHARS]
    return sealed + hashlib.sha256(sealed).hexdigest().encode()


def _check_front(data: bytes, name: str) -> None:
    if not data:
        raise ModelFileError(f"{name}: the file is empty; download it again")
    if data.startswith(b"version https://git-lfs"):
        raise ModelFileError(f"{name}: is a Git LFS pointer, not the model; run 'git lfs pull'")
    if data[4:8] != _IDENTIFIER:
        raise ModelFileError(f"{name}: is not a TensorFlow Lite file; a {DEFAULT_NAME} is needed")
