import gc

from streamlit.testing.v1 import AppTest

from page.kept_file import make_room
from page.session_state import SessionState
from page.viewer import GONE, NEAR, to_viewer_data
from tests.page.driver import all_markdown, send, upload, viewers, volume
from tests.page.items import make_volume
from tests.page.test_series_item import answer


def test_a_picture_comes_small_until_somebody_looks_closely(page: AppTest) -> None:
    send(page, [upload("a.png")])
    (viewed,) = viewers(page)
    assert viewed["source"] is None
    page.session_state["close-1"] = True
    (viewed,) = viewers(page.run())
    assert (viewed["source"]["rows"], viewed["source"]["columns"], viewed["source"]["has_values"]) == (128, 128, False)


def test_a_volume_comes_with_its_own_values_and_the_slices_nearby(page: AppTest) -> None:
    send(page, [volume("mapped.nii", 30)])
    page.session_state["close-1"] = True
    page.slider[0].set_value(20).run()
    (viewed,) = viewers(page)
    assert (viewed["index"], viewed["count"]) == (19, 30)
    assert sorted(map(int, viewed["small"])) == list(range(19 - NEAR, 19 + NEAR + 1))
    assert (viewed["source"]["has_values"], viewed["source"]["values"]) == (True, [0, 63])


def test_an_original_that_is_gone_is_said(page: AppTest) -> None:
    send(page, [upload("a.png")])
    gc.collect()
    make_room(0, limit=0)
    page.session_state["close-1"] = True
    (viewed,) = viewers(page.run())
    assert viewed["gone"] and viewed["source"] is None
    assert GONE in all_markdown(page)


def test_at_the_first_slice_only_those_behind_it_are_near() -> None:
    state = SessionState()
    state.open([make_volume("a.nii", 9)])
    answer(state)
    assert list(to_viewer_data(state.items[0], 0, None)["small"]) == [str(number) for number in range(NEAR + 1)]
