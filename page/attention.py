"""What Streamlit has no widget for: a live region, the focus on an answer, and a warning before answers are lost."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "brain_tumor_attention",
    html='<div role="status" class="for-screen-readers"></div>',
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw_attention(said: str, target: str | None, moves: int, has_answers: bool) -> None:
    """Tell the browser what has changed.

    Args:
        said: read out by screen readers whenever it changes.
        target: key of the container that gets the focus and comes into view; None for none.
        moves: the focus moves whenever this number changes.
        has_answers: whether a reload would lose something, so that the browser asks first.
    """
    with st.container(key="attention"):
        _component(
            data={"said": said, "target": target, "moves": moves, "has_answers": has_answers}, key="attention-data"
        )
