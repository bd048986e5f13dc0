import gc
import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.input.series import Plane
from brain_tumor.presentation.series_words import SERIES_RULE
from page import session_state
from page.uploads import kept_bytes
from tests.page.driver import all_markdown, click, headlines, png, send, texts, upload, volume
from tests.scripted import ScriptedClassifier


def test_a_volume_gets_its_series_answer_first_and_how_it_was_derived(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    assert headlines(page) == ["Series: Glioma"]
    assert "6 neighbouring slices are called a tumor without doubt." in all_markdown(page)
    assert SERIES_RULE in all_markdown(page)
    assert list(page.table[0].value["Slices"]) == ["6", "0", "0", "0"]
    page.toggle(key="technical").set_value(True).run()
    assert len(page.dataframe[0].value) == 6


def test_the_slider_starts_at_the_most_suspicious_slice_and_moves(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    (item,) = page.session_state["classify"].items
    assert page.slider[0].value == item.verdict.order[0] + 1
    page.slider[0].set_value(4).run()
    assert "**Slice 4 of 6" in all_markdown(page)


def test_another_plane_is_read_and_answered_again(page: AppTest, scripted: ScriptedClassifier) -> None:
    send(page, [volume("mapped.nii")])
    page.radio[0].set_value(Plane.CORONAL).run()
    assert not page.exception
    (item,) = page.session_state["classify"].items
    assert (item.plane, item.slice_count, len(item.records)) == (Plane.CORONAL, 70, 70)
    assert len(scripted.calls) == 6 + 70


@pytest.mark.parametrize("button", ["Remove", "Clear all"])
def test_a_volume_is_kept_for_its_planes_until_it_is_removed(page: AppTest, button: str) -> None:
    send(page, [volume("mapped.nii")])
    assert kept_bytes() > 0
    click(page, button)
    gc.collect()
    assert kept_bytes() == 0


def test_a_volume_in_an_archive_can_be_cut_along_another_plane_too(page: AppTest) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/mapped.nii", volume("mapped.nii")[1])
        archive.writestr("b/one.png", png())
    send(page, [upload("study.zip", stream.getvalue())])
    assert texts(page)[:2] == ["study.zip/a/mapped.nii", "study.zip/b/one.png"]
    page.radio[0].set_value(Plane.SAGITTAL).run()
    assert not page.exception
    assert [(item.slice_count, len(item.records)) for item in page.session_state["classify"].items] == [
        (64, 64),
        (1, 1),
    ]


def test_a_click_on_a_suspicious_slice_moves_the_slider_to_it(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    assert page.pills[0].options[0] == f"Slice {page.session_state['classify'].items[0].shown_index + 1}"
    (item,) = page.session_state["classify"].items
    second = item.verdict.order[1]
    page.pills[0].set_value(second).run()
    assert not page.exception
    assert page.slider[0].value == second + 1


def test_a_plane_of_too_many_slices_leaves_the_plane_chosen_that_is_shown(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_state, "MAX_SLICES", 10)
    send(page, [volume("mapped.nii")])
    page.radio[0].set_value(Plane.CORONAL).run()
    assert not page.exception
    assert page.radio[0].value is Plane.AXIAL
    assert any("its 70 slices would make 70, this page holds 10" in text for text in texts(page))


def test_a_healthy_series_lists_no_suspicious_slices(page: AppTest) -> None:
    send(page, [volume("healthy-mapped.nii")])
    assert headlines(page) == ["Series: No Tumor"]
    assert not page.pills
