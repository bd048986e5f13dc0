"""What can be kept: tables of all answers, and a report of one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from brain_tumor.model.card import Card
from brain_tumor.presentation.report.render import ReportFormat, render_report
from brain_tumor.presentation.report.subject import ReportSubject, SeriesDraft, to_report_image
from brain_tumor.tables.parquet import render_parquet
from brain_tumor.tables.rows import Row
from brain_tumor.tables.serialize import render_csv, to_json_line
from page.series_item import SeriesItem


def offer_tables(rows: Sequence[Row]) -> None:
    """A button for each kind of table."""
    kinds: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
        ("CSV", "csv", "text/csv", lambda: render_csv(rows)),
        ("JSON Lines", "jsonl", "application/x-ndjson", lambda: "".join(f"{to_json_line(row)}\n" for row in rows)),
        ("Parquet", "parquet", "application/vnd.apache.parquet", lambda: render_parquet(rows)),
    ]
    for title, ending, mime, render in kinds:
        st.download_button(
            f"Table as {title}",
            render,
            f"brain-tumor-results.{ending}",
            mime,
            key=f"table-{ending}",
            on_click="ignore",
            icon=":material/download:",
        )


def offer_report(item: SeriesItem, card: Card) -> None:
    """A button for each kind of report on one image or one series that is finished."""
    if not item.is_done or not any(record.cached for record in item.records):
        return
    show_name = st.session_state.get(f"named-{item.key}", False)
    # The item as it is now: the button may be clicked while the slices of another plane are being answered.
    shown = replace(item, records=list(item.records), files=(), series=None)
    with st.container(horizontal=True, vertical_alignment="center"):
        for report_format in ReportFormat:
            st.download_button(
                f"Report as {report_format.name}",
                partial(_render, shown, card, report_format, show_name),
                f"brain-tumor-report-{item.key}.{report_format}",
                key=f"report-{report_format}-{item.key}",
                on_click="ignore",
                icon=":material/description:",
            )
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
        return to_report_image(cached.restore(), number, show_name, cached.fingerprint)
    draft = SeriesDraft()
    for record in item.records:
        if record.cached:
            draft.add(record.cached.restore(), record.position_mm, record.cached.fingerprint)
        else:
            draft.add(None, record.position_mm)
    return draft.finish(number, item.verdict, item.name if show_name else None)
