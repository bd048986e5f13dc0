import csv
import gc
import io
import zipfile
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.input.series import Plane
from brain_tumor.labels import LABELS
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.series_words import describe_series_rule
from brain_tumor.presentation.wording import NOTICE
from page import session_state
from page.kept_file import kept_bytes
from tests.dicom_factory import make_dicom
from tests.page.driver import Upload, all_markdown, click, headlines, png, send, texts, upload, volume
from tests.scripted import ScriptedClassifier


def test_a_volume_gets_its_series_answer_first_and_how_it_was_derived(page: AppTest) -> None:
    send(page, [volume("mapped.nii")])
    assert headlines(page) == ["Series: Glioma"]
    assert "6 neighbouring slices are called a tumor without doubt." in all_markdown(page)
    assert describe_series_rule(LABELS) in all_markdown(page)
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


def test_another_plane_keeps_the_chosen_map(page: AppTest) -> None:
    send(page, [volume("mapped.nii", slices=24)])
    page.segmented_control(key="map").set_value(MapKind.SALIENCY).run()
    page.radio[0].set_value(Plane.CORONAL).run()
    assert page.segmented_control(key="map").value == MapKind.SALIENCY


@pytest.mark.parametrize("button", ["Remove", "Yes, clear all"])
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
    names = [text for text in texts(page) if text.startswith("study.zip")]
    assert names[:2] == ["study.zip/a/mapped.nii", "study.zip/b/one.png"]
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
    send(page, [volume("healthy-mapped.nii", 40)])  # 12 cm of a head
    assert headlines(page) == ["Series: No Tumor"]
    assert not page.pills


def dicom_series(count: int, **elements: Any) -> list[Upload]:
    """A DICOM series of ramps of 64 x 64."""
    values = np.tile(np.arange(64, dtype=np.uint16), (64, 1))
    return [
        (
            f"{number}.dcm",
            make_dicom(values, SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=number, **elements),
            "application/dicom",
        )
        for number in range(1, count + 1)
    ]


def test_a_series_of_a_kind_that_is_not_answered_says_so_and_has_no_report(
    page: AppTest, downloads: dict[str, Any]
) -> None:
    send(page, dicom_series(3, ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]))
    assert headlines(page) == ["Series: not answered"]
    assert "the series is ADC map, not what a radiologist reads" in all_markdown(page)
    assert not [label for label in downloads if label.startswith("Report")]
    lines = list(csv.DictReader(io.StringIO(downloads["Table as CSV"]())))
    assert [(line["status"], line["series_kind"]) for line in lines] == [("not_answered", "adc")] * 3
    (line,) = csv.DictReader(io.StringIO(downloads["Series as CSV"]()))
    assert (line["status"], line["class"], line["notice"]) == ("not_answered", "", NOTICE)


def test_a_series_is_called_what_the_scanner_calls_it_character_for_character(page: AppTest) -> None:
    send(page, dicom_series(2, SeriesDescription="t2 *tse* tra", SeriesNumber=7))
    assert "series 7, t2 \\*tse\\* tra" in all_markdown(page)


def test_one_image_of_a_kind_that_is_not_answered_was_read_all_the_same(page: AppTest) -> None:
    send(page, dicom_series(1, ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]))
    assert not any("Not read" in element.value for element in page.markdown)
    assert any("Not answered" in element.value for element in page.markdown)
