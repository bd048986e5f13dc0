import csv
import io
import json
from typing import Any

import pytest
from pyarrow.parquet import read_table  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from brain_tumor.input.series import Plane
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import COLUMNS
from page.answering import answer_all
from page.downloads import to_report_subject
from page.series_item import SeriesItem
from page.session_state import SessionState
from tests.page.driver import THREE, Upload, send, upload, volume
from tests.page.items import make_item
from tests.scripted import ScriptedClassifier


def test_the_csv_has_the_columns_of_the_command_line_and_the_notice(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [*THREE, upload("=1+1.png", b"")])
    lines = list(csv.reader(io.StringIO(downloads["Table as CSV"]())))
    assert lines[0] == [*COLUMNS, "notice"]
    assert {line[-1] for line in lines[1:]} == {NOTICE}
    assert [line[:3] for line in lines[1:]] == [
        ["a.png", "classified", "Glioma"],
        ["doubt.png", "uncertain", "Glioma"],
        ["broken.png", "error", ""],
        ["./=1+1.png", "error", ""],  # no formula for a spreadsheet
    ]


def test_a_report_is_of_the_plane_that_its_button_stood_below(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [volume("mapped.nii")])
    state = page.session_state["classify"]
    state.reslice(state.items[0].key, Plane.CORONAL)
    assert "6 of 6 slices analysed" in downloads["Report as HTML"]().decode()


@pytest.mark.parametrize("files", [[upload("mapped.png")], [volume("mapped.nii")]])
def test_an_image_and_a_series_have_reports_without_the_file_s_name(
    page: AppTest, downloads: dict[str, Any], files: list[Upload]
) -> None:
    send(page, files)
    html = downloads["Report as HTML"]()
    assert NOTICE.encode() in html
    assert files[0][0].encode() not in html
    assert downloads["Report as PDF"]().startswith(b"%PDF")


def test_tables_come_as_json_lines_and_parquet_too(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, THREE)
    assert downloads["Table as JSON Lines"]().count("\n") == 3
    assert downloads["Table as Parquet"]().startswith(b"PAR1")
    assert not [label for label in downloads if label.startswith("Series as")]


def test_series_have_a_row_each_in_every_kind_of_table(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [volume("a.nii"), volume("b.nii"), upload("c.png")])
    rows = [json.loads(line) for line in downloads["Series as JSON Lines"]().splitlines()]
    assert [row["series"] for row in rows] == ["a.nii", "b.nii"]
    assert len(downloads["Series as CSV"]().splitlines()) == 1 + len(rows)
    assert read_table(io.BytesIO(downloads["Series as Parquet"]())).num_rows == len(rows)


def test_a_file_that_cannot_be_read_has_no_report(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [upload("broken.png", b"no image")])
    assert not [label for label in downloads if label.startswith("Report")]


def answered(item: SeriesItem) -> SeriesItem:
    list(answer_all(ScriptedClassifier(), SessionState([item])))  # type: ignore[arg-type]
    return item


def test_a_report_shows_the_verdict_that_the_page_shows() -> None:
    item = answered(make_item("1", 3))
    subject = to_report_subject(item, show_name=False)
    assert item.verdict is not None
    assert (subject.verdict, subject.name) == (item.verdict, None)


def test_a_report_names_the_file_when_that_is_asked_for() -> None:
    assert to_report_subject(answered(make_item("1", 1)), show_name=True).name == "1"


def test_an_unfinished_series_has_no_report() -> None:
    with pytest.raises(ValueError, match="no answer"):
        to_report_subject(make_item("1", 3), show_name=False)
