import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.presentation.wording import NOTICE
from page.copy_button import to_text
from tests.page.driver import send, upload, volume
from tests.page.items import make_item


def copied(page: AppTest, show_name: bool = False) -> str:
    (item,) = page.session_state["classify"].items
    return to_text(item, "network-1", show_name)


def test_a_copied_answer_has_class_doubt_probabilities_model_and_notice_but_no_name(page: AppTest) -> None:
    text = copied(send(page, [upload("doubt.png")]))
    lines = text.splitlines()
    assert lines[0].startswith("Perhaps ")
    assert "needs a human look" in text.lower()
    assert sum(line.endswith(" %") for line in lines) == 4
    assert lines[-2].startswith("Model network-1")
    assert lines[-1] == NOTICE
    assert "doubt.png" not in text


def test_a_name_is_copied_when_asked_for(page: AppTest) -> None:
    assert copied(send(page, [upload("a.png")]), show_name=True).startswith("a.png: ")


def test_a_copied_series_has_the_share_of_each_class(page: AppTest) -> None:
    text = copied(send(page, [volume("mapped.nii")]))
    assert text.startswith("Series: ")
    assert text.count(" of slices") == 4


def test_without_an_answer_there_is_nothing_to_copy() -> None:
    with pytest.raises(ValueError, match="no answer"):
        to_text(make_item("a", 2), "network-1", show_name=False)
