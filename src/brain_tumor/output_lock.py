"""One run at a time writes to an output."""

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from brain_tumor.errors import BrainTumorError


@contextlib.contextmanager
def locked(outputs: Iterable[Path]) -> Iterator[None]:
    """Hold a lock on each output while the block runs, in a hidden file ``.NAME.lock`` beside it.

    The system lets go of it when the program ends, however that happens; a file that is left says nothing.

    Args:
        outputs: files or folders, whether they exist or not.

    Raises:
        BrainTumorError: another run holds one of them; the message says which and since when.
    """
    with contextlib.ExitStack() as stack:
        # All runs in one order.
        for output in sorted({Path(os.path.realpath(path)) for path in outputs}):
            stack.enter_context(_locked(output))
        yield


def lock_path(output: Path) -> Path:
    """The file that says who writes to an output; hidden, so that no run takes it for an image."""
    return output.with_name(f".{output.name}.lock")


@contextlib.contextmanager
def _locked(output: Path) -> Iterator[None]:
    path = lock_path(output)
    while True:
        try:
            file = path.open("a+b")
        except OSError:
            # Nothing can be written here: the output says so itself, in its own words.
            yield
            return
        if not _take(file):
            with file:
                raise BrainTumorError(f"{output.name}: is being written by {_read_holder(file)}; wait, or name another")
        if _is_at(file, path):
            break
        file.close()  # the run before removed it in between
    with file:
        file.truncate(0)
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        with contextlib.suppress(OSError):  # on a full disk the name of the writer is missing
            file.write(f"process {os.getpid()} on {platform.node()} since {since}".encode())
            file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _read_holder(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(200).decode("utf-8", "replace") or "another run"


if os.name == "nt":  # pragma: no cover

    def _take(file: BinaryIO) -> bool:
        import msvcrt

        file.seek(2**30)  # behind the text, which stays readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # this file system knows no locks
        return True
