"""How far a run is, with the time left, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

FileT = TypeVar("FileT")  # a path, or a file


class Shown(Protocol):
    """Where a run says how far it is, and shows its lines."""

    def expect(self, slices: int) -> None:
        """Some slices of an opened file are to be answered."""

    def advance(self) -> None:
        """One slice is answered."""

    def show(self, line: str) -> None:
        """Show one line."""


class Progress:
    """A bar on a terminal, from the second slice on; elsewhere nothing but the lines to show.

    How many slices a volume or an archive holds is known once it is open; until then it counts as one.
    """

    def __init__(self, find: Callable[[], Iterator[str]], is_quiet: bool = False) -> None:
        """Show nothing yet.

        Args:
            find: the files to come; gone through once to count them, and only on a terminal.
            is_quiet: whether there is no bar on a terminal either.
        """
        self._is_shown = sys.stderr.isatty() and not is_quiet
        self._files_left = sum(1 for _ in find()) if self._is_shown else 0
        self._slices = 0
        self._bar: tqdm[Any] | None = None
        self._update()

    def pass_on(self, files: Iterator[FileT]) -> Iterator[FileT]:
        """The same files, counted as they go by."""
        for file in files:
            self._files_left = max(0, self._files_left - 1)
            yield file

    def expect(self, slices: int) -> None:
        """Some slices of an opened file are to be answered."""
        self._slices += slices
        self._update()

    def advance(self) -> None:
        """One slice is answered."""
        if self._bar:
            self._bar.update()

    def show(self, line: str) -> None:
        """Print one line to the standard output, above the bar."""
        if self._bar:
            self._bar.write(line)
        else:
            print(line)
        sys.stdout.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.close()

    def _update(self) -> None:
        total = self._slices + self._files_left
        if self._bar:
            self._bar.total = total
        elif self._is_shown and total > 1:
            from tqdm import tqdm  # a third of the time that everything else takes to import

            self._bar = tqdm(total=total, unit="slice", leave=False)
