"""What can be kept: tables of all answers, and a report of one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from brain_tumor.model.card import Card
from brain_tumor.presentation.parquet import render_parquet
from brain_tumor.presentation.report import ReportFormat, render_report
from brain_tumor.presentation.report_subject import ReportSubject, SeriesDraft, to_report_image
from brain_tumor.presentation.rows import Row
from brain_tumor.presentation.writers import render_csv, to_json_line
from page.desk import Study


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


def offer_report(study: Study, card: Card) -> None:
    """A button for each kind of report on one image or one series that is finished."""
    if not study.is_done or not any(entry.answer for entry in study.entries):
        return
    show_name = st.session_state.get(f"named-{study.key}", False)
    # The study of now: the button may be clicked when the slices of another plane are being answered.
    shown = replace(study, entries=list(study.entries), files=(), series=None)
    with st.container(horizontal=True, vertical_alignment="center"):
        for one in ReportFormat:
            st.download_button(
                f"Report as {one.name}",
                partial(_render, shown, card, one, show_name),
                f"brain-tumor-report-{study.key}.{one}",
                key=f"report-{one}-{study.key}",
                on_click="ignore",
                icon=":material/description:",
            )
        st.checkbox("with the file's name", key=f"named-{study.key}", help="A file's name may hold a patient's.")


def _render(study: Study, card: Card, report_format: ReportFormat, show_name: bool) -> bytes:
    return render_report(_to_subject(study, show_name), card, report_format)


def _to_subject(study: Study, show_name: bool) -> ReportSubject:
    number = int(study.key)
    if not study.is_stack and (answer := study.entries[0].answer):
        return to_report_image(answer.restore(), number, show_name, answer.digits)
    draft = SeriesDraft()
    for entry in study.entries:
        if entry.answer:
            draft.add(entry.answer.restore(), entry.position_mm, entry.answer.digits)
        else:
            draft.add(None, entry.position_mm)
    return draft.finish(number, study.name if show_name else None)
