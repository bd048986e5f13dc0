"""Which file was read when a process died, so that one file cannot stop a run for ever."""

import json
import os
import platform
from collections import Counter
from pathlib import Path

# A process can die for reasons of its own: memory, a machine that is switched off. Three times on one file is the file.
TRIES = 3
# Of deaths on many different files something else is the reason.
_MAX_TRIES = 50


class Attempts:
    """The tries of one block, in a file beside the answers; it goes once the block is answered.

    The first try only says that it began. Later ones are careful: they read one slice at a time and say which, so
    the last one named is the one that was being read. `TRIES` counts the first try too, whose file nobody knows.
    """

    def __init__(self, folder: Path, key: str) -> None:
        """Look what earlier tries left.

        Args:
            folder: that all workers share; it is made.
            key: of the block.

        Raises:
            RuntimeError: there were so many tries that no file is the reason.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{key}.tries"
        last_read = self._read_earlier()
        self.earlier = len(last_read)
        deaths = Counter(name for name in last_read.values() if name is not None)
        self.given_up = frozenset(name for name, count in deaths.items() if count >= TRIES - 1)
        if self.earlier > _MAX_TRIES + TRIES * len(self.given_up):
            raise RuntimeError(
                f"workers ended {self.earlier} times on the files of {self._path.name}; look at their logs"
            )
        self._try = f"{platform.node()}:{os.getpid()}:{self.earlier}"
        self._append(None)

    @property
    def is_careful(self) -> bool:
        """Whether an earlier try never ended."""
        return self.earlier > 0

    def note(self, name: str) -> None:
        """This file or slice is read next."""
        if self.is_careful:
            self._append(name)

    def end(self) -> None:
        """The block is answered."""
        self._path.unlink(missing_ok=True)

    def _append(self, name: str | None) -> None:
        # Handed to the system at once, so that it outlives this process; not to the disk, which nobody switches off.
        with self._path.open("a", encoding="ascii") as file:
            file.write(json.dumps([self._try, name]) + "\n")

    def _read_earlier(self) -> dict[str, str | None]:
        """What each earlier try read last; None where it did not say."""
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except OSError:
            return {}
        last: dict[str, str | None] = {}
        for line in lines:
            try:
                tried, name = json.loads(line)
            except ValueError:  # half a line
                continue
            last[tried] = name
        return last
