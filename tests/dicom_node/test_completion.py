"""Quiet times, with a clock that the test sets."""

from brain_tumor.dicom_node.completion import Completion


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Connection:
    """Stands for an association."""


def make_completion() -> tuple[Completion, Clock]:
    clock = Clock()
    return Completion(quiet_s=30, after_release_s=5, clock=clock), clock


def test_a_series_is_complete_after_the_quiet_time_and_only_once() -> None:
    completion, clock = make_completion()
    completion.add_image(1, Connection())
    clock.now += 29.9
    assert completion.take_complete() == []
    clock.now += 0.1
    assert completion.take_complete() == [1]
    assert completion.take_complete() == []


def test_each_image_begins_the_quiet_time_anew() -> None:
    completion, clock = make_completion()
    connection = Connection()
    for _ in range(10):
        completion.add_image(1, connection)
        clock.now += 20
        assert completion.take_complete() == []


def test_the_end_of_the_connection_shortens_the_wait() -> None:
    completion, clock = make_completion()
    connection = Connection()
    completion.add_image(1, connection)
    completion.release(connection)
    clock.now += 5
    assert completion.take_complete() == [1]


def test_a_connection_that_breaks_does_not_shorten_the_wait() -> None:
    completion, clock = make_completion()
    connection = Connection()
    completion.add_image(1, connection)
    completion.lose(connection)
    clock.now += 29
    assert completion.take_complete() == []


def test_a_series_that_another_connection_still_brings_waits_for_that_one() -> None:
    completion, clock = make_completion()
    first, second = Connection(), Connection()
    completion.add_image(1, first)
    completion.add_image(1, second)
    completion.add_image(2, first)
    completion.release(first)
    clock.now += 5
    assert completion.take_complete() == [2]
    completion.release(second)
    clock.now += 5
    assert completion.take_complete() == [1]


def test_an_image_in_a_next_connection_takes_the_shorter_wait_back() -> None:
    completion, clock = make_completion()
    first, second = Connection(), Connection()
    completion.add_image(1, first)
    completion.release(first)
    clock.now += 4
    completion.add_image(1, second)
    clock.now += 29
    assert completion.take_complete() == []


def test_unfinished_series_of_an_earlier_process_wait_too() -> None:
    completion, clock = make_completion()
    completion.restore([7, 8])
    assert completion.take_complete() == []
    clock.now += 30
    assert completion.take_complete() == [7, 8]
