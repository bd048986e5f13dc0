from page.answering import answer_all
from page.results_table import to_plain_row
from page.session_state import SessionState
from tests.page.items import make_images, make_item
from tests.scripted import ScriptedClassifier


def answer(state: SessionState) -> None:
    assert list(answer_all(ScriptedClassifier(), state))[-1] == 0  # type: ignore[arg-type]


def test_an_image_has_its_confidence_and_no_reason_where_it_is_sure() -> None:
    state = make_images("a", 1)
    answer(state)
    row = to_plain_row(state.items[0])
    assert (row["File"], row["Slices"], row["Why"]) == ("a-0", 1, "")
    assert str(row["Confidence"]).endswith(" %") and row["Status"]


def test_a_series_has_the_reason_of_its_answer_and_no_confidence() -> None:
    item = make_item("series", 4)
    answer(SessionState([item]))
    row = to_plain_row(item)
    assert (row["Slices"], row["Confidence"]) == (4, "")
    assert str(row["Answer"]).startswith("Series: ") and row["Why"]


def test_what_waits_has_neither_status_nor_reason() -> None:
    row = to_plain_row(make_item("waiting", 1))
    assert (row["Status"], row["Confidence"], row["Why"]) == ("", "", "")
