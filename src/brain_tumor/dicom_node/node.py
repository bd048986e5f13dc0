"""The node as a whole: it listens, answers what is complete, and sends what is answered."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from brain_tumor.dicom_node.completion import Completion
from brain_tumor.dicom_node.events import Event, EventLog, describe_error
from brain_tumor.dicom_node.network import MAX_RESULTS_AT_ONCE, Listener, Uplink
from brain_tumor.dicom_node.receive import Receiver
from brain_tumor.dicom_node.send import Backoff, Outbox
from brain_tumor.dicom_node.settings import NodeSettings
from brain_tumor.dicom_node.store import Job, Store
from brain_tumor.input.dicom_identity import Identity

# How often it looks for what is due.
_STEP_S = 0.2
# A series that ends the process each time would end it for ever.
MAX_ATTEMPTS = 5
# Whole DICOM files of a series' files; None where the event stopped it.
Answer = Callable[[Sequence[Path], threading.Event], Sequence[bytes] | None]


class Node:
    """Receives, answers and sends, from start() to stop()."""

    def __init__(
        self,
        settings: NodeSettings,
        store: Store,
        answer: Answer,
        is_own: Callable[[Identity], bool],
        log: EventLog,
    ) -> None:
        """Put the parts together; nothing runs yet.

        Args:
            settings: of the node.
            store: opened, and for this node alone.
            answer: makes the results of a series' files.
            is_own: whether this program made an object.
            log: of what happens.
        """
        self._settings, self._store, self._answer, self._log = settings, store, answer, log
        self._completion = Completion(settings.quiet_s, settings.after_release_s)
        receiver = Receiver(store, self._completion, log, is_own, settings.max_object_bytes)
        self._listener = Listener(settings, receiver, self._completion, log)
        backoff = Backoff(settings.retry_s, settings.max_retry_s)
        self._outbox = Outbox(store, Uplink(settings, log), backoff, log, MAX_RESULTS_AT_ONCE)
        self._idle_since: dict[int, float] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._listener.port

    def start(self) -> None:
        """Take up what an earlier process left, and listen.

        Raises:
            BrainTumorError: the address or port cannot be used.
        """
        self._completion.restore(self._store.unfinished())
        self._listener.start()
        for work in (self._answer_complete, self._send_and_erase):
            thread = threading.Thread(target=self._repeat, args=(work,), name=work.__name__)
            thread.start()
            self._threads.append(thread)
        self._log.write(Event.STARTED, port=self.port)

    def stop(self) -> None:
        """End in order: what is being sent now is finished, the rest waits for the next start."""
        self._stop.set()
        self._listener.stop()
        for thread in self._threads:
            thread.join()
        self._log.write(Event.STOPPED)

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
            except Exception as error:
                # A full disk must not end the node: senders are asked to come again, and it may have space later.
                self._log.write(Event.WORK_FAILED, work=work.__name__.strip("_"), **describe_error(error))
                self._stop.wait(self._settings.retry_s)
            self._stop.wait(_STEP_S)

    def _answer_complete(self) -> None:
        for series in self._completion.take_complete():
            if self._stop.is_set():
                return
            try:
                self._answer_series(series)
            except Exception as error:  # no room or no access, most of all; it may be there later
                self._log.write(Event.ANSWER_FAILED, series=series, **describe_error(error))
                self._completion.postpone(series)

    def _answer_series(self, series: int) -> None:
        job = self._store.begin(series)
        if job is None:
            return
        if job.attempt > MAX_ATTEMPTS:
            self._give_up(job)
            return
        if job.is_rest:
            self._store.finish(job, [])
            self._log.write(Event.REST_NOT_ANSWERED, series=series, images=len(job.files))
            return
        start = time.monotonic()
        try:
            results = self._answer(job.files, self._stop)
        except Exception as error:  # a decoder or a file that nobody thought of; other series go on
            self._log.write(Event.ANSWER_FAILED, series=series, attempt=job.attempt, **describe_error(error))
            if job.attempt >= MAX_ATTEMPTS:
                self._give_up(job)
            else:
                self._completion.postpone(series)
            return
        if results is None:
            self._store.take_back(job)
            return
        facts = {"series": series, "images": len(job.files), "elapsed_s": round(time.monotonic() - start, 2)}
        if self._store.finish(job, results):
            self._log.write(Event.SERIES_ANSWERED, results=len(results), **facts)
        else:
            self._log.write(Event.SERIES_REOPENED, **facts)

    def _give_up(self, job: Job) -> None:
        self._store.give_up(job)
        self._log.write(Event.SERIES_GIVEN_UP, series=job.series, images=len(job.files))

    def _send_and_erase(self) -> None:
        self._outbox.send_waiting(self._stop)
        now = time.monotonic()
        idle = self._store.idle_series()
        self._idle_since = {series: self._idle_since.get(series, now) for series in idle}
        for series, since in self._idle_since.items():
            if now - since >= self._settings.keep_images_s and self._store.erase(series):
                self._log.write(Event.SERIES_ERASED, series=series)


@contextlib.contextmanager
def running(node: Node) -> Iterator[Node]:
    """Start a node and stop it at the end, whatever happens in between."""
    node.start()
    try:
        yield node
    finally:
        node.stop()
