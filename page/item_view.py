"""The card of one image or one series."""

import streamlit as st

from brain_tumor.model.card import Card
from page.downloads import offer_report
from page.literal import literal
from page.series_item import SeriesItem
from page.series_view import show_series
from page.session_state import current_state
from page.slice_view import show_slice


def show_item(item: SeriesItem, card: Card) -> None:
    """One card. A file's name may hold Markdown or HTML, so it only ever goes through st.text or `literal`."""
    with st.container(border=True, key=f"item-{item.key}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(item.name, width="stretch")
            # The name is for screen readers, which read a button without what stands beside it.
            st.button(
                f"Remove **{literal(item.name)}**",
                type="tertiary",
                key=f"remove-{item.key}",
                on_click=remove_item,
                args=(item.key,),
            )
        if item.is_stack:
            show_series(item)
        else:
            show_slice(item, 0)
        offer_report(item, card)


def remove_item(key: str) -> None:
    """Take one series or image off the page."""
    current_state().remove(key)
