import json

import numpy as np
from streamlit.testing.v1 import AppTest

from brain_tumor.input.series import Series, Slice
from page.answering import answer_all
from page.results_table import to_plain_row
from page.session_state import SessionState
from tests.factories import make_scan
from tests.page.driver import send, upload
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


def test_a_rejected_image_says_what_is_wrong_with_it_in_a_sentence() -> None:
    item = make_item("tiny", 1)
    item.series = Series("tiny", (Slice("tiny", None, lambda: make_scan(np.eye(40, dtype=np.float32))),))
    answer(SessionState([item]))
    row = to_plain_row(item)
    assert (row["Answer"], row["Status"]) == ("Not analysed", "Not analysed - too small")
    assert row["Why"] == "The image is only 40 x 40 pixels, 64 a side are needed."


def test_every_column_has_a_width_as_names_that_come_later_may_be_longer(page: AppTest) -> None:
    """Streamlit measures a column once: names were cut that came after shorter ones."""
    (table,) = send(page, [upload("a.png"), upload("b.png")]).dataframe
    widths = {name: column.get("width") for name, column in json.loads(table.proto.columns).items()}
    assert [name for name in table.value.columns if not widths.get(name)] == []
