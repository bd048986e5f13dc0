"""One slice: picture, heat map, verdict, probabilities. A file's name only ever goes through st.text."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.heatmap import MapKind, missing_maps
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH, render_overlay, render_png
from brain_tumor.presentation.wording import (
    MAP_EXPLANATIONS,
    MAP_TITLES,
    NOT_ANSWERED,
    describe_final_class,
    explain,
    format_percent,
    headline,
    reason_words,
    render_missing,
    title_map,
    title_status,
    to_sentence,
)
from page.advice import ADVICE
from page.charts import probability_chart
from page.literal import literal, literal_sentence
from page.series_item import SeriesItem
from page.slice_record import CachedResult, SliceRecord
from page.viewer import draw_viewer

PICTURE_PX = 300
NO_MAP = "none"
# The ends of each map's colours.
LEGENDS = {MapKind.LOCATION: ("0 %", "100 % probability"), MapKind.SALIENCY: ("none", "heaviest part")}

_OF_THE_IMAGE = (Reason.UNFAMILIAR, Reason.HARDLY_A_BRAIN)

Color = Literal["primary", "yellow", "gray"]  # Streamlit's names of the palette's slate, amber and grey
BADGES: dict[Status, tuple[str, Color]] = {
    Status.CLASSIFIED: (":material/check_circle:", "primary"),
    Status.UNCERTAIN: (":material/help:", "yellow"),
    Status.NOT_A_BRAIN_MRI: (":material/block:", "gray"),
}


def show_slice(item: SeriesItem, index: int, slider: str | None = None) -> None:
    """One slice's answer, or why there is none.

    Args:
        item: that it belongs to.
        index: of the slice, counted from 0.
        slider: key of the slider that chooses the slice of a series; None for an image that stands alone.
    """
    record = item.records[index]
    if record.cached is None:
        if record.row["status"] == NOT_ANSWERED:
            st.badge("Not answered", icon=":material/block:", color="gray")
        else:
            st.badge("Not read", icon=":material/error:", color="red")
        st.text(f"The file {record.row['reason']}.")
        if slider:
            choose_slice(item, slider)
        return
    words, pictures, numbers = st.columns([5, 8, 5], gap="medium")
    with words:
        show_verdict(record.cached, slider is not None)
    with pictures:
        if slider:  # in the series' own fragment, which another slice draws again
            show_pictures(item, index, slider)
        else:
            st.fragment(show_pictures)(item, index)
    with numbers:
        show_numbers(record.cached)


def show_badge(verdict: Verdict | SeriesVerdict) -> None:
    """The status in a word, a symbol and a colour."""
    icon, color = BADGES[verdict.status]
    st.badge(title_status(verdict), icon=icon, color=color)


def choose_map(records: Sequence[SliceRecord]) -> None:
    """The switch for the heat map beside every picture, where any has one."""
    shown = [record.cached for record in records if record.cached and record.cached.find_maps()]
    if not shown:
        return
    missing = missing_maps(shown[0].result.output)
    kinds = [kind for kind in (MapKind.LOCATION, MapKind.SALIENCY) if kind not in missing]
    st.segmented_control(
        "Heat map",
        [*kinds, NO_MAP],
        format_func=lambda kind: MAP_TITLES.get(kind, "none"),
        default=kinds[0],
        required=True,
        key="map",
        label_visibility="collapsed",
    )


def show_pictures(item: SeriesItem, index: int, slider: str | None = None) -> None:
    """The image to look at closely and, beside it, its heat map of the kind that is chosen, with a legend.

    Args:
        item: that it belongs to.
        index: of a slice that could be read.
        slider: as for `show_slice`.
    """
    key, name, cached = item.key, item.records[index].name, item.records[index].cached
    assert cached  # noqa: S101 - it could be read
    kind = st.session_state.get("map", MapKind.LOCATION)
    is_shown = kind in cached.find_maps()
    with st.container(horizontal=True, key=f"pictures-{key}", gap="small"):
        draw_viewer(item, index, slider)
        overlay = st.container() if is_shown else None
    if slider:
        choose_slice(item, slider)
    if overlay:
        label = choose_label(key, cached.verdict.label, cached.probabilities) if kind is MapKind.SALIENCY else None
        strength = st.session_state.get(f"strength-{key}", DEFAULT_STRENGTH)
        picture = cached.render_picture(kind, strength, label)
        show_picture(overlay, picture, f"The slice {name}, under its heat map {title_map(kind, label)}")
        show_legend(kind, strength)
        # Whether a tumor was located belongs to the other map.
        state = cached.map_state if kind is MapKind.LOCATION else render_missing(missing_maps(cached.result.output))
        st.caption(f"**Heat map: {literal_sentence(title_map(kind, label))}.** {literal_sentence(state)}")
        with st.expander("What it shows, and its strength"):
            st.caption(MAP_EXPLANATIONS[kind])
            st.slider("Strength of the colour", 0.0, 1.0, DEFAULT_STRENGTH, 0.05, key=f"strength-{key}")
    else:
        st.caption(literal_sentence(cached.map_state))


def choose_slice(item: SeriesItem, slider: str) -> None:
    """The slider of a series, below the picture that it changes; its value is the slice's number, counted from 1."""
    if len(item.records) > 1:
        st.slider("Slice (arrow keys move it)", 1, len(item.records), key=slider)


def show_legend(kind: MapKind, strength: float) -> None:
    """What the colours mean, over a medium grey."""
    low, high = LEGENDS[kind]
    st.html(f'<div class="legend"><span>{low}</span><img alt="" src="{legend_uri(strength)}"><span>{high}</span></div>')


@lru_cache(maxsize=32)
def legend_uri(strength: float) -> str:
    """A bar of a heat map's colours from its lowest to its highest value, as an address that holds it."""
    heat = np.linspace(0, 1, 128, dtype=np.float32)[None]
    bar = render_overlay(Scan(np.full(heat.shape, 0.4, np.float32), 0.0, "PNG"), heat, strength)
    return to_data_uri("image/png", render_png(bar, {}))


def show_picture(column: DeltaGenerator, data: bytes, alt: str) -> None:
    """A JPEG or PNG file, sent with the page itself.

    Streamlit would keep it under an address that ends when the picture is replaced, perhaps while a browser loads it.
    """
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    column.image(to_data_uri(f"image/{kind}", data), width=PICTURE_PX, alt=alt)


def show_verdict(cached: CachedResult, in_series: bool) -> None:
    """The verdict in words; of a rejected picture once, with what to do."""
    verdict, status = cached.verdict, cached.verdict.status
    is_rejected = status is Status.NOT_A_BRAIN_MRI
    if not is_rejected:
        show_badge(verdict)
    if in_series:
        st.markdown(f"#### {literal_sentence(headline(verdict))}")
    else:
        st.subheader(literal_sentence(headline(verdict)), anchor=False)
    if is_rejected and verdict.reason:
        reason = to_sentence(reason_words(verdict.reason, verdict.found, verdict.subject))
        st.markdown(f"{literal_sentence(reason)} {ADVICE.get(verdict.reason, '')}")
        final = literal_sentence(describe_final_class(verdict.label, None))
        st.caption(f"{final}: this does not mean that nothing is there.")
        return
    st.markdown(literal_sentence(keep_figures_whole(describe_final_class(verdict.label, cached.confidence))))
    if verdict.reason:
        doubt = to_sentence(reason_words(verdict.reason, verdict.found, verdict.subject))
        parts = [doubt, describe_rivals(cached), ADVICE.get(verdict.reason, "")]
        st.markdown(literal_sentence(" ".join(part for part in parts if part)))
    else:
        st.caption(literal_sentence(explain(verdict)))


def describe_rivals(cached: CachedResult) -> str:
    """The two likeliest classes with their probabilities, in a sentence; empty where the doubt is about the image."""
    if cached.verdict.reason in _OF_THE_IMAGE:
        return ""
    first, second = sorted(cached.probabilities, key=lambda label: -cached.probabilities[label])[:2]
    shares = [format_percent(cached.probabilities[label]) for label in (first, second)]
    return keep_figures_whole(f"{first} has {shares[0]}, {second} {shares[1]}.")


def keep_figures_whole(sentence: str) -> str:
    """The sentence with spaces that keep a figure and its signs on one line."""
    return re.sub(r" (?=%)|(?<=[<>]) ", "\u00a0", sentence)


def choose_label(key: str, final: Label, classes: Iterable[Label]) -> Label:
    """The class whose saliency is shown, at first the final one; says so when it is another."""
    # The final class is part of the key: another slice of a series starts at its own.
    labels = list(classes)
    label = st.selectbox(
        "Saliency for the class",
        labels,
        labels.index(final),
        format_func=lambda label: f"{label} (final class)" if label is final else str(label),
        key=f"label-{key}-{final.slug}",
    )
    if label != final:
        st.caption(
            f"Shown is what speaks for **{literal(label)}**, which is not the final class, **{literal(final)}**."
        )
    return label


def show_numbers(cached: CachedResult) -> None:
    """The probabilities of all classes; of a rejected picture only on request, as they look like an answer."""
    if not cached.verdict.is_analysed:
        with st.expander("The network's numbers, which mean nothing here"):
            show_probabilities(cached)
    else:
        show_probabilities(cached)


def show_probabilities(cached: CachedResult) -> None:
    """Table and chart; greyed and labelled where the numbers mean nothing."""
    meaningful = cached.verdict.is_analysed
    texts = {label: format_percent(cached.probabilities[label]) for label in cached.probabilities}
    cell, heading = ("{}", "Probability") if meaningful else (":gray[{}]", "Probability (not meaningful)")
    st.table(
        {
            # Cells are Markdown, where a line that starts with ">" is a quotation.
            "Class": [cell.format(literal(label)) for label in cached.probabilities],
            heading: [cell.format(literal_sentence(text)) for text in texts.values()],
        },
        hide_index=True,
        border="horizontal",
        alt="Probability of each class",
    )
    st.vega_lite_chart(
        probability_chart(cached.probabilities, cached.verdict.status, on_dark=st.context.theme.type == "dark"),
        alt=f"{heading}: " + ", ".join(f"{label} {text}" for label, text in texts.items()),
    )
