import pytest
from streamlit.testing.v1 import AppTest

from tests.page.driver import all_markdown, click, headlines, send, texts, upload, volume


@pytest.mark.parametrize("name", ["<img src=x>.png", "**a**.png", "$x$ :red[b] :smile:.png", "[a](http://b).png"])
def test_a_hostile_file_name_appears_literally_and_never_as_markdown(page: AppTest, name: str) -> None:
    send(page, [upload(name), upload(f"broken {name}", b"")])
    assert texts(page)[:2] == [name, f"broken {name}"]
    assert name not in all_markdown(page)
    assert not page.error


def test_an_answer_stays_when_more_is_sent_and_goes_when_it_is_removed(page: AppTest) -> None:
    send(page, [upload("a.png")])
    send(page, [upload("b.png")])
    assert texts(page) == ["b.png", "a.png"]
    click(page, "Remove")
    assert texts(page) == ["Removed: b.png", "a.png"]
    click(page, "Undo")
    assert texts(page) == ["b.png", "a.png"]


def test_a_series_has_one_card_and_an_image_another(page: AppTest) -> None:
    send(page, [volume("mapped.nii"), upload("a.png")])
    assert sorted(headlines(page)) == ["Glioma", "Series: Glioma"]
    assert sorted(texts(page)[:2]) == ["a.png", "mapped.nii"]
    assert [(button.key or "").startswith("remove-") for button in page.button].count(True) == 2
