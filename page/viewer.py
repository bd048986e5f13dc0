"""The viewer: a component of ours, as Streamlit has no picture with zoom, window, wheel and keys."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from brain_tumor.presentation.data_uri import to_data_uri
from page.series_item import SeriesItem
from page.source_picture import SourcePicture, read_source

# While the wheel turns faster than the server answers, the small pictures of so many slices at each side are there.
NEAR = 6
GONE = "The original is no longer in the server's memory, so this is a small copy; send the file again for all of it."

_FILE = Path(__file__)
_component = st.components.v2.component(
    "brain_tumor_viewer",
    html=_FILE.with_suffix(".html").read_text(encoding="utf-8"),
    css=_FILE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
)


def draw_viewer(item: SeriesItem, index: int, slider: str | None = None) -> None:
    """One slice to look at closely; wheel and keys go to other slices of its series.

    At first the browser gets the small picture. The original follows when somebody points at it, so that it is read
    for those who look and delays no answer.

    Args:
        item: the series or image.
        index: of the slice, counted from 0; it can be read.
        slider: key of the slider that chooses the slice of a series.
    """
    key = f"viewer-{item.key}"
    wants_source = st.session_state.get(f"close-{item.key}", False)
    source = read_source(item, index) if wants_source else None
    with st.container(key=f"frame-{item.key}"):
        _component(
            data=to_viewer_data(item, index, source) | {"gone": wants_source and source is None},
            key=key,
            on_slice_change=partial(go_to_slice, item.key, slider),
            on_close_change=partial(look_closely, item.key),
        )
    if wants_source and source is None:
        st.caption(GONE)


def to_viewer_data(item: SeriesItem, index: int, source: SourcePicture | None) -> dict[str, Any]:
    """What the browser needs to show one slice, as JSON has it."""
    records = item.records
    shown = records[index].cached
    sides = shown.result.scan.sides if shown else None
    near = range(max(0, index - NEAR), min(len(records), index + NEAR + 1)) if item.is_stack else (index,)
    return {
        "id": item.key,
        "index": index,
        "count": len(records),
        "name": records[index].name,
        "small": {
            str(other): to_data_uri("image/jpeg", cached.thumbnail)
            for other in near
            if (cached := records[other].cached) is not None
        },
        "source": source and source.to_data(),
        "sides": sides and asdict(sides),
    }


def go_to_slice(key: str, slider: str | None) -> None:
    """Callback of wheel and keys: show another slice of the series, closely."""
    look_closely(key)
    index = st.session_state[f"viewer-{key}"].get("slice")
    if slider and index is not None:
        st.session_state[slider] = int(index) + 1


def look_closely(key: str) -> None:
    """Callback of the first look: send originals from now on."""
    st.session_state[f"close-{key}"] = True
