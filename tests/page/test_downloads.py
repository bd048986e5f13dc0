import csv
import io
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.input.series import Plane
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import COLUMNS
from tests.page.driver import THREE, Upload, send, upload, volume


def test_the_csv_has_the_columns_of_the_command_line(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [*THREE, upload("=1+1.png", b"")])
    lines = list(csv.reader(io.StringIO(downloads["Table as CSV"]())))
    assert lines[0] == list(COLUMNS)
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


def test_a_file_that_cannot_be_read_has_no_report(page: AppTest, downloads: dict[str, Any]) -> None:
    send(page, [upload("broken.png", b"no image")])
    assert not [label for label in downloads if label.startswith("Report")]
