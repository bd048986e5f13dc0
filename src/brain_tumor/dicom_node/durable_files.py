"""The node's folder and its files: for nobody else to read, and on the disk when a function returns."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from brain_tumor.errors import BrainTumorError

DATABASE = "queue.sqlite"
SUBFOLDERS = ("images", "results")


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may look into.

    Raises:
        BrainTumorError: it cannot be made, or holds files of something else than a node.
    """
    try:
        if folder.is_dir() and folder.name not in SUBFOLDERS and _is_foreign(folder):
            raise BrainTumorError(f"{folder}: holds other files; name an empty folder for the node alone")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise BrainTumorError(f"{folder}: cannot be used ({error.strerror}); name a folder to write to") from None


def _is_foreign(folder: Path) -> bool:
    if (folder / DATABASE).exists():
        return False
    # A process that was killed in its first moments leaves a lock and empty folders.
    return any(not entry.name.startswith(".") and entry.name not in SUBFOLDERS for entry in folder.iterdir())


def write_durably(file: Path, content: Sequence[bytes | memoryview]) -> None:
    """Write a new file that nobody else may read; both it and its name are on the disk afterwards."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        for piece in content:
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover - folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unlink(file: Path) -> None:
    """Remove a file."""
    with contextlib.suppress(OSError):  # what stays is removed at the next start
        file.unlink()


def digest(content: Sequence[bytes | memoryview]) -> str:
    """SHA-256 of pieces that belong together, 64 hex digits."""
    found = hashlib.sha256()
    for piece in content:
        found.update(piece)
    return found.hexdigest()
