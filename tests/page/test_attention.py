import json
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.page.driver import THREE, send, upload


def sent_to_browser(page: AppTest) -> dict[str, Any]:
    """What the component has."""
    (component,) = (
        element for element in page.get("bidi_component") if element.proto.component_name.endswith("attention")
    )
    data: dict[str, Any] = json.loads(component.proto.json)
    return data


def test_an_empty_page_says_nothing_and_may_be_reloaded(page: AppTest) -> None:
    found = sent_to_browser(page)
    assert (found["said"], found["target"], found["has_answers"]) == ("", None, False)


def test_answers_are_read_out_get_the_focus_and_are_lost_only_after_a_question(page: AppTest) -> None:
    before = sent_to_browser(page)["moves"]
    send(page, THREE)
    found = sent_to_browser(page)
    assert found["said"].startswith("Answered: ")
    assert found["target"] and found["has_answers"]
    assert found["moves"] > before


def test_the_focus_stays_where_nothing_new_was_answered(page: AppTest) -> None:
    send(page, [upload("a.png")])
    before = sent_to_browser(page)
    page.run()
    assert sent_to_browser(page)["moves"] == before["moves"]
