from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from tests.page.driver import all_markdown, headlines, open_page, png, send, texts, upload, volume
from tests.scripted import HEALTHY, ScriptedClassifier


def test_an_invalid_second_model_gives_its_message(scripted: ScriptedClassifier) -> None:
    page = open_page("compare")
    page.file_uploader[0].set_value([("<b>.tfliteA", b"no model", "application/octet-stream")]).run()
    assert not page.exception
    assert "cannot be used" in page.error[0].value
    assert texts(page)[0].startswith("<b>.tfliteA: is not a TensorFlow Lite file")


@pytest.fixture
def page(scripted: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with a second model, which finds no tumor."""
    other = ScriptedClassifier(replace(scripted.card, model_id="scripted-2"), default=HEALTHY)
    monkeypatch.setattr("page.compare.second_classifier", lambda *_: other)
    page = open_page("compare")
    page.file_uploader[0].set_value([("b.tfliteA", b"model", "application/octet-stream")]).run()
    return page


def test_two_models_answer_side_by_side_and_their_differences_are_named(page: AppTest) -> None:
    send(page, [upload("a.png")], uploader=1)
    assert "Another class or status: **1** of 1 slice." in all_markdown(page)
    assert headlines(page) == ["First: Glioma", "Second: No Tumor"]
    assert "answer: Glioma or No Tumor" in page.dataframe[0].value["Differences"][0]


def test_an_image_that_neither_model_can_read_says_why_and_is_no_difference(page: AppTest) -> None:
    send(page, [upload("broken.png", b"no image")], uploader=1)
    assert texts(page)[0] == "broken.png"
    assert texts(page)[1].startswith("is not an image file")
    assert "Another class or status: **0** of 1 slice." in all_markdown(page)


def test_a_picture_that_neither_model_analyses_shows_no_numbers_that_look_like_an_answer(page: AppTest) -> None:
    send(page, [upload("one-colour.png", png((250, 40, 10)))], uploader=1)
    assert page.dataframe[0].value["First, status"][0] == "Not analysed - blank"
    assert [expander.label for expander in page.expander] == 2 * ["The network's numbers, which mean nothing here"]
    assert all(expander.table for expander in page.expander) and len(page.table) == 2


def test_of_a_long_series_the_first_24_slices_are_compared(page: AppTest) -> None:
    send(page, [volume("a.nii", 25)], uploader=1)
    assert "The first 24 slices are compared." in all_markdown(page)
    assert len(page.dataframe[0].value) == 24
