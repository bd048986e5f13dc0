"""What Streamlit has no widget for: a live region, the focus on an answer, and a warning before answers are lost."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "brain_tumor_attention",
    html='<div role="status" class="for-screen-readers"></div><p class="sending"></p>',
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw_attention(said: str, target: str | None, moves: int, has_answers: bool, is_working: bool, taken: int) -> None:
    """Tell the browser what has changed.

    Args:
        said: read out by screen readers whenever it changes.
        target: key of the container that gets the focus and comes into view; None for none.
        moves: the focus moves whenever this number changes.
        has_answers: whether a reload would lose something, so that the browser asks first.
        is_working: whether the page draws itself again anyway, and takes what has arrived.
        taken: files that the uploaders have told of; a browser that has sent more tells again.
    """
    with st.container(key="attention"):
        _component(
            data={
                "said": said,
                "target": target,
                "moves": moves,
                "has_answers": has_answers,
                "is_working": is_working,
                "taken": taken,
            },
            key="attention-data",
            on_arrived_change=draw_again,
        )


def draw_again() -> None:
    """Callback of files that have arrived while others of their batch are on their way: the page is drawn anyway."""
