"""The first page: files in, answers out."""

import html
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from brain_tumor import Classifier
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.wording import render_count, render_time_left
from brain_tumor.problems import ACCEPTED
from page.advice import show_glossary
from page.answering import answer_all
from page.attention import draw_attention
from page.downloads import offer_downloads
from page.item_view import show_item
from page.kept_file import KeptFile
from page.layout import ANSWERED_STYLE, EMPTY_STYLE, usable_classifier
from page.literal import literal
from page.model_facts import list_maps
from page.overview import describe_counts, show_overview
from page.results_table import show_table
from page.sending import draw_sending, find_batch
from page.session_state import SessionState, current_state, forget_state
from page.slice_view import choose_map
from page.uploads import count_taken, empty_uploaders, end_batch, is_batch_begun, name_uploaders, take_uploads

SAMPLES = Path(__file__).parents[1] / "samples"
EXAMPLES = {
    "1-average-healthy-brain.png": "Average of 152 healthy brains",
    "2-drawn-lesion-no-patient.png": "The same with a drawn lesion",
    "3-colour-chart-no-scan.png": "A colour chart, no scan",
}
ACCURACY = "many tumors are found and some are missed, above all in images of other scanners"
OTHER_ACCURACY = "this model has classes of its own, and its file's card says how good it is"
# So many images have their cards below each other; more have an overview.
MAX_CARDS = 4
# Answers come into view so often while more are computed. The first ones soon, to show that it works.
FIRST_REDRAW_S, REDRAW_S = 0.4, 3.0


def show() -> None:
    """Draw the page from top to bottom, then work on what is not answered yet."""
    with st.container():  # so that what follows keeps its place whether or not a model is being loaded
        classifier = usable_classifier()
    if classifier is None:
        return
    state = current_state()
    is_empty = not (state.items or state.unopened or state.notes or state.removed)
    st.html(EMPTY_STYLE if is_empty else ANSWERED_STYLE)
    receive_files(state, is_empty, classifier.card.rules.subject)
    # While the page works it is drawn again and again, and Streamlit clears what is left of the page before only after
    # that: so each part has a slot of its own, and a slot that is not used is emptied.
    attention, start = st.container(key="news", gap=None), st.empty()
    if is_empty:
        with start.container():
            show_start(classifier.card.rules.classes)
        with attention:
            draw_attention("", None, state.moves, has_answers=False)
            show_sending(state, is_working=False)
        return
    show_tools(state, classifier)
    with st.container():
        show_notes(state)
    progress = st.container()
    with progress:
        bar = show_progress(state)
    with st.container(key="results"):
        show_results(state, classifier)
    with attention:
        draw_attention(
            describe_news(state),
            find_target(state),
            state.moves,
            has_answers=bool(state.records),
        )
        show_sending(state, is_working=bool(state.unopened or (bar and state.unanswered_count)))
    work(classifier, state, bar, progress)


def receive_files(state: SessionState, is_empty: bool, subject: str) -> None:
    """Draw the uploaders and take what was sent.

    They keep their place on the page: a browser that sends files loses them when an uploader moves.

    Args:
        state: of the session.
        is_empty: whether nothing was sent yet.
        subject: what the model looks at.
    """
    with st.container(key="drop", horizontal=True):
        if is_empty:
            st.html(f'<div class="drop-heading"><h1>Drop {html.escape(subject)} here</h1><p>{ACCEPTED}</p></div>')
        else:
            st.html('<div class="page-heading"><h1>Brain tumor MRI</h1><h2>Answers</h2></div>')
        known = "MRI of the brain" if subject == BRAIN_MRI else subject
        sent = take_uploads(f"{known}: {ACCEPTED}", f"A folder with {ACCEPTED}", "classify", find_batch())
    state.receive(sent)
    if sent.files and not sent.continues:
        st.rerun()  # as a page with answers; while more of a batch arrive, it is one already


def show_start(classes: Sequence[Label]) -> None:
    """What the program tells, examples to try, and what becomes of files."""
    examples, words = st.columns(2, gap="medium")
    with examples:
        with st.container(horizontal=True, key="examples"):
            for number, (name, title) in enumerate(EXAMPLES.items(), 1):
                st.button(
                    f"![]({example_uri(name)})  \n{title}",
                    key=f"example-{number}",
                    on_click=start_examples,
                    args=((name,),),
                )
        st.button("Try the examples", icon=":material/image:", on_click=start_examples, args=(tuple(EXAMPLES),))
        # Out of sight: a browser that sends files has no connection left for the scripts of what it shows meanwhile.
        with st.container(key="ahead"):
            st.progress(0.0)
            st.selectbox("Choice", (), key="ahead-choice")
    accuracy = ACCURACY if set(classes) == set(LABELS) else OTHER_ACCURACY
    names = ", ".join(f"**{literal(label)}**" for label in classes)
    words.markdown(
        f"**Answer:** one of {len(classes)} classes: {names}.\n\n"
        "**Privacy:** files stay in this server's memory until you clear them or leave the page.\n\n"
        f"**Accuracy:** {accuracy}; [what was measured](about)."
    )


@cache
def example_uri(name: str) -> str:
    """A sample image as an address that holds it."""
    return to_data_uri("image/png", (SAMPLES / name).read_bytes())


def show_tools(state: SessionState, classifier: Classifier) -> None:
    """One row: the map to show, what can be kept, the words, and the way back to an empty page."""
    with st.container(horizontal=True, vertical_alignment="center", key="tools"):
        choose_map(state.records)
        offer_downloads(state.newest_first, classifier.card)
        show_glossary(classifier.card.rules.classes, list_maps(classifier.card))
        with st.popover("Clear all", icon=":material/delete:"):
            st.markdown("All answers and files leave this page and the server's memory. This cannot be undone.")
            st.button("Yes, clear all", key="clear", on_click=clear_all)


def show_notes(state: SessionState) -> None:
    """What was not taken, and what was removed last."""
    if state.notes:
        with st.container(border=True):
            st.markdown(":material/rule: **Not everything was taken:**")
            for note in state.notes:
                st.text(note)
            st.button("Dismiss", key="dismiss", on_click=dismiss_notes)
    if state.removed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Removed: {state.removed.name}", width="content")
            st.button("Undo", icon=":material/undo:", on_click=undo_removal)


def show_results(state: SessionState, classifier: Classifier) -> None:
    """The cards of a few images; of many the overview, or one card that was opened; and the table."""
    items = state.newest_first
    shown = next((item for item in items if item.key == state.shown_key), None)
    has_cards = len(state.items) <= MAX_CARDS
    cards, card, overview = (
        st.container() if used else st.empty()
        for used in (has_cards, not has_cards and shown, not has_cards and not shown)
    )
    if has_cards:
        with cards:
            for item in items:
                show_item(item, classifier.card)
    elif shown:
        with card:
            show_neighbours(state, shown.key)
            show_item(shown, classifier.card)
    elif items:
        with overview:
            show_overview(items, open_item)
    with st.container():
        if len(state.records) > 1 and (has_cards or not shown):
            show_table(items)


def show_neighbours(state: SessionState, key: str) -> None:
    """From an opened card back to the overview, and on to the next one."""
    keys = [item.key for item in state.newest_first]
    at = keys.index(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All results", icon=":material/grid_view:", on_click=open_item, args=(None,))
        for title, step, icon in (("Previous", -1, "arrow_back"), ("Next", 1, "arrow_forward")):
            other = keys[at + step] if 0 <= at + step < len(keys) else None
            st.button(
                title,
                icon=f":material/{icon}:",
                key=f"go-{title}",
                on_click=open_item,
                args=(other,),
                disabled=other is None,
            )
        st.caption(f"{at + 1} of {len(keys)}", width="content")


def describe_news(state: SessionState) -> str:
    """What a screen reader says once the work is done or stopped."""
    if state.is_receiving or state.unopened or not state.records or (state.unanswered_count and not state.is_stopped):
        return ""
    return f"Answered: {describe_counts(state.newest_first)}"


def show_sending(state: SessionState, is_working: bool) -> None:
    """How many files have arrived, and what the browser needs to know to send the others."""
    batch = find_batch()
    is_answered = not state.unopened and state.has_answers_of_newest and is_batch_begun("classify")
    if draw_sending(
        name_uploaders("classify"),
        count_taken("classify"),
        is_receiving=state.is_receiving,
        is_working=is_working,
        answered_batch=batch if is_answered else 0,
    ):
        end_batch("classify")
        st.rerun()


def find_target(state: SessionState) -> str | None:
    """Key of the container that the view goes to: the card that was opened, the newest one, or the overview."""
    if state.shown_key:
        return f"item-{state.shown_key}"
    if 0 < len(state.items) <= MAX_CARDS and (items := state.newest_first):
        return f"item-{items[0].key}"
    return "results" if state.items else None


def show_progress(state: SessionState) -> DeltaGenerator | None:
    """How far the work is, with one button to stop it, or to continue; returns the bar unless it is stopped."""
    count = state.unanswered_count
    # It stands while a batch arrives, also when all is answered that is here: a click would fall beside the button.
    is_between = state.is_receiving and (state.is_stopped or state.is_at_work)
    if not (count or is_between) or (state.unopened and not state.continues):
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        if state.is_stopped:
            left = f"{render_count(count, 'slice')} {'is' if count == 1 else 'are'} not answered yet"
            st.write(f"Stopped: {left if count else 'more files are on their way'}.")
            st.button("Continue", icon=":material/play_arrow:", on_click=set_stopped, args=(False,))
            return None
        state.begin_work()
        bar = st.progress(0.0)
        update_bar(bar, state, count)
        st.button("Stop classifying", icon=":material/stop:", on_click=set_stopped, args=(True,))
    return bar


def update_bar(bar: DeltaGenerator, state: SessionState, unanswered: int) -> None:
    """Show how many slices are left."""
    elapsed_s = time.monotonic() - state.began_s
    bar.progress(*describe_progress(state.asked - unanswered, state.asked, elapsed_s, state.is_receiving))


def work(classifier: Classifier, state: SessionState, bar: DeltaGenerator | None, progress: DeltaGenerator) -> None:
    """Open and answer what is left, for as long as the page may stand as it is; then draw it again.

    Args:
        classifier: that answers.
        state: of this session.
        bar: of the work that is going on, if any.
        progress: where the bar of work that begins now is drawn.
    """
    has_changed = bool(state.unopened)
    if state.unopened:
        with st.spinner("Opening the files") if bar is None else nullcontext():
            state.open_received()
        if bar is None and not state.is_stopped:  # that stands there already
            with progress:
                bar = show_progress(state)
    if bar is not None and state.unanswered_count:
        answer_for_a_while(classifier, state, bar)
        has_changed = True
    if state.end_work() or has_changed:
        st.rerun()


def answer_for_a_while(classifier: Classifier, state: SessionState, bar: DeltaGenerator) -> None:
    """Answer slices until it is time to show them; a click on any widget ends it between two slices.

    A session that only waits goes on to wait: with nothing new to show it would draw the page for nothing, and come
    back at the end of the queue.
    """
    end_s = time.monotonic() + (REDRAW_S if state.records else FIRST_REDRAW_S)
    before = state.unanswered_count
    with closing(answer_all(classifier, state)) as counts:
        for unanswered in counts:
            # Every message to the browser is also where a click ends this run.
            update_bar(bar, state, unanswered)
            if 0 < unanswered < before and time.monotonic() > end_s:
                return


def describe_progress(done: int, total: int, elapsed_s: float, is_receiving: bool) -> tuple[float, str]:
    """How much of the work is done, 0 to 1, and a sentence that says so.

    Args:
        done: answered slices.
        total: answered and unanswered slices.
        elapsed_s: seconds since the work began.
        is_receiving: whether more may come.
    """
    if not done:
        rest = "waiting for other visitors"
    elif done == total and is_receiving:
        rest = "more are on their way"
    else:
        rest = render_time_left(elapsed_s / done * (total - done))
    return done / total, f"Classifying: {done:,} of {render_count(total, 'slice')}, {rest}"


# Streamlit keeps a widget's callback and its arguments as long as the session lives: these hold no state and no files.
def start_examples(names: tuple[str, ...]) -> None:
    """Begin with some of the sample images."""
    current_state().unopened += [KeptFile(name, (SAMPLES / name).read_bytes()) for name in names]


def clear_all() -> None:
    """Forget every upload and answer of this session."""
    empty_uploaders("classify")
    forget_state()


def set_stopped(stopped: bool) -> None:
    """Stop, or continue."""
    state = current_state()
    state.is_stopped, state.began_s = stopped, 0.0


def dismiss_notes() -> None:
    """Forget what was not taken."""
    current_state().notes = []


def undo_removal() -> None:
    """Bring back what was removed last."""
    current_state().restore()


def open_item(key: str | None) -> None:
    """Open the card of one series or image; None for the overview."""
    current_state().show(key)
