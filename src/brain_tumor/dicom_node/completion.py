"""When a series is complete: nobody announces it, so the time without new images says it."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary


class Completion:
    """Which series still grow, and since when they do not; safe to share between threads.

    Senders use one connection for a study, one for each series, or one for each image. So the end of a connection
    only shortens the wait for the series that it brought, and only where no other open connection brings them too.
    Times are this process' own: after a start every unfinished series waits again, and a clock that is set changes
    nothing.
    """

    def __init__(self, quiet_s: float, after_release_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Know of no series yet.

        Args:
            quiet_s: a series is complete so long after its last image.
            after_release_s: and so long after the sender has ended its connection in order.
            clock: seconds that only grow.
        """
        self._quiet_s, self._after_release_s, self._clock = quiet_s, after_release_s, clock
        self._lock = threading.Lock()
        self._due: dict[int, float] = {}  # by series
        self._brought: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()  # by open connection

    def restore(self, series: Iterable[int]) -> None:
        """Wait for series that were unfinished when the process started."""
        with self._lock:
            self._due |= dict.fromkeys(series, self._clock() + self._quiet_s)

    def add_image(self, series: int, association: Any) -> None:
        """An image came in.

        Args:
            association: anything that can be hashed and weakly referenced.
        """
        with self._lock:
            self._due[series] = self._clock() + self._quiet_s
            self._brought.setdefault(association, set()).add(series)

    def release(self, association: Any) -> None:
        """A sender has ended its connection in order: it has sent what it wanted to."""
        with self._lock:
            brought = self._brought.pop(association, set())
            still_open = set().union(*self._brought.values())
            for series in brought - still_open:
                if series in self._due:
                    self._due[series] = min(self._due[series], self._clock() + self._after_release_s)

    def lose(self, association: Any) -> None:
        """A connection is gone without an end in order; the sender may come again with the rest."""
        with self._lock:
            self._brought.pop(association, None)

    def take_complete(self) -> list[int]:
        """Series that are complete now, those that waited longest first; each is given out once."""
        with self._lock:
            now = self._clock()
            complete = sorted((due, series) for series, due in self._due.items() if due <= now)
            for _, series in complete:
                del self._due[series]
            return [series for _, series in complete]

    def postpone(self, series: int) -> None:
        """Give out a series again after the quiet time."""
        self.restore([series])
