"""One classifier for all requests: their slices, one of each in turn, run through one batch that never ends."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing

from brain_tumor.classifier import Classifier, SliceOutcome
from brain_tumor.input.series import Slice
from brain_tumor.model.card import Card
from brain_tumor.service.job import Job
from brain_tumor.service.refusals import Refusal, RefusedError

# Share of the newest slice in what is known of a slice's time.
_NEWEST = 0.05
# A caller who is asked to wait longer would think that the service is gone.
_MAX_RETRY_AFTER_S = 120


class Batcher:
    """Answers jobs in a thread of its own; safe to call from any other."""

    def __init__(
        self,
        classifier: Classifier,
        max_waiting: int,
        count: Callable[[str, float], None] = lambda status, elapsed_s: None,
    ) -> None:
        """Start the thread.

        Args:
            classifier: shared by all jobs.
            max_waiting: slices that may wait at a time.
            count: called with every slice's status and its seconds, for metrics.
        """
        self._classifier, self._max_waiting, self._count = classifier, max_waiting, count
        self._jobs: deque[Job] = deque()  # those with slices that nobody has taken, the next one first
        self._changed = threading.Condition()
        self._is_closed = False
        self._slice_s = 0.05  # between two answers, until it is measured
        self._thread = threading.Thread(target=self._run, name="brain-tumor-batch", daemon=True)
        self._thread.start()

    @property
    def card(self) -> Card:
        """Of the model that answers."""
        return self._classifier.card

    @property
    def waiting(self) -> int:
        """How many slices wait."""
        with self._changed:
            return sum(job.left for job in self._jobs)

    @property
    def is_running(self) -> bool:
        """Whether jobs are answered."""
        return self._thread.is_alive() and not self._is_closed

    @property
    def retry_after_s(self) -> int:
        """Seconds until about half of what waits is answered, at least 1."""
        return max(1, min(_MAX_RETRY_AFTER_S, round(self.waiting * self._slice_s / 2)))

    def submit(self, job: Job) -> None:
        """Answer a job in turn with the others; its future says when.

        Raises:
            RefusedError: too many slices wait already. A job larger than that is taken when nothing waits.
        """
        waiting = self.waiting
        if waiting and waiting + job.size > self._max_waiting:
            raise RefusedError(Refusal.TOO_BUSY, retry_after_s=self.retry_after_s, found=f"{waiting} slices")
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def close(self, timeout_s: float = 10.0) -> None:
        """Answer nothing more; jobs that are not done fail."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while self._wait():
            in_flight: deque[tuple[Job, tuple[int, int]]] = deque()
            try:
                self._answer(in_flight)
            except Exception as error:
                # The engine, for lack of memory perhaps; a slice that cannot be read is an outcome.
                for job, _ in in_flight:
                    job.fail(error)
        for job in self._jobs:
            job.fail(RefusedError(Refusal.NOT_READY, retry_after_s=1))

    def _wait(self) -> bool:
        """Wait for slices; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._jobs)
            return not self._is_closed

    def _answer(self, in_flight: "deque[tuple[Job, tuple[int, int]]]") -> None:
        """Answer what waits, and what comes meanwhile, as one batch."""
        with closing(self._classifier.classify_many(self._feed(in_flight))) as outcomes:
            last = time.monotonic()
            for outcome in outcomes:
                job, at = in_flight.popleft()
                self._hand_over(job, at, outcome)
                del outcome  # its pixels must be gone before the next ones come
                now = time.monotonic()
                self._slice_s += _NEWEST * (now - last - self._slice_s)
                last = now

    def _hand_over(self, job: Job, at: tuple[int, int], outcome: SliceOutcome) -> None:
        if job.answer.cancelled():
            return
        try:
            status = job.add(at, outcome)
        except Exception as error:
            job.fail(error)
        else:
            self._count(status, outcome.elapsed_s)

    def _feed(self, in_flight: "deque[tuple[Job, tuple[int, int]]]") -> Iterator[Slice]:
        """One slice of each job in turn, so that a small request never waits for a large one.

        It ends when nothing waits: the batch must not wait for the next request while answers are ready.
        """
        while True:
            with self._changed:
                while self._jobs and not self._jobs[0].left:  # given up by its caller
                    self._jobs.popleft()
                if not self._jobs or self._is_closed:
                    return
                job = self._jobs.popleft()
                at, slice_ = job.take()
                if job.left:
                    self._jobs.append(job)
            in_flight.append((job, at))
            yield slice_
