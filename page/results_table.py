"""All answers as a table: a row per image and series in the words of the cards, or every slice with every column."""

from collections.abc import Sequence

import streamlit as st

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.presentation.series_words import describe_series_reason
from brain_tumor.presentation.wording import format_percent, reason_words, title_status, to_sentence
from brain_tumor.tables.rows import COLUMNS, LOCATION_COLUMNS
from page.overview import describe_answer
from page.series_item import SeriesItem

# A phone shows the answer beside it.
FILE_PX = 200


def show_table(items: Sequence[SeriesItem]) -> None:
    """The table, and the switch to its technical columns."""
    st.header("Table", anchor=False)
    if st.toggle("Every slice, with technical columns", key="technical"):
        show_slices(items)
        return
    st.dataframe(
        [to_plain_row(item) for item in items],
        hide_index=True,
        # Streamlit measures a column once, and what comes later may be longer.
        column_config={
            "File": st.column_config.TextColumn(width=FILE_PX),
            "Answer": st.column_config.TextColumn(width=190),
            "Status": st.column_config.TextColumn(width=220),
            "Confidence": st.column_config.TextColumn(width=100),
            "Slices": st.column_config.NumberColumn(width=70),
            "Why": st.column_config.TextColumn(width=480),
        },
        placeholder="",
        alt="The answer of each image and series",
    )


def to_plain_row(item: SeriesItem) -> dict[str, str | int]:
    """The row of one item, as its card says it."""
    row: dict[str, str | int] = {
        "File": item.name,
        "Answer": describe_answer(item),
        "Status": "",
        "Confidence": "",
        "Slices": item.slice_count,
        "Why": "",
    }
    if isinstance(item.answer, SeriesVerdict):
        return {**row, "Status": title_status(item.answer), "Why": to_sentence(describe_series_reason(item.answer))}
    if item.answer is None:
        reason = item.records[0].row["reason"] if item.is_done else None
        return {**row, "Why": f"The file {reason}." if reason else ""}
    verdict, cached = item.answer, item.records[0].cached
    sure = cached.confidence if cached else None
    return {
        **row,
        "Status": title_status(verdict),
        "Confidence": "" if sure is None else format_percent(sure),
        "Why": to_sentence(reason_words(verdict.reason, verdict.found, verdict.subject)) if verdict.reason else "",
    }


def show_slices(items: Sequence[SeriesItem]) -> None:
    """All slices, sortable. The answer stands for the class, which alone can read like a clean scan."""
    rows = [row for item in items for row in item.rows]
    located = any(row["location_score"] is not None for row in rows)
    left_out = {"class", "answer", *(() if located else LOCATION_COLUMNS)}
    columns = tuple(rows[0]) if rows else COLUMNS
    numbers = [name for name in columns if name == "confidence" or name.startswith("p_")]
    st.dataframe(
        [{**row, **{name: _to_percent(row[name]) for name in numbers}} for row in rows],
        hide_index=True,
        column_order=["file", "answer", *(name for name in columns[1:] if name not in left_out)],
        column_config={
            "file": st.column_config.TextColumn(width=FILE_PX),
            "answer": st.column_config.TextColumn(width=200),
        },
        placeholder="",
        alt="Results of all slices",
    )


def _to_percent(value: str | float | None) -> str:
    return format_percent(value) if isinstance(value, float) else ""
