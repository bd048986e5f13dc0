"""Answers a session's slices, one by one, in turn with the other sessions of this server."""

import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from brain_tumor import Classifier
from brain_tumor.input.series import Slice
from page.fair_queue import QUANTUM_S, QUEUE
from page.series_item import SeriesItem
from page.session_state import SessionState
from page.slice_record import to_slice_record

# A picture of 25 million pixels takes 300 MB for a moment, and small hosts have 1 GB: the next one is not read
# meanwhile, though that would save a seventh of the time.
SLICES_AT_ONCE = 1


def answer_all(classifier: Classifier, state: SessionState) -> Generator[int, None, None]:
    """Answer what is not answered yet.

    A caller that stops early keeps the answers, and calls again to continue. Until the generator is closed, it keeps
    its ticket in the queue.

    Yields:
        How many slices are unanswered: after each answer, and now and then while other sessions work.
    """
    unanswered, is_done = state.unanswered_count, False
    while not is_done:
        with QUEUE.join() as ticket:
            while not ticket.wait():
                yield unanswered
            end, is_done = time.monotonic() + QUANTUM_S, True
            with closing(_answer_in_order(classifier, state)) as answers:
                for _ in answers:
                    unanswered -= 1
                    yield unanswered
                    if ticket.has_followers and time.monotonic() > end:
                        is_done = False
                        break


def _answer_in_order(classifier: Classifier, state: SessionState) -> Generator[None, None, None]:
    in_flight: deque[SeriesItem] = deque()  # the items of the slices that the classifier has taken

    def feed() -> Iterator[Slice]:
        for item in state.items:
            for slice_ in item.unanswered_slices():
                in_flight.append(item)
                yield slice_

    for outcome in classifier.classify_many(feed(), SLICES_AT_ONCE):
        item = in_flight.popleft()
        item.add(
            to_slice_record(
                outcome,
                classifier.card.model_id,
                item.name if item.is_stack else None,
                classifier.card.rules.classes,
            )
        )
        del outcome  # its pixels must be gone before the next ones come
        yield
