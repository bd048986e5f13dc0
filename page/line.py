"""The sessions of this server stand in one line: only the first of it opens files, decodes and runs the network.

A picture of 25 million pixels takes 300 MB while it is read and answered. In a line the server needs the memory of one
visitor, whatever twenty of them send at once. It costs no time, since one session's work takes all cores.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

# Long beside the milliseconds that a turn needs to begin, and short enough for twenty visitors to wait.
TURN_S = 1.0
# How often a session that waits can notice that its visitor clicked on something.
_LOOK_S = 0.25


class Line:
    """Whoever came first is first."""

    def __init__(self) -> None:
        self._moved = Condition()
        self._places: deque[Place] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until all who came before are done; the block is this session's turn."""
        with self.stand() as place:
            place.is_first(None)
            yield

    @contextmanager
    def stand(self) -> Iterator["Place"]:
        """A place at the end of the line, until the block ends."""
        place = Place(self._moved, self._places)
        with self._moved:
            self._places.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._places.remove(place)
                self._moved.notify_all()


class Place:
    """One session's place in a line."""

    def __init__(self, moved: Condition, places: "deque[Place]") -> None:
        self._moved, self._places = moved, places

    def is_first(self, timeout_s: float | None = _LOOK_S) -> bool:
        """Whether it is this session's turn; waits so many seconds for that, None: as long as it takes."""
        with self._moved:
            return self._moved.wait_for(lambda: self._places[0] is self, timeout_s)

    @property
    def has_followers(self) -> bool:
        """Whether others wait behind it."""
        with self._moved:
            return self._places[-1] is not self


LINE = Line()
