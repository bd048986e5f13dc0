"""One slice: picture, heat map, verdict, probabilities. A file's name only ever goes through st.text."""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.wording import (
    EXPLANATIONS,
    MAP_EXPLANATIONS,
    MAP_TITLES,
    TITLES,
    describe_final_class,
    describe_reason,
    format_percent,
    headline,
    title_map,
)
from page.charts import probability_chart
from page.slice_record import CachedResult, SliceRecord

PICTURE_PX = 300

Color = Literal["primary", "yellow", "gray"]  # Streamlit's names of the palette's slate, amber and grey
BADGES: dict[Status, tuple[str, Color]] = {
    Status.CLASSIFIED: (":material/check_circle:", "primary"),
    Status.UNCERTAIN: (":material/help:", "yellow"),
    Status.NOT_A_BRAIN_MRI: (":material/block:", "gray"),
}


def show_slice(key: str, record: SliceRecord, in_series: bool = False) -> None:
    """One slice's answer, or why there is none.

    Args:
        key: of its widgets.
        record: the slice.
        in_series: whether it stands below a series' own heading.
    """
    if record.cached is None:
        st.badge("Not read", icon=":material/error:", color="red")
        st.text(record.row["reason"])
        return
    finding, numbers = st.columns([5, 3])
    with finding:
        show_finding(key, record.name, record.cached, in_series)
    with numbers:
        show_probabilities(record.cached)


def show_badge(status: Status) -> None:
    """The status in a word, a symbol and a colour."""
    icon, color = BADGES[status]
    st.badge(TITLES[status], icon=icon, color=color)


@st.fragment  # so that choosing a heat map draws this image again, and nothing else of the page
def show_finding(key: str, name: str, cached: CachedResult, in_series: bool) -> None:
    """The image, plain or under a heat map, and what is said of it."""
    picture, words = st.columns([2, 3])
    with words:
        show_verdict(cached, in_series)
        kind, strength, label = choose_map(key, cached)
    shown = f", under its heat map {title_map(kind, label)}" if kind else ""
    show_picture(picture, cached.render_picture(kind, strength, label), f"The slice {name}{shown}")


def show_picture(column: DeltaGenerator, data: bytes, alt: str) -> None:
    """A JPEG or PNG file, sent with the page itself.

    Streamlit would keep it under an address that ends when the picture is replaced, perhaps while a browser loads it.
    """
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    column.image(to_data_uri(f"image/{kind}", data), width=PICTURE_PX, alt=alt)


def show_verdict(cached: CachedResult, in_series: bool) -> None:
    """The verdict in words."""
    status = cached.verdict.status
    show_badge(status)
    if in_series:
        st.markdown(f"#### {headline(cached.verdict)}")
    else:
        st.subheader(headline(cached.verdict), anchor=False)
    final_class = describe_final_class(cached.verdict.label, cached.confidence)
    st.markdown(final_class if cached.confidence is not None else f":gray[{final_class}]")
    if reason := describe_reason(cached.verdict):
        st.markdown(to_sentence(reason))
    st.caption(EXPLANATIONS[status])


def to_sentence(reason: str) -> str:
    """A reason with a capital letter and a full stop."""
    return f"{reason[0].upper()}{reason[1:]}."


def choose_map(key: str, cached: CachedResult) -> tuple[MapKind | None, float, Label | None]:
    """The heat map to show, how strongly, and for which class; says what it shows, and whether a tumor was located."""
    kind, strength, label = None, DEFAULT_STRENGTH, None
    if maps := cached.find_maps():
        kind = st.radio(
            "Heat map",
            [None, *maps],
            format_func=lambda kind: MAP_TITLES[kind] if kind else "none",
            horizontal=True,
            key=f"map-{key}",
        )
    if kind is MapKind.SALIENCY:
        label = choose_label(key, cached.verdict.label)
    if kind:
        strength = st.slider("Strength of the colour", 0.0, 1.0, DEFAULT_STRENGTH, 0.05, key=f"strength-{key}")
        st.caption(f"**Heat map: {title_map(kind, label)}.** {MAP_EXPLANATIONS[kind]}")
    st.caption(cached.map_state)
    return kind, strength, label


def choose_label(key: str, final: Label) -> Label:
    """The class whose saliency is shown, at first the final one; says so when it is another."""
    # The final class is part of the key: another slice of a series starts at its own.
    labels = list(Label)
    label = st.selectbox(
        "Saliency for the class",
        labels,
        labels.index(final),
        format_func=lambda label: f"{label} (final class)" if label is final else str(label),
        key=f"label-{key}-{final.slug}",
    )
    if label != final:
        st.caption(f"Shown is what speaks for **{label}**, which is not the final class, **{final}**.")
    return label


def show_probabilities(cached: CachedResult) -> None:
    """Table and chart; greyed and labelled where the numbers mean nothing."""
    meaningful = cached.verdict.status is not Status.NOT_A_BRAIN_MRI
    texts = {label: format_percent(cached.probabilities[label]) for label in Label}
    cell, heading = ("{}", "Probability") if meaningful else (":gray[{}]", "Probability (not meaningful)")
    st.table(
        {
            "Class": [cell.format(label) for label in Label],
            # A cell is Markdown, where a line that starts with ">" is a quotation.
            heading: [cell.format(text.replace(">", "\\>")) for text in texts.values()],
        },
        hide_index=True,
        border="horizontal",
        alt="Probability of each class",
    )
    st.vega_lite_chart(
        probability_chart(cached.probabilities, cached.verdict.status),
        alt=f"{heading}: " + ", ".join(f"{label} {text}" for label, text in texts.items()),
    )
