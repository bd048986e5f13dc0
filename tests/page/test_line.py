from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from types import TracebackType

import pytest

from brain_tumor.input.series import Series, Slice
from page import desk as desk_module
from page.desk import Desk, Study, answer_all
from page.line import Line
from tests.factories import make_scan
from tests.scripted import ScriptedClassifier


def desk_of(name: str, images: int) -> Desk:
    slices = [Slice(f"{name}-{number}", None, make_scan) for number in range(images)]
    return Desk([Study(one.file, one.file, None, 1, (), Series(one.file, (one,))) for one in slices])


def test_the_first_to_come_is_the_first_to_work_and_the_next_follows() -> None:
    line = Line()
    with line.stand() as first:
        with line.stand() as second, line.stand() as third:
            assert (first.is_first(0), second.is_first(0), third.is_first(0)) == (True, False, False)
            assert (first.has_followers, second.has_followers, third.has_followers) == (True, True, False)
        assert not first.has_followers
    with line.stand() as next_one:
        assert next_one.is_first(0)


def test_whoever_gives_up_in_the_middle_lets_the_others_move_up() -> None:
    line = Line()
    with line.stand() as last_but_one:
        middle = line.stand()
        middle.__enter__()
        with line.stand() as last:
            middle.__exit__(None, None, None)
            assert last_but_one.is_first(0) and not last.is_first(0)


def test_two_sessions_take_turns_and_each_gets_all_of_its_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "TURN_S", 0.0)  # a turn of one slice
    classifier, desks = ScriptedClassifier(), [desk_of("a", 40), desk_of("b", 40)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda desk: list(answer_all(classifier, desk)), desks))  # type: ignore[arg-type]
    for desk, name in zip(desks, "ab", strict=True):
        assert [entry.name for entry in desk.entries] == [f"{name}-{number}" for number in range(40)]
    assert len(classifier.calls) == 80


@dataclass
class Crowd:
    """Counts how many are inside at once."""

    most: int = 0
    _inside: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._lock:
            self._inside -= 1


def test_of_eight_sessions_never_two_decode_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "TURN_S", 0.0)
    crowd = Crowd()

    class Crowded(ScriptedClassifier):
        def classify_many(self, slices, at_once=None):  # type: ignore[no-untyped-def]
            with crowd:
                yield from super().classify_many(slices, at_once)

    classifier = Crowded()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: list(answer_all(classifier, desk_of(str(number), 10))), range(8)))  # type: ignore[arg-type]
    assert crowd.most == 1 and len(classifier.calls) == 80


def test_a_session_that_waits_can_be_stopped_and_keeps_nobody_waiting() -> None:
    classifier, busy = ScriptedClassifier(), desk_of("busy", 3)
    with closing(answer_all(classifier, busy)) as works:  # type: ignore[arg-type]
        assert next(works) == 2
        with closing(answer_all(classifier, desk_of("other", 2))) as waits:  # type: ignore[arg-type]
            assert list(islice(waits, 2)) == [2, 2]  # nothing done yet
    assert list(answer_all(classifier, desk_of("late", 2))) == [1, 0]  # type: ignore[arg-type]
    assert [name for name in classifier.calls if "other" in name] == []
