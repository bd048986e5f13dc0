"""One queue for all sessions of this server: only its first opens files, decodes and runs the network.

A picture of 25 million pixels takes 300 MB while it is read and answered. With a queue the server needs the memory of
one visitor, even if twenty send files at once. It costs no time, since one session's work takes all cores.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

# A session works so long while others wait. Long beside the milliseconds that it needs to begin, and short enough for
# twenty visitors to wait.
QUANTUM_S = 1.0
# How often a session that waits can notice that its visitor clicked on something.
_POLL_S = 0.25


class FairQueue:
    """First come, first served."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._tickets: deque[Ticket] = deque()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait until all who came before are done; nobody else works during the block."""
        with self.join() as ticket:
            ticket.wait(None)
            yield

    @contextmanager
    def join(self) -> Iterator["Ticket"]:
        """Stand at the end of the queue until the block ends."""
        ticket = Ticket(self._changed, self._tickets)
        with self._changed:
            self._tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()


class Ticket:
    """One session's position in the queue."""

    def __init__(self, changed: Condition, tickets: "deque[Ticket]") -> None:
        self._changed, self._tickets = changed, tickets

    def wait(self, timeout_s: float | None = _POLL_S) -> bool:
        """Wait to become the first.

        Args:
            timeout_s: seconds to wait at most; None waits as long as it takes.

        Returns:
            Whether it is the first now.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._tickets[0] is self, timeout_s)

    @property
    def has_followers(self) -> bool:
        """Whether others wait behind it."""
        with self._changed:
            return self._tickets[-1] is not self


QUEUE = FairQueue()
