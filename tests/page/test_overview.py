import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from page.answering import answer_all
from page.overview import Order, choose_items, describe_counts
from page.session_state import SessionState
from tests.page.items import make_item
from tests.scripted import ScriptedClassifier


@pytest.fixture
def state() -> SessionState:
    """A clear glioma of two slices, a doubtful one and a healthy scan."""
    answered = SessionState([make_item("c", 2), make_item("b doubt", 1), make_item("a healthy", 1)])
    list(answer_all(ScriptedClassifier(), answered))  # type: ignore[arg-type]
    return answered


def names(state: SessionState, order: Order, statuses: tuple[str, ...] = (), labels: tuple[Label, ...] = ()) -> str:
    return ", ".join(item.name for item in choose_items(state.items, order, statuses, labels))


def test_items_come_as_they_are_by_name_or_the_most_suspicious_first(state: SessionState) -> None:
    assert names(state, Order.NEWEST) == "c, b doubt, a healthy"
    assert names(state, Order.NAME) == "a healthy, b doubt, c"
    assert names(state, Order.SUSPICIOUS) == "c, b doubt, a healthy"


def test_items_are_chosen_by_status_and_by_class(state: SessionState) -> None:
    assert names(state, Order.NEWEST, labels=(Label.NO_TUMOR,)) == "a healthy"
    assert "b doubt" in names(state, Order.NEWEST, statuses=(Status.UNCERTAIN,))
    assert names(state, Order.NEWEST, ("error",)) == ""


def test_items_are_counted_by_status_and_by_class(state: SessionState) -> None:
    counted = describe_counts(state.items[1:])
    assert counted == "2 in all: 1 classified, 1 uncertain. Of these: 1 Glioma, 1 No Tumor."
