"""A series: its answer and how that was derived, its slices along the position, and one slice to look at."""

import streamlit as st

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status
from brain_tumor.input.series import Plane
from brain_tumor.labels import Label
from brain_tumor.presentation.series_words import SERIES_RULE, describe_strip, headline_series
from brain_tumor.presentation.wording import format_percent
from page.charts import strip_chart
from page.desk import Study, current_desk
from page.slice_record import Entry
from page.slice_view import show_badge, show_slice, to_sentence

# Of the most suspicious slices, so many can be jumped to.
JUMPS = 5


def show_series(study: Study) -> None:
    """The card of a series, finished or not."""
    plane = f", {study.plane}" if study.plane else ""
    st.caption(f"Series of {study.slices} slices{plane}")
    verdict = study.verdict
    if verdict is None:
        st.subheader("Not finished", anchor=False)
        st.markdown(f"{len(study.entries)} of {study.slices} slices are answered; the series has no answer yet.")
    else:
        show_series_verdict(verdict)
    if study.has_planes:
        choose_plane(study)
    if study.entries:
        look_at_slices(study)


def show_series_verdict(verdict: SeriesVerdict) -> None:
    """The answer in words beside the share of each class."""
    words, shares = st.columns([5, 3])
    with words:
        show_badge(verdict.status)
        st.subheader(headline_series(verdict), anchor=False)
        st.markdown(to_sentence(verdict.reason))
        st.caption(SERIES_RULE)
    with shares:
        counts = {label: round(verdict.shares[label] * verdict.analysed) for label in Label}
        st.table(
            {
                "Class": list(map(str, Label)),
                "Slices": [str(counts[label]) for label in Label],
                "Share": [format_percent(verdict.shares[label]) for label in Label],
            },
            hide_index=True,
            border="horizontal",
            alt="Analysed slices of each class",
        )
        st.caption(f"{verdict.analysed} of {verdict.slices} slices analysed; shares are of these.")


def choose_plane(study: Study) -> None:
    """Cut a volume along another plane; its slices are answered anew."""
    st.radio(
        "Plane (another one is read and answered anew)",
        list(Plane),
        list(Plane).index(study.plane) if study.plane else None,
        format_func=lambda plane: plane.capitalize(),
        horizontal=True,
        key=f"plane-{study.key}",
        on_change=turn,
        args=(study.key, study.plane),
    )


def turn(key: str, before: Plane | None) -> None:
    """What the choice of a plane calls; before: the plane until now."""
    chosen = st.session_state[f"plane-{key}"]
    if not chosen or chosen is before:
        return
    if current_desk().turn(key, chosen):
        for old in ("slice", "jump"):
            st.session_state.pop(f"{old}-{key}", None)
    else:
        st.session_state[f"plane-{key}"] = before


@st.fragment  # so that moving the slider draws this series again, and nothing else of the page
def look_at_slices(study: Study) -> None:
    """The strip over the position, the slider, and the slice that it points at."""
    key = f"slice-{study.key}"
    verdict = study.verdict
    count = len(study.entries)
    if count > 1:
        order = verdict.order if verdict else tuple(range(count))
        if st.session_state.setdefault(key, order[0] + 1 if order else 1) > count:
            st.session_state[key] = count
        jump_to_slices(study, order)
        place = st.slider("Slice", 1, count, key=key) - 1
    else:
        place = 0
    findings = [entry.finding for entry in study.entries]
    st.vega_lite_chart(strip_chart(findings, place), alt=describe_strip(findings))
    st.caption("Filled: classified. Pale: uncertain. Hollow: not analysed. The line is the slice shown below.")
    entry = study.entries[place]
    position = f", at {entry.position_mm:.1f} mm" if entry.position_mm is not None else ""
    st.markdown(f"**Slice {place + 1} of {study.slices}{position}**")
    show_slice(study.key, entry, in_series=True)


def jump_to_slices(study: Study, order: tuple[int, ...]) -> None:
    """The most suspicious slices, to be clicked."""
    suspicious = [place for place in order if is_analysed(study.entries[place])]
    if study.verdict is None or not suspicious:
        return
    st.pills(
        "Most suspicious slices, by the probability of a tumor",
        suspicious[:JUMPS],
        format_func=lambda place: f"Slice {place + 1}",
        key=f"jump-{study.key}",
        on_change=jump,
        args=(study.key,),
    )


def jump(key: str) -> None:
    """What a click on a suspicious slice calls."""
    if (chosen := st.session_state[f"jump-{key}"]) is not None:
        st.session_state[f"slice-{key}"] = chosen + 1


def is_analysed(entry: Entry) -> bool:
    """Whether it was read and taken for a brain MRI."""
    return entry.answer is not None and entry.answer.verdict.status is not Status.NOT_A_BRAIN_MRI
