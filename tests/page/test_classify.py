import io
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from brain_tumor.labels import Label
from brain_tumor.tables.rows import LOCATION_COLUMNS
from page import classify
from page.classify import answer_for_a_while, describe_progress
from page.fair_queue import QUEUE
from page.kept_file import make_room
from tests.page.driver import THREE, all_markdown, click, headlines, send, texts, upload, volume
from tests.page.items import make_images
from tests.scripted import ScriptedClassifier


def test_two_images_are_answered_and_a_broken_one_says_why_in_its_place(page: AppTest) -> None:
    send(page, THREE)
    assert headlines(page) == ["Glioma", "Perhaps Glioma"]
    assert texts(page)[:3] == ["a.png", "doubt.png", "broken.png"]
    assert texts(page)[3].startswith("The file is not an image file")
    assert list(page.dataframe[0].value["Answer"]) == ["Glioma", "Perhaps Glioma", "Not read"]


def test_a_folder_is_answered_in_order_beside_single_images(page: AppTest) -> None:
    send(page, [upload("one.png")])
    send(page, [upload("study/slice-2.png"), upload("study/slice-1.png")], uploader=1)
    assert texts(page) == ["study/slice-1.png", "study/slice-2.png", "one.png"]


def test_each_upload_is_classified_once_whatever_is_clicked_later(page: AppTest, scripted: ScriptedClassifier) -> None:
    send(page, THREE)
    page.run()
    send(page, [upload("later.png")])
    assert scripted.calls == ["a.png", "doubt.png", "broken.png", "later.png"]


def test_a_session_keeps_at_most_60_kilobytes_of_an_image(page: AppTest) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 900), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    send(page, [upload("noise.png", stream.getvalue())])
    (record,) = page.session_state["classify"].records
    assert len(record.cached.thumbnail) < 60_000
    assert record.cached.result.scan.pixels.size == 0
    assert make_room(0, limit=0), "the file itself goes when others need the room"


def test_the_examples_show_three_pictures_and_clear_all_removes_everything(page: AppTest) -> None:
    assert "Yes, clear all" not in [button.label for button in page.button]
    click(page, "Try the examples")
    assert len(page.dataframe[0].value) == 3
    click(page, "Yes, clear all")
    assert not page.dataframe
    assert texts(page) == []
    assert page.file_uploader[0].value == []


def test_one_example_starts_on_a_click_on_its_picture(page: AppTest, scripted: ScriptedClassifier) -> None:
    page.button(key="example-2").click().run()
    assert scripted.calls == ["2-drawn-lesion-no-patient.png"]


def tiles(page: AppTest) -> list[str]:
    return [button.label for button in page.button if (button.key or "").startswith("tile-")]


def test_many_images_come_in_screen_pages(page: AppTest) -> None:
    send(page, [upload(f"{number}.png") for number in range(30)])
    assert len(tiles(page)) == 24
    assert len(page.dataframe[0].value) == 30
    page.pagination[0].set_value(2).run()
    assert [tile.split("  \n")[-1] for tile in tiles(page)] == [f"{number}\\.png" for number in range(24, 30)]


def test_a_click_on_a_tile_opens_its_card_and_a_button_leads_back(page: AppTest) -> None:
    send(page, [upload(f"{number}.png") for number in range(5)])
    assert texts(page) == []
    page.button(key="tile-glioma-3").click().run()
    assert texts(page) == ["2.png"]
    click(page, "Next")
    assert texts(page) == ["3.png"]
    click(page, "All results")
    assert len(tiles(page)) == 5


def test_tiles_are_filtered_by_status_and_class(page: AppTest) -> None:
    names = ["doubt.png", "healthy.png", "a.png", "b.png", "c.png"]
    send(page, [upload(name) for name in names])
    page.pills(key="statuses").set_value(["classified"]).run()
    assert len(tiles(page)) == 4
    page.pills(key="classes").set_value([Label.NO_TUMOR]).run()
    assert [tile.split("  \n")[-1] for tile in tiles(page)] == ["healthy\\.png"]


def test_more_than_500_files_are_refused_in_words(page: AppTest) -> None:
    send(page, [upload(f"{number}.png", b"") for number in range(501)])
    assert len(page.dataframe[0].value) == 500
    send(page, [upload("one more.png")])
    assert any("501 files were sent; the first 500 are answered" in text for text in texts(page))


def test_the_table_has_location_columns_only_where_a_tumor_was_located(page: AppTest) -> None:
    send(page, [upload("plain.png"), upload("plain.png")])
    page.toggle(key="technical").set_value(True).run()
    assert not set(LOCATION_COLUMNS) & set(page.dataframe[0].proto.column_order)
    send(page, [upload("mapped.png")])
    assert set(LOCATION_COLUMNS) <= set(page.dataframe[0].proto.column_order)


def test_stopped_work_keeps_its_answers_and_goes_on_when_asked(page: AppTest, scripted: ScriptedClassifier) -> None:
    send(page, [volume("mapped.nii")])
    state = page.session_state["classify"]
    (item,) = state.items
    del item.records[2:]
    item.verdict, state.is_stopped = None, True
    page.run()
    assert "Stopped: 4 slices are not answered yet." in all_markdown(page)
    assert headlines(page) == ["Not finished"]
    assert len(scripted.calls) == 6
    click(page, "Continue")
    assert headlines(page) == ["Series: Glioma"]
    assert len(scripted.calls) == 6 + 4


@pytest.mark.parametrize(
    ("done", "elapsed_s", "is_receiving", "expected"),
    [
        (0, 9.0, False, (0.0, "Classifying: 0 of 40 slices, waiting for other visitors")),
        (10, 5.0, True, (0.25, "Classifying: 10 of 40 slices, about 15 s left")),
        (40, 20.0, False, (1.0, "Classifying: 40 of 40 slices, about 1 s left")),
        (40, 20.0, True, (1.0, "Classifying: 40 of 40 slices, more are on their way")),
    ],
)
def test_progress_is_a_share_and_the_time_left(
    done: int, elapsed_s: float, is_receiving: bool, expected: tuple[float, str]
) -> None:
    assert describe_progress(done, 40, elapsed_s, is_receiving) == expected


class Bar:
    """Counts how often it was drawn."""

    def __init__(self) -> None:
        self.drawn = Semaphore(0)

    def progress(self, *_: object) -> None:
        self.drawn.release()


def test_a_session_that_waits_longer_than_a_drawing_lasts_keeps_its_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "FIRST_REDRAW_S", 0.0)
    state, bar = make_images("honest", 1), Bar()
    state.begin_work()
    with ThreadPoolExecutor(1) as pool:
        with QUEUE.join():  # another session is at work
            waits = pool.submit(answer_for_a_while, ScriptedClassifier(), state, bar)  # type: ignore[arg-type]
            assert all(bar.drawn.acquire(timeout=60) for _ in range(3))
            assert not waits.done() and not state.records
        waits.result(60)
    assert len(state.records) == 1
