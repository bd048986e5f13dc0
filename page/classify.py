"""The first page: files in, answers out."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import streamlit as st

from brain_tumor import Classifier
from brain_tumor.decision.verdict import Status
from brain_tumor.input.reader import ACCEPTED
from brain_tumor.model.card import Card
from brain_tumor.presentation.wording import render_time_left
from brain_tumor.tables.rows import COLUMNS, LOCATION_COLUMNS
from page.answering import answer_all
from page.downloads import offer_report, offer_tables
from page.layout import usable_classifier
from page.series_item import SeriesItem
from page.series_view import show_series
from page.session_state import SessionState, current_state, forget_state
from page.slice_record import SliceRecord
from page.slice_view import show_slice
from page.uploads import KeptFile, forget_uploads, take_uploads

SAMPLES = Path(__file__).parents[1] / "samples"
# Images with their charts on one screen page; more make a browser slow.
PAGE_SIZE = 8
# What the rows of each status are called where they are counted.
STATUS_COUNTS = {
    Status.CLASSIFIED: "classified",
    Status.UNCERTAIN: "uncertain",
    Status.NOT_A_BRAIN_MRI: "not analysed",
    "error": "not read",
}


def show() -> None:
    """Draw the page from top to bottom."""
    st.title("Brain tumor MRI", anchor=False)
    st.write("Names the kind of tumor on MRI slices of the brain, and how sure the network is.")
    classifier = usable_classifier()
    if classifier is None:
        return
    state = current_state()
    if files := take_uploads(f"MRI of the brain: {ACCEPTED}", f"A folder with {ACCEPTED}", "classify"):
        state.receive(files)
        st.rerun()  # with empty uploaders
    show_buttons(state)
    if state.unopened:
        with st.spinner("Opening the files"):
            state.open_received()
    for note in state.notes:
        st.warning("Not everything was taken:", icon=":material/rule:")
        st.text(note)
    if state.unanswered_count:
        answer_with_progress(classifier, state)
    if state.records:
        show_results(state, classifier.card)


def show_buttons(state: SessionState) -> None:
    """The examples, and the way back to an empty page."""
    with st.container(horizontal=True):
        if st.button("Try the examples", icon=":material/image:", disabled=state.has_examples):
            state.has_examples = True
            state.unopened += [KeptFile(path.name, path.read_bytes()) for path in sorted(SAMPLES.glob("*.png"))]
        st.button("Clear all", icon=":material/delete:", on_click=clear_all)
    if state.has_examples:
        st.caption(
            "Examples: an average of 152 healthy brains, the same with a lesion drawn by a program, and a colour chart."
        )


def answer_with_progress(classifier: Classifier, state: SessionState) -> None:
    """Answer what is not answered yet, with a progress bar; a click on any widget ends it between two slices."""
    if state.is_stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.write(f"Stopped: {state.unanswered_count} slices are not answered yet.")
            st.button("Continue", icon=":material/play_arrow:", on_click=set_stopped, args=(False,))
        return
    total, start_s = state.unanswered_count, time.monotonic()
    area = st.empty()
    with area.container():
        st.button("Stop classifying", icon=":material/stop:", on_click=set_stopped, args=(True,))
        bar = st.progress(0.0, f"Classifying {total} slices")
    with closing(answer_all(classifier, state)) as counts:
        for unanswered in counts:
            # Every message to the browser is also where a click ends this run.
            bar.progress(*describe_progress(total - unanswered, total, time.monotonic() - start_s))
    area.empty()


def describe_progress(done: int, total: int, elapsed_s: float) -> tuple[float, str]:
    """How much of the work is done, 0 to 1, and a sentence that says so.

    Args:
        done: answered slices.
        total: answered and unanswered slices.
        elapsed_s: seconds since the work began.
    """
    rest = render_time_left(elapsed_s / done * (total - done)) if done else "waiting for other visitors"
    return done / total, f"Classifying: {done} of {total} slices, {rest}"


# Streamlit keeps a widget's callback and its arguments as long as the session lives: these hold no state and no files.
def clear_all() -> None:
    """Forget every upload and answer of this session."""
    forget_uploads()
    forget_state()


def set_stopped(stopped: bool) -> None:
    """Stop, or continue."""
    current_state().is_stopped = stopped


def remove_item(key: str) -> None:
    """Forget one series or image."""
    current_state().remove(key)


def show_results(state: SessionState, card: Card) -> None:
    """The counts, one card per image or series, and the table of all slices."""
    records = state.records
    st.header("Results", anchor=False)
    st.write(describe_counts(records, len(state.items)))
    with st.container(horizontal=True):
        offer_tables([record.row for record in records])
    one_by_one, table = st.tabs(["One by one", "Table of all results"])
    with one_by_one:
        for item in choose_page([item for item in state.items if item.records]):
            show_item(item, card)
    with table:
        show_table(records)


def describe_counts(records: Sequence[SliceRecord], item_count: int) -> str:
    """How many slices have each status, in Markdown; how many there are, where they are not one per item."""
    counts = Counter(str(record.row["status"]) for record in records)
    listed = ", ".join(f"**{counts[status]}** {word}" for status, word in STATUS_COUNTS.items() if counts[status])
    return listed if len(records) == item_count else f"{len(records)} slices: {listed}"


def choose_page(items: Sequence[SeriesItem]) -> Sequence[SeriesItem]:
    """The items of the screen page that is chosen."""
    st.caption("Images appear small and in grey, as the network sees them, in true proportions.")
    if len(items) <= PAGE_SIZE:
        return items
    page = st.pagination(-(-len(items) // PAGE_SIZE), key="page")
    return items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def show_item(item: SeriesItem, card: Card) -> None:
    """One card. A file's name may hold Markdown or HTML, so it only ever goes through st.text."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(item.name, width="stretch")
            st.button("Remove", type="tertiary", key=f"remove-{item.key}", on_click=remove_item, args=(item.key,))
        if item.is_stack:
            show_series(item)
        else:
            show_slice(item.key, item.records[0])
        offer_report(item, card)


def show_table(records: Sequence[SliceRecord]) -> None:
    """All results, sortable. The answer stands for the class, which alone can read like a clean scan."""
    percent = st.column_config.NumberColumn(format="percent")
    located = any(record.row["location_score"] is not None for record in records)
    left_out = {"class", "answer", *(() if located else LOCATION_COLUMNS)}
    st.dataframe(
        [record.row for record in records],
        hide_index=True,
        column_order=["file", "answer", *(name for name in COLUMNS[1:] if name not in left_out)],
        column_config={name: percent for name in COLUMNS if name == "confidence" or name.startswith("p_")},
        placeholder="",
        alt="Results of all slices",
    )
