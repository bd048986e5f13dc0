import csv
import gc
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from nibabel.nifti1 import Nifti1Image
from PIL import Image
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

import brain_tumor
from brain_tumor.errors import ModelFileError
from brain_tumor.input.reader import MAX_SCAN_BYTES
from brain_tumor.input.series import Plane
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.series_words import SERIES_RULE
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, NOTICE
from brain_tumor.tables.rows import COLUMNS, LOCATION_COLUMNS
from page.model_facts import LIMITS
from page.uploads import kept_bytes
from tests.scripted import HEALTHY, ScriptedClassifier

APP = Path(__file__).parents[1] / "app.py"
Upload = tuple[str, bytes, str]


def png(color: tuple[int, int, int] | None = None) -> bytes:
    """A grey ramp, or a picture of one colour."""
    ramp = np.tile(np.arange(128, dtype=np.uint8), (128, 1))
    image = Image.new("RGB", (128, 128), color) if color else Image.fromarray(ramp)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def upload(name: str, data: bytes | None = None) -> Upload:
    return (name, png() if data is None else data, "image/png")


THREE = [upload("a.png"), upload("doubt.png"), upload("broken.png", b"no image")]


@pytest.fixture
def classifier(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedClassifier]:
    scripted = ScriptedClassifier()
    monkeypatch.setattr(brain_tumor, "load_classifier", lambda: scripted)
    st.cache_resource.clear()
    yield scripted
    st.cache_resource.clear()


@pytest.fixture
def page(classifier: ScriptedClassifier) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    return page


def send(page: AppTest, files: list[Upload], uploader: int = 0) -> AppTest:
    page.file_uploader[uploader].set_value(files).run()
    assert not page.exception
    return page


def click(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def texts(page: AppTest) -> list[str]:
    return [text.value for text in page.text]


def headlines(page: AppTest) -> list[str]:
    return [heading.value for heading in page.subheader]


def all_markdown(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption, *page.warning])


def test_the_empty_page_shows_the_notice_and_two_uploaders(page: AppTest) -> None:
    assert [warning.value for warning in page.warning] == [NOTICE]
    assert [uploader.accept_directory for uploader in page.file_uploader] == [False, True]
    assert not page.dataframe


def test_two_images_are_answered_and_a_broken_one_says_why_in_its_place(page: AppTest) -> None:
    send(page, THREE)
    assert headlines(page) == ["Glioma", "Perhaps Glioma"]
    assert texts(page)[:3] == ["a.png", "doubt.png", "broken.png"]
    assert texts(page)[3].startswith("is not an image file")
    assert list(page.dataframe[0].value["status"]) == ["classified", "uncertain", "error"]


def test_a_folder_is_answered_in_order_beside_single_images(page: AppTest) -> None:
    send(page, [upload("one.png")])
    send(page, [upload("study/slice-2.png"), upload("study/slice-1.png")], uploader=1)
    assert texts(page) == ["one.png", "study/slice-1.png", "study/slice-2.png"]


def test_a_picture_that_was_not_analysed_never_looks_like_a_clean_scan(page: AppTest) -> None:
    colour = send(page, [upload("colour.png", png((250, 40, 10)))])
    assert headlines(colour) == ["Not analysed"]
    assert "Not analysed - not a brain MRI" in all_markdown(colour)
    assert "confidence **" not in all_markdown(colour)
    assert "Probability (not meaningful)" in colour.table[0].value.columns
    assert all(str(cell).startswith(":gray[") for cell in colour.table[0].value["Class"])
    assert list(colour.dataframe[0].value["class"]) == ["No Tumor (not analysed)"]


def test_a_clear_and_an_uncertain_answer_differ_in_words(page: AppTest) -> None:
    send(page, [upload("doubt.png")])
    assert "needs a human look" in all_markdown(page)
    click(page, "Clear all")
    send(page, [upload("clear.png")])
    assert "needs a human look" not in all_markdown(page)


@pytest.mark.parametrize("name", ["<img src=x>.png", "**a**.png", "$x$ :red[b] :smile:.png", "[a](http://b).png"])
def test_a_hostile_file_name_appears_literally_and_never_as_markdown(page: AppTest, name: str) -> None:
    send(page, [upload(name), upload(f"broken {name}", b"")])
    assert texts(page)[:2] == [name, f"broken {name}"]
    assert name not in all_markdown(page)
    assert not page.error


def test_each_upload_is_classified_once_whatever_is_clicked_later(
    page: AppTest, classifier: ScriptedClassifier
) -> None:
    send(page, THREE)
    page.run()
    click(page, "Try the examples")
    assert classifier.calls[:3] == ["a.png", "doubt.png", "broken.png"]
    assert len(classifier.calls) == 3 + 3


def test_an_answer_stays_when_more_is_sent_and_goes_when_it_is_removed(page: AppTest) -> None:
    send(page, [upload("a.png")])
    send(page, [upload("b.png")])
    assert texts(page) == ["a.png", "b.png"]
    click(page, "Remove")
    assert texts(page) == ["b.png"]


def test_a_session_keeps_at_most_60_kilobytes_of_an_image(page: AppTest) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 900), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    send(page, [upload("noise.png", stream.getvalue())])
    (record,) = page.session_state["classify"].records
    assert len(record.answer.thumbnail) < 60_000
    assert record.answer.bare.scan.pixels.size == 0
    assert kept_bytes() == 0


def test_the_examples_show_three_pictures_and_clear_all_removes_everything(page: AppTest) -> None:
    send(page, THREE)
    click(page, "Try the examples")
    assert len(page.dataframe[0].value) == 6
    click(page, "Clear all")
    assert not page.dataframe
    assert texts(page) == []
    assert page.file_uploader[0].value == []


def test_many_images_come_in_screen_pages(page: AppTest) -> None:
    send(page, [upload(f"{number}.png") for number in range(20)])
    assert texts(page) == [f"{number}.png" for number in range(8)]
    assert len(page.dataframe[0].value) == 20
    page.pagination[0].set_value(3).run()
    assert texts(page) == ["16.png", "17.png", "18.png", "19.png"]


def test_more_than_500_files_are_refused_in_words(page: AppTest) -> None:
    send(page, [upload(f"{number}.png", b"") for number in range(501)])
    assert len(page.dataframe[0].value) == 500
    assert any("501 files were sent; the first 500 are answered" in text for text in texts(page))


def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each download button would give, by its label; the last of each label."""
    files: dict[str, Any] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *rest, **options: files.update({label: data}))
    return files


def test_the_csv_has_the_columns_of_the_command_line(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = offered(monkeypatch)
    send(page, [*THREE, upload("=1+1.png", b"")])
    lines = list(csv.reader(io.StringIO(files["Table as CSV"]())))
    assert lines[0] == list(COLUMNS)
    assert [line[:3] for line in lines[1:]] == [
        ["a.png", "classified", "Glioma"],
        ["doubt.png", "uncertain", "Glioma"],
        ["broken.png", "error", ""],
        ["./=1+1.png", "error", ""],  # no formula for a spreadsheet
    ]


def test_without_a_usable_model_file_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ModelFileError("model.tfliteA: is damaged")

    monkeypatch.setattr(brain_tumor, "load_classifier", refuse)
    st.cache_resource.clear()
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    assert "cannot be used" in page.error[0].value
    assert texts(page) == ["model.tfliteA: is damaged"]
    assert page.warning[0].value == NOTICE


def test_uploads_are_never_spooled_to_a_file(page: AppTest) -> None:
    assert MultiPartParser.spool_max_size >= MAX_SCAN_BYTES


def test_a_certain_answer_is_no_quotation_in_the_table(page: AppTest) -> None:
    # "> 99.9 %" in a cell is Markdown for a quotation, which the page showed as a smaller "99.9 %".
    send(page, [upload("sure.png")])
    assert str(page.table[0].value["Probability"].iloc[0]).startswith("\\>")


def pictures(page: AppTest) -> list[str]:
    """The address of each picture, which tells its content."""
    return [image.url for element in page.get("image") for image in element.proto.imgs]


def choose(page: AppTest, kind: MapKind | None) -> AppTest:
    page.radio[0].set_value(kind).run()
    assert not page.exception
    return page


def test_an_image_with_maps_is_shown_plain_until_a_map_is_chosen(page: AppTest) -> None:
    send(page, [upload("mapped.png")])
    assert page.radio[0].options == ["none", "why (saliency)", "where (location)"]
    assert page.radio[0].value is None
    assert not page.slider
    assert MAP_EXPLANATIONS[MapKind.SALIENCY] not in all_markdown(page)


@pytest.mark.parametrize("kind", MapKind)
def test_a_chosen_map_is_named_and_explained_and_the_other_is_not(page: AppTest, kind: MapKind) -> None:
    choose(send(page, [upload("mapped.png")]), kind)
    (other,) = set(MapKind) - {kind}
    assert MAP_EXPLANATIONS[kind] in all_markdown(page)
    assert MAP_EXPLANATIONS[other] not in all_markdown(page)
    assert len(page.slider) == 1


def test_a_map_can_be_put_away_again(page: AppTest) -> None:
    choose(choose(send(page, [upload("mapped.png")]), MapKind.LOCATION), None)
    assert not page.slider


def test_a_chosen_map_draws_another_picture_without_another_answer(
    page: AppTest, classifier: ScriptedClassifier
) -> None:
    (plain,) = pictures(send(page, [upload("mapped.png")]))
    (half,) = pictures(choose(page, MapKind.SALIENCY))
    (full,) = pictures(page.slider[0].set_value(1.0).run())
    assert len({plain, half, full}) == 3
    assert classifier.calls == ["mapped.png"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mapped.png", "Location found: the map reaches 80.0 %"),
        ("faint.png", "No location found."),
        ("healthy-mapped.png", "No location: the class shown is No Tumor."),
        ("plain.png", "This model file has no heat maps."),
    ],
)
def test_whether_a_tumor_was_located_is_said_in_words(page: AppTest, name: str, said: str) -> None:
    assert said in all_markdown(send(page, [upload(name)]))


def test_no_tumor_offers_no_location(page: AppTest) -> None:
    assert send(page, [upload("healthy-mapped.png")]).radio[0].options == ["none", "why (saliency)"]


@pytest.mark.parametrize(("name", "data"), [("plain.png", None), ("mapped.png", png((250, 40, 10)))])
def test_without_a_map_to_show_there_is_nothing_to_choose(page: AppTest, name: str, data: bytes | None) -> None:
    assert not send(page, [upload(name, data)]).radio


def test_two_images_of_the_same_name_have_a_choice_each(page: AppTest) -> None:
    send(page, [upload("mapped.png"), upload("mapped.png")])
    page.radio[1].set_value(MapKind.LOCATION).run()
    assert [radio.value for radio in page.radio] == [None, MapKind.LOCATION]


def test_the_table_has_location_columns_only_where_a_tumor_was_located(page: AppTest) -> None:
    send(page, [upload("plain.png")])
    assert not set(LOCATION_COLUMNS) & set(page.dataframe[0].proto.column_order)
    send(page, [upload("mapped.png")])
    assert set(LOCATION_COLUMNS) <= set(page.dataframe[0].proto.column_order)


def volume(name: str, slices: int = 6) -> Upload:
    """A NIfTI volume of 64 x 70 x slices voxels of 1 x 1 x 3 mm: a ramp."""
    voxels = np.zeros((64, 70, slices), np.int16)
    voxels[:] = np.arange(64)[:, None, None]
    image = Nifti1Image(voxels, np.diag([1.0, 1.0, 3.0, 1.0]))  # type: ignore[no-untyped-call]
    return (name, image.to_bytes(), "application/octet-stream")


def test_a_volume_gets_its_series_answer_first_and_how_it_was_derived(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    assert headlines(page) == ["Series: Glioma"]
    assert "6 neighbouring slices are called a tumor without doubt." in all_markdown(page)
    assert SERIES_RULE in all_markdown(page)
    assert list(page.table[0].value["Slices"]) == ["6", "0", "0", "0"]
    assert len(page.dataframe[0].value) == 6


def test_the_slider_starts_at_the_most_suspicious_slice_and_moves(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    (item,) = page.session_state["classify"].items
    assert page.slider[0].value == item.verdict.order[0] + 1
    page.slider[0].set_value(4).run()
    assert "**Slice 4 of 6" in all_markdown(page)


def test_another_plane_is_read_and_answered_anew(page: AppTest, classifier: ScriptedClassifier) -> None:
    send(page, [volume("mapped.nii")])
    page.radio[0].set_value(Plane.CORONAL).run()
    assert not page.exception
    (item,) = page.session_state["classify"].items
    assert (item.plane, item.slice_count, len(item.records)) == (Plane.CORONAL, 70, 70)
    assert len(classifier.calls) == 6 + 70


@pytest.mark.parametrize("button", ["Remove", "Clear all"])
def test_a_volume_is_kept_for_its_planes_until_it_is_removed(page: AppTest, button: str) -> None:
    send(page, [volume("mapped.nii")])
    page.radio[0].set_value(Plane.CORONAL).run()
    assert kept_bytes() > 0
    click(page, button)
    gc.collect()
    assert kept_bytes() == 0


def test_a_report_is_of_the_plane_that_its_button_stood_below(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = offered(monkeypatch)
    send(page, [volume("mapped.nii")])
    state = page.session_state["classify"]
    state.reslice(state.items[0].key, Plane.CORONAL)
    assert "6 of 6 slices analysed" in files["Report as HTML"]().decode()


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


def test_stopped_work_keeps_its_answers_and_goes_on_when_asked(page: AppTest, classifier: ScriptedClassifier) -> None:
    send(page, [volume("mapped.nii")])
    state = page.session_state["classify"]
    (item,) = state.items
    del item.records[2:]
    item.verdict, state.is_stopped = None, True
    page.run()
    assert "Stopped: 4 slices are not answered yet." in all_markdown(page)
    assert headlines(page) == ["Not finished"]
    assert len(classifier.calls) == 6
    click(page, "Continue")
    assert headlines(page) == ["Series: Glioma"]
    assert len(classifier.calls) == 6 + 4


def test_the_saliency_of_another_class_says_that_it_is_not_the_final_one(page: AppTest) -> None:
    choose(send(page, [upload("mapped.png")]), MapKind.SALIENCY)
    assert page.selectbox[0].value is Label.GLIOMA
    (final,) = pictures(page)
    page.selectbox[0].set_value(Label.NO_TUMOR).run()
    assert "which is not the final class, **Glioma**" in all_markdown(page)
    assert "**Heat map: why (saliency) for No Tumor.**" in all_markdown(page)
    assert pictures(page) != [final]


@pytest.mark.parametrize("files", [[upload("mapped.png")], [volume("mapped.nii")]])
def test_an_image_and_a_series_have_reports_without_the_file_s_name(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, files: list[Upload]
) -> None:
    files_offered = offered(monkeypatch)
    send(page, files)
    html = files_offered["Report as HTML"]()
    assert NOTICE.encode() in html
    assert files[0][0].encode() not in html
    assert files_offered["Report as PDF"]().startswith(b"%PDF")


def test_tables_come_as_json_lines_and_parquet_too(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = offered(monkeypatch)
    send(page, THREE)
    assert files["Table as JSON Lines"]().count("\n") == 3
    assert files["Table as Parquet"]().startswith(b"PAR1")


def test_a_file_that_cannot_be_read_has_no_report(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = offered(monkeypatch)
    send(page, [upload("broken.png", b"no image")])
    assert not [label for label in files if label.startswith("Report")]


def open_page(name: str) -> AppTest:
    script = f"from page import {name}\nfrom page.layout import show_notice\nshow_notice()\n{name}.show()"
    page = AppTest.from_string(script, default_timeout=60).run()
    assert not page.exception
    return page


def test_the_model_s_page_states_limits_and_the_notice(classifier: ScriptedClassifier) -> None:
    page = open_page("about")
    assert page.warning[0].value == NOTICE
    assert LIMITS[0] in all_markdown(page)
    assert "holds no measured figures" in all_markdown(page)


def test_an_invalid_second_model_gives_its_message(classifier: ScriptedClassifier) -> None:
    page = open_page("compare")
    page.file_uploader[0].set_value([("<b>.tfliteA", b"no model", "application/octet-stream")]).run()
    assert not page.exception
    assert "cannot be used" in page.error[0].value
    assert texts(page)[0].startswith("<b>.tfliteA: is not a TensorFlow Lite file")


def test_two_models_answer_side_by_side_and_their_differences_are_named(
    classifier: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ScriptedClassifier(replace(classifier.card, model_id="scripted-2"), default=HEALTHY)
    monkeypatch.setattr("page.compare.second_classifier", lambda *_: other)
    page = open_page("compare")
    page.file_uploader[0].set_value([("b.tfliteA", b"model", "application/octet-stream")]).run()
    page.file_uploader[1].set_value([upload("a.png")]).run()
    assert not page.exception
    assert "**1** of 1 slices get another class or status" in all_markdown(page)
    assert headlines(page) == ["First: Glioma", "Second: No Tumor"]
    assert "class: Glioma or No Tumor" in page.dataframe[0].value["differences"][0]
