"""A series: its answer and how that was derived, its slices along the position, and one slice to look at."""

import streamlit as st

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status
from brain_tumor.input.series import Plane
from brain_tumor.labels import finding_word
from brain_tumor.presentation.series_words import (
    KIND_NAMES,
    describe_kind_left_out,
    describe_series_reason,
    describe_series_rule,
    describe_strip,
)
from brain_tumor.presentation.wording import describe_window, format_fraction, headline, to_sentence
from brain_tumor.tables.series_rows import LEFT_OUT
from page.charts import strip_chart
from page.literal import literal, literal_sentence
from page.series_item import SeriesItem
from page.session_state import current_state
from page.slice_view import show_badge, show_slice

# Of the most suspicious slices, so many can be jumped to.
JUMPS = 5


def show_series(item: SeriesItem) -> None:
    """The card of a series, finished or not."""
    st.caption(literal_sentence(", ".join(describe_item(item))))
    if not item.is_answered_kind:
        st.badge("Not answered", icon=":material/block:", color="gray")
        st.subheader(LEFT_OUT, anchor=False)
        st.markdown(to_sentence(describe_kind_left_out(item.about.kind if item.about else None)))
        return
    verdict = item.verdict
    if verdict is None:
        st.subheader("Not finished", anchor=False)
        st.markdown(f"Answered: {len(item.records)} of {item.slice_count} slices; the series has no answer yet.")
        if item.has_planes:
            choose_plane(item)
    else:
        show_series_verdict(verdict, item)
    if item.records:
        look_at_slices(item)


def describe_item(item: SeriesItem) -> list[str]:
    """Its size, what the scanner calls it, what kind it is, and which values are black and white; parts of a line."""
    known = [f"Series of {item.slice_count} slices"] + ([str(item.plane)] if item.plane else [])
    if item.about:
        about, kind = item.about.about, item.about.kind
        named = [f"series {about.number}" if about.number is not None else None, about.description]
        known += [part for part in named if part]
        known += [KIND_NAMES[kind]] if kind else []
        known += [f"{fact} {value}" for fact, value in item.about.differs]
        if item.about.duplicates:
            known.append(f"{item.about.duplicates} {'copy' if item.about.duplicates == 1 else 'copies'} left out")
    windows = {window for record in item.records if record.cached and (window := record.cached.result.scan.window)}
    return known + [f"shown with {describe_window(window)}" for window in sorted(windows)]


def show_series_verdict(verdict: SeriesVerdict, item: SeriesItem | None = None) -> None:
    """The answer in words, and the other planes of a volume, beside the share of each class."""
    words, shares = st.columns([5, 3], gap="medium")
    with words:
        show_badge(verdict)
        st.subheader(literal_sentence(headline(verdict)), anchor=False)
        st.markdown(literal_sentence(to_sentence(describe_series_reason(verdict))))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if item and item.has_planes:
                choose_plane(item)
            with st.popover("How a series is answered", type="tertiary", icon=":material/info:"):
                st.markdown(literal_sentence(describe_series_rule(verdict.shares)))
    with shares:
        counts = {label: round(verdict.shares[label] * verdict.analysed) for label in verdict.shares}
        st.table(
            {
                "Class": [literal(label) for label in verdict.shares],
                "Slices": [str(counts[label]) for label in verdict.shares],
                "Share": [literal_sentence(format_fraction(verdict.shares[label])) for label in verdict.shares],
            },
            hide_index=True,
            border="horizontal",
            alt="Analysed slices of each class",
        )
        st.caption(f"{verdict.analysed} of {verdict.slices} slices analysed; shares are of these.")


def choose_plane(item: SeriesItem) -> None:
    """Cut a volume along another plane; its slices are answered again."""
    st.radio(
        "Plane",
        list(Plane),
        list(Plane).index(item.plane) if item.plane else None,
        format_func=lambda plane: plane.capitalize(),
        horizontal=True,
        key=f"plane-{item.key}",
        help="Another plane is read and answered again.",
        on_change=reslice,
        args=(item.key, item.plane),
    )


def reslice(key: str, before: Plane | None) -> None:
    """Callback of the choice of a plane.

    Args:
        before: the plane until now.
    """
    chosen = st.session_state[f"plane-{key}"]
    if not chosen or chosen is before:
        return
    if current_state().reslice(key, chosen):
        for old in ("slice", "jump"):
            st.session_state.pop(f"{old}-{key}", None)
    else:
        st.session_state[f"plane-{key}"] = before


@st.fragment  # so that moving the slider draws this series again, and nothing else of the page
def look_at_slices(item: SeriesItem) -> None:
    """The strip over the position, the slider, and the slice that it points at."""
    # A finished series starts at its most suspicious slice, wherever the slider stood before.
    key, count = f"slice-{item.key}" if item.is_done else f"early-slice-{item.key}", len(item.records)
    strip = st.container()
    index = 0
    if count > 1:
        if st.session_state.setdefault(key, item.shown_index + 1) > count:
            st.session_state[key] = count
        jump_to_slices(item)
        index = st.session_state[key] - 1  # of the slider below the picture
    findings = [record.finding for record in item.records]
    with strip:
        chart = strip_chart(findings, index, item.classes, on_dark=st.context.theme.type == "dark")
        st.vega_lite_chart(chart, alt=describe_strip(findings))
        st.caption("Filled: classified. Pale: uncertain. Hollow: not analysed. The line is the slice shown below.")
    record = item.records[index]
    position = f", at {record.position_mm:.1f} mm" if record.position_mm is not None else ""
    st.markdown(f"**Slice {index + 1} of {item.slice_count}{position}**")
    show_slice(item, index, key)


def jump_to_slices(item: SeriesItem) -> None:
    """The most suspicious slices, to be clicked; none where the series is healthy or was not analysed."""
    if item.verdict is None or item.verdict.status is Status.NOT_A_BRAIN_MRI:
        return
    if item.verdict.status is Status.CLASSIFIED and not item.verdict.label.is_finding:
        return
    suspicious = [index for index in item.verdict.order if item.records[index].is_analysed]
    st.pills(
        f"Most suspicious slices, by the probability of a {finding_word(item.verdict.shares)}",
        suspicious[:JUMPS],
        format_func=lambda index: f"Slice {index + 1}",
        key=f"jump-{item.key}",
        on_change=jump,
        args=(item.key,),
    )


def jump(key: str) -> None:
    """Callback of a click on a suspicious slice."""
    if (chosen := st.session_state[f"jump-{key}"]) is not None:
        st.session_state[f"slice-{key}"] = chosen + 1
