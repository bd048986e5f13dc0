from streamlit.testing.v1 import AppTest

from tests.page.driver import THREE, read_component, send, upload


def test_an_empty_page_says_nothing_and_may_be_reloaded(page: AppTest) -> None:
    found = read_component(page, "attention")
    assert (found["said"], found["target"], found["has_answers"]) == ("", None, False)


def test_answers_are_read_out_get_the_focus_and_are_lost_only_after_a_question(page: AppTest) -> None:
    before = read_component(page, "attention")["moves"]
    send(page, THREE)
    found = read_component(page, "attention")
    assert found["said"].startswith("Answered: ")
    assert found["target"] and found["has_answers"]
    assert found["moves"] > before


def test_the_focus_stays_where_nothing_new_was_answered(page: AppTest) -> None:
    send(page, [upload("a.png")])
    before = read_component(page, "attention")
    page.run()
    assert read_component(page, "attention")["moves"] == before["moves"]
