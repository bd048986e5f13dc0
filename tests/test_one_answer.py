"""What one image or one series is answered is the same through every way out: tables, terminal, report and page."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Plane, Series, Slice
from brain_tumor.labels import LABELS, Label
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.pdf import render_pdf
from brain_tumor.presentation.report.render import ReportFormat, render_html_report
from brain_tumor.presentation.report.subject import to_report_image
from brain_tumor.presentation.wording import render_line
from brain_tumor.tables.csv_jsonl import CsvFile, SeriesCsvFile
from brain_tumor.tables.rows import to_row
from brain_tumor.tables.serialize import from_cells
from brain_tumor.tables.series_rows import to_finding
from page.downloads import render_series_csv, to_report_subject, to_series_row_of
from page.series_item import SeriesItem
from page.slice_record import CachedResult, to_cached_result, to_slice_record
from tests.csv_rows import read_rows
from tests.factories import make_card, make_mapped_result, make_scan
from tests.scripted import CARD, ScriptedClassifier

# Ten thirds of a millimetre along a slanted normal, as an oblique series has: three such slices are exactly 10 mm long,
# as long as a tumor must be, but not once their positions are rounded.
SPACING_MM = 10 / 3
SERIES = {
    "Series: Glioma": ["healthy", "tumor", "tumor", "tumor", "healthy"],
    "Series: No Tumor": ["healthy"] * 18,  # 60 mm: what No Tumor without doubt needs of a head
    "Series: undecided": ["healthy", "tumor", "healthy", "tumor", "healthy"],
    "Series: not analysed": ["blank"] * 3,
}


def read_blank() -> Scan:
    return make_scan(np.zeros((64, 64), np.float32))


def make_series(kinds: Sequence[str]) -> Series:
    slices = (
        Slice(f"{kind}-{index}.dcm", None, read_blank if kind == "blank" else make_scan, 0.1 + index * SPACING_MM)
        for index, kind in enumerate(kinds)
    )
    return Series("oblique", tuple(slices), Plane.AXIAL)


def predict(series: Series, folder: Path) -> None:
    """As `brain-tumor predict` does: a table, a table of series, a report."""
    table, series_table = CsvFile(folder / "slices.csv"), SeriesCsvFile(folder / "series.csv")
    reports = ReportFolder(folder / "reports", [ReportFormat.HTML], show_names=False)
    with table, series_table:
        Batch([table], series_table, None, reports, DoneRows(), Progress(lambda: iter(())), as_json=False).answer(
            ScriptedClassifier(),  # type: ignore[arg-type]
            [series],
        )


def open_on_page(series: Series) -> SeriesItem:
    """As the page does, its answers kept small."""
    item = SeriesItem("1", series.name, series.plane, len(series.slices), (), series)
    for outcome in ScriptedClassifier().classify_many(series.slices):
        item.add(to_slice_record(outcome, CARD.model_id, series.name))
    return item


def headline_of(html: str) -> str:
    return str(re.findall(r"<strong>(.*?)</strong>", html)[0])


# AppTest runs the text of these two alone, without the imports above.
def draw_series(verdict: "SeriesVerdict") -> None:
    from page.series_view import show_series_verdict

    show_series_verdict(verdict)


def draw_slice(cached: "CachedResult") -> None:
    from page.slice_view import show_verdict

    show_verdict(cached, in_series=False)


@pytest.mark.parametrize("answer", SERIES)
def test_a_series_has_one_answer_through_every_way_out(
    answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = make_series(SERIES[answer])
    predict(series, tmp_path)
    (row,) = read_rows(tmp_path / "series.csv")
    item = open_on_page(series)
    assert item.verdict is not None

    assert row["answer"] == answer
    assert f"oblique: {answer} (" in capsys.readouterr().out
    assert headline_of((tmp_path / "reports" / "series-1.html").read_text(encoding="utf-8")) == answer
    page = AppTest.from_function(draw_series, kwargs={"verdict": item.verdict}, default_timeout=60).run()
    assert [item.value for item in page.subheader] == [answer]
    assert headline_of(render_html_report(to_report_subject(item, show_name=False), CARD)) == answer
    downloaded = to_series_row_of(item, CARD)
    assert downloaded is not None
    (shown,) = csv.DictReader(io.StringIO(render_series_csv([downloaded], LABELS)))
    assert "never for diagnosis" in shown.pop("notice")  # nothing lies beside a downloaded table
    assert {**shown, "report": row["report"]} == row  # the page writes no report into a folder

    decided = (item.verdict.label, item.verdict.status, item.verdict.reason)
    named = "" if item.verdict.status is Status.UNCERTAIN else item.verdict.label
    assert (row["class"], row["status"], row["reason_code"]) == (named, *decided[1:])
    # A run that goes on from the table decides on its rows.
    again = decide_series(
        [to_finding(from_cells(row), LABELS, has_location=False) for row in read_rows(tmp_path / "slices.csv")]
    )
    assert (again.label, again.status, again.reason) == decided


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [
        (Verdict(Label.GLIOMA, Status.CLASSIFIED, None), "Glioma"),
        (Verdict(Label.GLIOMA, Status.UNCERTAIN, Reason.UNLIKELY), "Perhaps Glioma"),
        (Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK), "Not analysed"),
    ],
)
def test_an_image_has_one_answer_through_every_way_out(verdict: Verdict, answer: str) -> None:
    result = make_mapped_result(verdict)
    assert to_row(result)["answer"] == answer
    assert render_line(result).startswith(f"slice.png: {answer}")
    assert headline_of(render_html_report(to_report_image(result, 1), make_card())) == answer
    assert f"({answer}) Tj".encode() in render_pdf(to_report_image(result, 1), make_card(), compress=False)
    page = AppTest.from_function(draw_slice, kwargs={"cached": to_cached_result(result)}, default_timeout=60).run()
    assert [item.value for item in page.subheader] == [answer]
