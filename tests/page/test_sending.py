from streamlit.testing.v1 import AppTest

from page.sending import REFUSALS
from page.upload_manager import SERVER_IS_FULL
from tests.page.driver import THREE, read_component, send


def test_the_browser_is_told_how_many_files_were_taken_and_that_the_work_is_done(page: AppTest) -> None:
    assert read_component(page, "sending")["taken"] == 0
    found = read_component(send(page, THREE), "sending")
    assert (found["taken"], found["is_working"], found["answered_batch"]) == (len(THREE), False, 0)


def test_a_server_without_room_is_told_from_a_file_that_was_lost() -> None:
    said = "AxiosError: Request failed with status code 413"
    assert next(words for mark, words in REFUSALS.items() if mark in said).lower() == f"{SERVER_IS_FULL}."
