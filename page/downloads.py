"""What can be kept: tables of all answers, and a report of one."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from brain_tumor.input.series import Series
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import Card
from brain_tumor.presentation.report.render import ReportFormat, render_report
from brain_tumor.presentation.report.subject import ReportSubject, SeriesDraft, to_report_image
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.parquet import render_parquet, render_series_parquet
from brain_tumor.tables.rows import Row, slice_columns
from brain_tumor.tables.serialize import render_csv, to_cells, to_csv_line, to_json_line
from brain_tumor.tables.series_rows import join_numbers, series_columns, to_series_row
from page.copy_button import offer_copy
from page.literal import literal
from page.series_item import SeriesItem

_NOTICE = {"notice": NOTICE}


def offer_downloads(items: Sequence[SeriesItem], card: Card) -> None:
    """Everything that can be kept of all answers, behind one button.

    Args:
        items: those with answers.
        card: of the model that answered.
    """
    with st.popover("Download", icon=":material/download:", disabled=not items):
        rows = [row for item in items for row in item.rows]
        offer_tables(rows, [row for item in items if (row := to_series_row_of(item, card))], card.rules.classes)
        # As they are now: the button may be clicked while a plane is being answered.
        done = [freeze(item) for item in items if has_report(item)]
        if done:
            st.download_button(
                "All reports as ZIP",
                partial(render_zip, done, card),
                f"brain-tumor-reports-{today()}.zip",
                "application/zip",
                key="reports-zip",
                on_click="ignore",
                icon=":material/folder_zip:",
            )


def offer_tables(rows: Sequence[Row], series_rows: Sequence[dict[str, Any]], classes: Sequence[Label] = LABELS) -> None:
    """A button for each kind of table.

    Args:
        rows: of all slices.
        series_rows: of all series.
        classes: of the model, in the order of `Rules.classes`.
    """
    kinds: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
        ("Table as CSV", "csv", "text/csv", lambda: render_slice_csv(rows, classes)),
        (
            "Table as JSON Lines",
            "jsonl",
            "application/x-ndjson",
            lambda: render_json_lines(rows),
        ),
        ("Table as Parquet", "parquet", "application/vnd.apache.parquet", lambda: render_parquet(rows, classes)),
    ]
    if series_rows:
        kinds += [
            ("Series as CSV", "series.csv", "text/csv", lambda: render_series_csv(series_rows, classes)),
            (
                "Series as JSON Lines",
                "series.jsonl",
                "application/x-ndjson",
                lambda: render_json_lines(series_rows),
            ),
            (
                "Series as Parquet",
                "series.parquet",
                "application/vnd.apache.parquet",
                lambda: render_series_parquet(series_rows, classes),
            ),
        ]
    for title, ending, mime, render in kinds:
        st.download_button(
            title,
            render,
            f"brain-tumor-results.{ending}",
            mime,
            key=f"table-{ending}",
            on_click="ignore",
            icon=":material/download:",
        )


def to_series_row_of(item: SeriesItem, card: Card) -> dict[str, Any] | None:
    """The row of a finished series; None for an image, and while slices are unanswered."""
    if item.verdict is None:
        return None
    windows = (record.row["window"] for record in item.records)
    return to_series_row(to_series(item), item.verdict, card.model_id, (str(window) for window in windows if window))


def to_series(item: SeriesItem) -> Series:
    """What its files say of it, without its slices, whose answers are in its verdict."""
    return replace(item.about or Series(item.name, ()), name=item.name, plane=item.plane)


def render_slice_csv(rows: Iterable[Row], classes: Sequence[Label] = LABELS) -> str:
    """The table of all slices as text; the last column is the notice, as a file that is sent on has nothing beside it.

    Args:
        rows: of all slices.
        classes: of the model, in the order of `Rules.classes`.
    """
    return render_csv(({**row, **_NOTICE} for row in rows), (*slice_columns(classes), *_NOTICE))


def render_json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """A line for each row of a table of slices or series."""
    return "".join(f"{to_json_line(row)}\n" for row in rows)


def render_series_csv(rows: Sequence[dict[str, Any]], classes: Sequence[Label] = LABELS) -> str:
    """The table of all series as text, the notice as of `render_slice_csv`.

    Args:
        rows: of `to_series_row`.
        classes: of the model, in the order of `Rules.classes`.
    """
    cells = [{**to_cells(join_numbers(row)), **_NOTICE}.values() for row in rows]
    return to_csv_line((*series_columns(classes), *_NOTICE)) + "".join(map(to_csv_line, cells))


def render_zip(items: Sequence[SeriesItem], card: Card) -> bytes:
    """A ZIP archive of a PDF report on each item, without the files' names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in items:
            archive.writestr(f"brain-tumor-report-{item.key}.pdf", _render(item, card, ReportFormat.PDF, False))
    return stream.getvalue()


def today() -> str:
    """The date in UTC, as file names have it."""
    return datetime.now(UTC).date().isoformat()


def has_report(item: SeriesItem) -> bool:
    """Whether it is finished, and any slice could be read."""
    return item.is_done and item.is_answered_kind and any(record.cached for record in item.records)


def freeze(item: SeriesItem) -> SeriesItem:
    """The item as it is now, without its files: a button may be clicked while another plane is being answered."""
    return replace(item, records=list(item.records), files=(), series=None)


def offer_report(item: SeriesItem, card: Card) -> None:
    """A button for each kind of report on one image or one series that is finished."""
    if not has_report(item):
        return
    show_name = st.session_state.get(f"named-{item.key}", False)
    shown = freeze(item)
    with st.container(horizontal=True, vertical_alignment="center"):
        for report_format in ReportFormat:
            st.download_button(
                f"Report as {report_format.name} **of {literal(item.name)}**",
                partial(_render, shown, card, report_format, show_name),
                f"brain-tumor-report-{item.key}-{today()}.{report_format}",
                key=f"report-{report_format}-{item.key}",
                on_click="ignore",
                icon=":material/description:",
            )
        offer_copy(item, card.model_id, show_name)
        st.checkbox("with the file's name", key=f"named-{item.key}", help="A file's name may hold a patient's.")


def _render(item: SeriesItem, card: Card, report_format: ReportFormat, show_name: bool) -> bytes:
    return render_report(to_report_subject(item, show_name), card, report_format)


def to_report_subject(item: SeriesItem, show_name: bool) -> ReportSubject:
    """What a report says of an item.

    Args:
        item: all its slices are answered, and at least one could be read.
        show_name: whether the report shows the file's name, which may hold a patient's.

    Raises:
        ValueError: there is no answer to report.
    """
    number = int(item.key)
    if item.verdict is None:
        if item.is_stack or not item.records or not (cached := item.records[0].cached):
            raise ValueError("there is no answer to report")
        return to_report_image(cached.restore(), number, show_name, cached.fingerprint, to_series(item))
    draft = SeriesDraft()
    for record in item.records:
        if record.cached:
            draft.add(record.cached.restore(), record.position_mm, record.cached.fingerprint)
        else:
            draft.add(None, record.position_mm)
    return draft.finish(number, item.verdict, item.name if show_name else None, to_series(item))
