from collections.abc import Iterator

import pytest
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.presentation.wording import NOTICE
from tests.page.driver import open_app, scripted_model


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    with scripted_model(monkeypatch):
        yield open_app()


def test_the_empty_page_shows_the_notice_and_two_uploaders(page: AppTest) -> None:
    assert [warning.value for warning in page.warning] == [NOTICE]
    assert [uploader.accept_directory for uploader in page.file_uploader] == [False, True]
    assert not page.dataframe


def test_uploads_are_never_spooled_to_a_file(page: AppTest) -> None:
    assert MultiPartParser.spool_max_size >= MAX_SCAN_BYTES
