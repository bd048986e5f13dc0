"""Files that take their names only when they are whole."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path, PurePath

from brain_tumor.errors import BrainTumorError

# File systems take 255 bytes; endings and a number come behind it.
_MAX_STEM_BYTES = 200


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; whatever happens meanwhile, the old one or the new one lies there.

    Raises:
        OSError: it cannot be written.
    """
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def written_whole(path: Path, unfinished: Path | None = None) -> Iterator[Path]:
    """Where to write a file to; it takes its name when the block ends well.

    When the block fails, what was written goes, so that half a file does not keep a full disk full; only a program
    that is killed leaves it.

    Args:
        path: the file's name.
        unfinished: where to write until then; None for NAME.part beside it.

    Raises:
        OSError: the file cannot be put in place.
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


def add_ending(stem: Path, ending: str) -> Path:
    """The path of a file, whose stem may hold dots.

    Args:
        ending: without the dot before it.
    """
    return stem.with_name(f"{stem.name}.{ending}")


class NewFolder:
    """A folder that one run fills, file by file, and that nothing else fills."""

    def __init__(self, path: Path, what: str, shown_as: str = "", goes_on: bool = False) -> None:
        """Take a folder that is empty or not there yet.

        Args:
            path: of the folder.
            what: it is for, in the plural, for messages.
            shown_as: what its files' names begin with in tables, where it is a subfolder of theirs.
            goes_on: whether it may hold files of an earlier run that this one goes on with.

        Raises:
            BrainTumorError: it is anything else; files of an earlier run would pass for this run's.
        """
        self.path = path
        self._what = what
        self._shown_as = shown_as
        self._has_files = False
        try:
            if goes_on:
                return
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise BrainTumorError(f"{path}: is not an empty folder; name a new one for the {what}")
        except OSError as error:
            raise self._not_writable(path, error) from None

    def free_stem(self, name: str, endings: Iterable[str]) -> Path:
        """A path in this folder, without its ending, that no file has yet with any of the endings.

        Args:
            name: what the files are called, with its folders; a number is added where it is taken.
            endings: of the files that will be written.
        """
        path, endings = PurePath(name), tuple(endings)
        # Without the root, a drive and steps upwards, every path stays inside the folder.
        parts = [part for part in path.parts if part not in (path.anchor, "..")] or ["unnamed"]
        encoded = parts[-1].encode("utf-8", "surrogateescape")
        if len(encoded) > _MAX_STEM_BYTES:
            parts[-1] = encoded[:_MAX_STEM_BYTES].decode("utf-8", "ignore")
        wanted = self.path.joinpath(*parts)
        # Asking the disk, not a list of names, also tells names apart as this file system does (case, Unicode).
        stems = chain([wanted], (wanted.with_name(f"{wanted.name}-{number}") for number in count(2)))
        return next(stem for stem in stems if not any(add_ending(stem, ending).exists() for ending in endings))

    def name_of(self, file: Path) -> str:
        """The name of a file of this folder in tables, with slashes."""
        return (PurePath(self._shown_as) / file.relative_to(self.path)).as_posix()

    def write(self, path: Path, content: bytes) -> None:
        """Write one file, whole or not at all, in subfolders that are made.

        Raises:
            BrainTumorError: it cannot be written.
        """
        try:
            if self._has_files and not self.path.is_dir():
                # Made again, it would hold the last files only, and look like all of them.
                raise BrainTumorError(f"{self.path}: is gone, with the {self._what} in it; run again, in a new folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._has_files = True
            write_whole(path, content)
        except OSError as error:
            raise self._not_writable(path, error) from None

    def _not_writable(self, path: Path, error: OSError) -> BrainTumorError:
        return BrainTumorError(
            f"{path}: {self._what} cannot be written ({error.strerror}); make room there or name another folder"
        )
