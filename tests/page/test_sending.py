import json
from typing import Any

from streamlit.testing.v1 import AppTest

from page.sending import REFUSALS
from page.uploads import SERVER_IS_FULL
from tests.page.driver import THREE, send


def sent_to_browser(page: AppTest) -> dict[str, Any]:
    """What the component has."""
    (component,) = (
        element for element in page.get("bidi_component") if element.proto.component_name.endswith("sending")
    )
    data: dict[str, Any] = json.loads(component.proto.json)
    return data


def test_the_browser_is_told_how_many_files_were_taken_and_that_the_work_is_done(page: AppTest) -> None:
    assert sent_to_browser(page)["taken"] == 0
    found = sent_to_browser(send(page, THREE))
    assert (found["taken"], found["is_working"], found["answered_batch"]) == (len(THREE), False, 0)


def test_a_server_without_room_is_told_from_a_file_that_was_lost() -> None:
    said = "AxiosError: Request failed with status code 413"
    assert next(words for mark, words in REFUSALS.items() if mark in said).lower() == f"{SERVER_IS_FULL}."
