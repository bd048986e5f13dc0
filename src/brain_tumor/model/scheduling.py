"""Which thread reads and which one runs the network, so that neither waits for the other."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

from brain_tumor.errors import ModelFileError
from brain_tumor.model.engine import Engine

# Two threads keep up with the network on any file but a huge one.
DECODING_THREADS = 2
# Items that are read or being read besides those in the network.
READ_AHEAD = 2

Item = TypeVar("Item")
Read = TypeVar("Read")
Answer = TypeVar("Answer")


def answer_in_order(
    items: Iterable[Item],
    read: Callable[[Item], Read],
    answer: Callable[[Item, Read, Engine], Answer],
    engine: Engine,
    at_once: int | None = None,
) -> Generator[Answer, None, None]:
    """Answers in the order of the items; the next few are read while the network runs.

    Memory does not grow with the number of items. Closing the generator, or dropping it, ends its threads.

    Args:
        items: what to answer; taken one by one, when one is needed.
        read: an item to what the network needs; called in a thread of its own.
        answer: an item and what was read to its answer, by the engine given.
        engine: in a long batch it is split into engines of one thread each, which answer the same sooner.
        at_once: how many items are read or answered at a time; None for as many as the cores have use for. The engine
            is split only where this exceeds its threads.

    Yields:
        One answer an item.
    """
    threads = engine.threads
    at_once = at_once or threads + READ_AHEAD
    readers = ThreadPoolExecutor(max(1, min(DECODING_THREADS, at_once - 1)), "brain-tumor-read")
    network = ThreadPoolExecutor(threads, "brain-tumor-answer")
    # At first the one engine, whose passes take all threads; it goes on while the caller has the last answer.
    free: SimpleQueue[Engine] = SimpleQueue()
    free.put(engine)

    def finish(item: Item, reading: Future[Read]) -> Answer:
        content, idle = reading.result(), free.get()
        try:
            return answer(item, content, idle)
        finally:
            free.put(idle)

    try:
        ahead: deque[Future[Answer]] = deque()
        numbered = enumerate(items)
        while True:
            for index, item in islice(numbered, at_once - len(ahead)):
                if index == engine.split_after and 1 < threads < at_once:
                    network.submit(_split, free)
                ahead.append(network.submit(finish, item, readers.submit(read, item)))
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        network.shutdown(cancel_futures=True)
        readers.shutdown(cancel_futures=True)


def _split(free: "SimpleQueue[Engine]") -> None:
    """Replace the engine that has all threads by engines of one thread each."""
    engine = free.get()
    engines: Sequence[Engine] = [engine]
    try:
        engines = engine.split()
    except ModelFileError:
        pass  # for lack of memory, perhaps; the one engine goes on
    finally:
        for part in engines:
            free.put(part)
