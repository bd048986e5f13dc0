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
from brain_tumor.presentation.rows import COLUMNS, LOCATION_COLUMNS
from brain_tumor.presentation.wording import TITLES, render_time_left
from page.desk import Desk, Study, answer_all, current_desk
from page.downloads import offer_report, offer_tables
from page.frame import usable_classifier
from page.series_view import show_series
from page.slice_record import Entry
from page.slice_view import show_slice
from page.uploads import MAX_FILES, KeptFile, forget_uploads, take_uploads

SAMPLES = Path(__file__).parents[1] / "samples"
# Images with their charts on one screen page; more make a browser slow.
PAGE_SIZE = 8
COUNTED = {
    **{status.value: TITLES[status].split(" - ")[0].lower() for status in Status},
    "error": "not read",
}


def show() -> None:
    """Draw the page from top to bottom."""
    st.title("Brain tumor MRI", anchor=False)
    st.write("Names the kind of tumor on MRI slices of the brain, and how sure the network is.")
    classifier = usable_classifier()
    if classifier is None:
        return
    desk = current_desk()
    if files := take_uploads(f"MRI of the brain: {ACCEPTED}", f"A folder with {ACCEPTED}", "classify"):
        take_over(desk, files)
        st.rerun()  # with empty uploaders
    show_buttons(desk)
    if desk.waiting:
        with st.spinner("Opening the files"):
            desk.open_waiting()
    for note in desk.notes:
        st.warning("Not everything was taken:", icon=":material/rule:")
        st.text(note)
    if desk.missing:
        work(classifier, desk)
    if desk.entries:
        show_results(desk, classifier.card)


def take_over(desk: Desk, files: Sequence[KeptFile]) -> None:
    """Put the files that were sent on the desk, MAX_FILES at most.

    They are opened once the uploader is empty again, for that takes its time, and more may be sent meanwhile.
    """
    desk.notes = []
    if len(files) > MAX_FILES:
        desk.notes.append(
            f"{len(files)} files were sent; the first {MAX_FILES} are answered. "
            "Send the rest by itself, or use the command line: brain-tumor predict"
        )
    desk.waiting += files[:MAX_FILES]


def show_buttons(desk: Desk) -> None:
    """The examples, and the way back to an empty page."""
    with st.container(horizontal=True):
        if st.button("Try the examples", icon=":material/image:", disabled=desk.has_examples):
            desk.has_examples = True
            desk.waiting += [KeptFile(path.name, path.read_bytes()) for path in sorted(SAMPLES.glob("*.png"))]
        st.button("Clear all", icon=":material/delete:", on_click=clear_all)
    if desk.has_examples:
        st.caption(
            "Examples: an average of 152 healthy brains, the same with a lesion drawn by a program, and a colour chart."
        )


def clear_all() -> None:
    """Forget every upload and answer of this session."""
    forget_uploads()
    st.session_state.pop("desk", None)


def work(classifier: Classifier, desk: Desk) -> None:
    """Answer what is missing, with progress; a click on anything ends it between two slices."""
    if desk.is_stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.write(f"Stopped: {desk.missing} slices are not answered yet.")
            st.button("Continue", icon=":material/play_arrow:", on_click=set_stopped, args=(False,))
        return
    total, begin = desk.missing, time.monotonic()
    place = st.empty()
    with place.container():
        st.button("Stop classifying", icon=":material/stop:", on_click=set_stopped, args=(True,))
        bar = st.progress(0.0, f"Classifying {total} slices")
    with closing(answer_all(classifier, desk)) as remaining:
        for missing in remaining:
            done = total - missing
            said = "waiting for other visitors"
            if done:
                said = render_time_left((time.monotonic() - begin) / done * missing)
            # Every message to the browser is also where a click ends this run.
            bar.progress(done / total, f"Classifying: {done} of {total} slices, {said}")
    place.empty()


# Streamlit keeps what a widget calls for as long as the session lives, so none of these may hold a desk or its files.
def set_stopped(stopped: bool) -> None:
    """Stop, or go on."""
    current_desk().is_stopped = stopped


def remove_study(key: str) -> None:
    """Forget one series."""
    current_desk().remove(key)


def show_results(desk: Desk, card: Card) -> None:
    """The counts, one card per image or series, and the table of all slices."""
    entries = desk.entries
    st.header("Results", anchor=False)
    counts = Counter(str(entry.row["status"]) for entry in entries)
    listed = ", ".join(f"**{counts[key]}** {word}" for key, word in COUNTED.items() if counts[key])
    st.write(f"{len(entries)} slices: {listed}" if len(entries) != len(desk.studies) else listed)
    with st.container(horizontal=True):
        offer_tables([entry.row for entry in entries])
    one_by_one, table = st.tabs(["One by one", "Table of all results"])
    with one_by_one:
        for study in choose_page([study for study in desk.studies if study.entries]):
            show_study(study, card)
    with table:
        show_table(entries)


def choose_page(studies: Sequence[Study]) -> Sequence[Study]:
    """The studies of the screen page that is turned to."""
    st.caption("Images appear small and in grey, as the network sees them, in true proportions.")
    if len(studies) <= PAGE_SIZE:
        return studies
    page = st.pagination(-(-len(studies) // PAGE_SIZE), key="page")
    return studies[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def show_study(study: Study, card: Card) -> None:
    """One card. A file's name may hold Markdown or HTML, so it only ever goes through st.text."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(study.name, width="stretch")
            st.button("Remove", type="tertiary", key=f"remove-{study.key}", on_click=remove_study, args=(study.key,))
        if study.is_stack:
            show_series(study)
        else:
            show_slice(study.key, study.entries[0])
        offer_report(study, card)


def show_table(entries: Sequence[Entry]) -> None:
    """All results, sortable."""
    percent = st.column_config.NumberColumn(format="percent")
    shown = [{**entry.row, "class": say_class(entry)} for entry in entries]
    located = any(entry.row["location_score"] is not None for entry in entries)
    st.dataframe(
        shown,
        hide_index=True,
        column_order=[name for name in COLUMNS if located or name not in LOCATION_COLUMNS],
        column_config={name: percent for name in COLUMNS if name == "confidence" or name.startswith("p_")},
        placeholder="",
        alt="Results of all slices",
    )


def say_class(entry: Entry) -> str | None:
    """The class in a table; one that is no finding says so."""
    if entry.answer is None:
        return None
    verdict = entry.answer.verdict
    return f"{verdict.label} (not analysed)" if verdict.status is Status.NOT_A_BRAIN_MRI else verdict.label
