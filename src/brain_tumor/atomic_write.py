"""Files that take their names only when they are whole."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.errors import BrainTumorError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; whatever happens meanwhile, the old one or the new one lies there. Raises OSError."""
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def written_whole(path: Path, unfinished: Path | None = None) -> Iterator[Path]:
    """Where to write a file to, by default NAME.part beside it; it takes the name when the block ends well.

    When the block fails, what was written goes, so that half a file does not keep a full disk full; only a program
    that is killed leaves it. Raises OSError when the file cannot be put in place.
    """
    unfinished = unfinished or path.with_name(f"{path.name}.part")
    try:
        yield unfinished
        with unfinished.open("r+b") as file:
            # The content must be on the disk before the name is, or a power cut leaves an empty file.
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


class NewFolder:
    """A folder that one run fills, file by file, and that nothing else fills."""

    def __init__(self, path: Path, what: str) -> None:
        """Take a folder that is empty or not there yet; what: it is for, in the plural, for messages.

        Raises BrainTumorError for anything else: files of an earlier run would pass for this run's.
        """
        self.path = path
        self._what = what
        self._is_begun = False
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise BrainTumorError(f"{path}: is not an empty folder; name a new one for the {what}")
        except OSError as error:
            raise self._not_writable(path, error) from None

    def write(self, place: Path, content: bytes) -> None:
        """Write one file, whole or not at all, in subfolders that are made; raises BrainTumorError when that fails."""
        try:
            if self._is_begun and not self.path.is_dir():
                # Made anew, it would hold the last files only, and look like all of them.
                raise BrainTumorError(f"{self.path}: is gone, with the {self._what} in it; run again, in a new folder")
            place.parent.mkdir(parents=True, exist_ok=True)
            self._is_begun = True
            write_whole(place, content)
        except OSError as error:
            raise self._not_writable(place, error) from None

    def _not_writable(self, path: Path, error: OSError) -> BrainTumorError:
        return BrainTumorError(
            f"{path}: {self._what} cannot be written ({error.strerror}); make room there or name another folder"
        )
