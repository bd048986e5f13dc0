"""What can be kept: tables of all answers, and a report of one."""

from collections.abc import Callable, Sequence

import streamlit as st

from brain_tumor.presentation.rows import Row
from brain_tumor.presentation.writers import render_csv, to_json_line
from page.parquet import render_parquet


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


def offer_report(study):
    return None
