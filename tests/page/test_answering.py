from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from types import TracebackType

import pytest

from page import answering
from page.answering import answer_all
from page.session_state import SessionState
from tests.page.items import make_images, make_item
from tests.scripted import ScriptedClassifier


def test_a_caller_that_stops_early_keeps_the_answers_and_does_nothing_twice() -> None:
    state, classifier = SessionState([make_item("a", 3), make_item("b", 2)]), ScriptedClassifier()
    work = answer_all(classifier, state)  # type: ignore[arg-type]
    assert list(islice(work, 4)) == [4, 3, 2, 1]
    work.close()
    assert list(answer_all(classifier, state)) == [0]  # type: ignore[arg-type]
    assert classifier.calls == ["a", "a", "a", "b", "b"]
    assert [record.number for record in state.records] == [1, 2, 3, 1, 2]


def test_two_sessions_take_turns_and_each_gets_all_of_its_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "QUANTUM_S", 0.0)  # one slice at a time
    classifier, states = ScriptedClassifier(), [make_images("a", 40), make_images("b", 40)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda state: list(answer_all(classifier, state)), states))  # type: ignore[arg-type]
    for state, name in zip(states, "ab", strict=True):
        assert [record.name for record in state.records] == [f"{name}-{number}" for number in range(40)]
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
    monkeypatch.setattr(answering, "QUANTUM_S", 0.0)
    crowd = Crowd()

    class Crowded(ScriptedClassifier):
        def classify_many(self, slices, at_once=None):  # type: ignore[no-untyped-def]
            with crowd:
                yield from super().classify_many(slices, at_once)

    classifier = Crowded()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: list(answer_all(classifier, make_images(str(number), 10))), range(8)))  # type: ignore[arg-type]
    assert crowd.most == 1 and len(classifier.calls) == 80


def test_a_session_that_waits_can_be_stopped_and_keeps_nobody_waiting() -> None:
    classifier, busy = ScriptedClassifier(), make_images("busy", 3)
    with closing(answer_all(classifier, busy)) as works:  # type: ignore[arg-type]
        assert next(works) == 2
        with closing(answer_all(classifier, make_images("other", 2))) as waits:  # type: ignore[arg-type]
            assert list(islice(waits, 2)) == [2, 2]  # nothing done yet
    assert list(answer_all(classifier, make_images("late", 2))) == [1, 0]  # type: ignore[arg-type]
    assert [name for name in classifier.calls if "other" in name] == []
