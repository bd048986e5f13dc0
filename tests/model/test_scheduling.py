import threading
from collections.abc import Callable, Generator, Iterable, Iterator

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.model.scheduling import READ_AHEAD, answer_in_order


class Engine:
    """Stands in for LiteRTEngine: answers a number with itself, and counts what each engine answered."""

    split_after = 5

    def __init__(self, threads: int = 2, *, splits: bool = True) -> None:
        self.threads, self._splits = threads, splits
        self.answered = 0
        self.parts: list[Engine] = []

    def split(self) -> list["Engine"]:
        if not self._splits:
            raise ModelFileError("no memory for another")
        self.parts = [Engine(1) for _ in range(self.threads)]
        return self.parts

    def run(self, number: int) -> int:
        self.answered += 1
        return number


def answer(
    numbers: Iterable[int],
    engine: Engine | None = None,
    read: Callable[[int], int] = lambda number: number,
    at_once: int | None = None,
) -> Generator[int, None, None]:
    def run(number: int, content: int, idle: Engine) -> int:
        return idle.run(content)

    return answer_in_order(numbers, read, run, engine or Engine(), at_once)  # type: ignore[arg-type]


def reading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("brain-tumor-read")]


def test_the_next_item_is_read_while_one_takes_long() -> None:
    second_was_read = threading.Event()

    def read(number: int) -> int:
        if number == 1:
            second_was_read.set()
        else:
            assert second_was_read.wait(timeout=30), "nothing else was read meanwhile"
        return number

    assert list(answer([0, 1], read=read)) == [0, 1]


def test_a_long_batch_goes_on_with_an_engine_per_thread() -> None:
    engine = Engine(threads=3)
    assert list(answer(range(100), engine)) == list(range(100))
    # The one engine may be taken away a few images sooner or later, as the threads come to it.
    assert 0 < engine.answered < 50
    assert len(engine.parts) == 3 and sum(part.answered for part in engine.parts) == 100 - engine.answered


@pytest.mark.parametrize(("threads", "count"), [(3, Engine.split_after), (1, 100)])
def test_a_short_batch_and_a_single_thread_keep_the_one_engine(threads: int, count: int) -> None:
    engine = Engine(threads)
    assert list(answer(range(count), engine)) == list(range(count))
    assert (engine.answered, engine.parts) == (count, [])


def test_a_batch_goes_on_with_the_one_engine_where_there_is_no_room_for_more() -> None:
    engine = Engine(threads=3, splits=False)
    assert list(answer(range(100), engine)) == list(range(100))
    assert engine.answered == 100


def test_only_a_few_items_are_read_ahead() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    answers = answer(numbers())
    for answered in range(1, 50):
        next(answers)
        assert len(taken) <= answered + 2 + READ_AHEAD  # two threads
    answers.close()


def test_with_one_at_once_an_item_is_answered_before_the_next_is_taken() -> None:
    engine, taken = Engine(threads=3), 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    answers = answer(numbers(), engine, at_once=1)
    for answered in range(1, 101):
        next(answers)
        assert taken == engine.answered == answered
    assert engine.parts == []


def test_a_generator_that_is_closed_early_leaves_no_thread() -> None:
    answers = answer(range(100))
    next(answers)
    assert reading_threads()
    answers.close()
    assert reading_threads() == []


def test_a_generator_that_is_dropped_leaves_no_thread() -> None:
    next(answer(range(100)))
    assert reading_threads() == []


def test_what_the_items_raise_reaches_the_caller() -> None:
    def numbers() -> Iterator[int]:
        yield 0
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(answer(numbers()))
    assert reading_threads() == []


def test_no_items_are_no_answers() -> None:
    assert list(answer([])) == []
