"""Many answers at a glance: a tile for each, to be sorted, filtered and opened."""

import io
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

import streamlit as st
from PIL import Image

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label, in_display_order
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.palette import class_looks
from brain_tumor.presentation.wording import NOT_ANSWERED, STATUS_COUNTS, format_percent, headline, render_count
from brain_tumor.tables.series_rows import LEFT_OUT
from page.literal import literal, literal_sentence
from page.series_item import SeriesItem

# On one screen page; each tile is a picture of some 4 KB.
TILES = 24
_ICON_PX = 160
_SHOWN_NAME = 22
NO_BREAK = "\u00a0"
Choice = TypeVar("Choice", bound=str)
# What the items of each status are called; here some may be on their way.
ITEM_COUNTS = {**STATUS_COUNTS, "unfinished": "not finished"}


class Order(StrEnum):
    """How tiles are sorted."""

    NEWEST = "newest"
    SUSPICIOUS = "most suspicious"
    NAME = "name"


def show_overview(items: Sequence[SeriesItem], open_item: Callable[[str | None], None]) -> None:
    """The counts, the choice of what is shown, and the tiles.

    Args:
        items: those with answers, newest first.
        open_item: callback of a click on a tile; takes the item's key.
    """
    st.html(render_tile_style(found_classes(items)))
    with st.container(horizontal=True, key="filters"):
        orders = list(Order)
        order = st.selectbox("Sort by", orders, key="order", width=170)
        statuses = choose_of("Status", count_statuses(items), "statuses", ITEM_COUNTS)
        labels = choose_of("Class", count_classes(items), "classes", {})
    chosen = choose_items(items, order, statuses, labels)
    every = render_count(len(items), "result")
    st.caption(every if len(chosen) == len(items) else f"{len(chosen):,} of {every}")
    if len(chosen) > TILES:
        page = st.pagination(-(-len(chosen) // TILES), key="page")
        chosen = chosen[(page - 1) * TILES : page * TILES]
    with st.container(horizontal=True, key="tiles"):
        for item in chosen:
            st.button(
                to_tile(item),
                key=f"tile-{to_look(item)}-{item.key}",
                on_click=open_item,
                args=(item.key,),
            )


def choose_of(title: str, counts: Mapping[Choice, int], key: str, words: Mapping[str, str]) -> list[Choice]:
    """Buttons to choose what is shown, each with how often it occurs.

    Args:
        title: above them.
        counts: what can be chosen; what does not occur has no button.
        key: of the widget.
        words: what they are called; others by their own name.
    """
    return st.pills(
        title,
        [choice for choice, count in counts.items() if count],
        format_func=lambda choice: f"{literal(words.get(choice, choice))} {counts[choice]}",
        selection_mode="multi",
        key=key,
    )


def choose_items(
    items: Sequence[SeriesItem], order: Order, statuses: Collection[str], labels: Collection[Label]
) -> list[SeriesItem]:
    """The items that are asked for, sorted.

    Args:
        items: newest first.
        order: how they are sorted.
        statuses: keys of ITEM_COUNTS; none means all.
        labels: classes; none means all.
    """
    chosen = [
        item
        for item in items
        if (not statuses or status_of(item) in statuses) and (not labels or named_class(item) in labels)
    ]
    if order is Order.SUSPICIOUS:
        chosen.sort(key=lambda item: -item.suspicion)
    elif order is Order.NAME:
        chosen.sort(key=lambda item: item.name)
    return chosen


def found_classes(items: Sequence[SeriesItem]) -> tuple[Label, ...]:
    """The classes of the model that answered."""
    return in_display_order(dict.fromkeys(label for item in items for label in item.classes))


def render_tile_style(classes: Sequence[Label]) -> str:
    """Tiles with the colour of the class that they name."""
    rules = (
        f'[class*="st-key-tile-{label.slug}-"] button {{ border-bottom: 4px solid {look.color}; }}'
        for label, look in class_looks(classes).items()
    )
    return f"<style>{''.join(rules)}</style>"


def status_of(item: SeriesItem) -> str:
    """Key of ITEM_COUNTS."""
    if item.answer:
        return item.answer.status
    if not item.is_answered_kind:
        return NOT_ANSWERED
    return "error" if item.is_done else "unfinished"


def named_class(item: SeriesItem) -> Label | None:
    """The class that its headline names; None where it was not analysed and for a series that is undecided."""
    if item.answer is None or item.answer.status is Status.NOT_A_BRAIN_MRI:
        return None
    if isinstance(item.answer, SeriesVerdict) and item.answer.status is Status.UNCERTAIN:
        return None
    return item.answer.label


def to_look(item: SeriesItem) -> str:
    """How its tile looks: the colour of a class, broken where it is in doubt; the style knows these words."""
    label = named_class(item)
    if label is None:
        return "none"
    return f"{label.slug}-doubt" if status_of(item) == Status.UNCERTAIN else label.slug


def count_statuses(items: Sequence[SeriesItem]) -> dict[str, int]:
    """How many images and series there are of each status."""
    found = Counter(status_of(item) for item in items)
    return {status: found[status] for status in ITEM_COUNTS}


def count_classes(items: Sequence[SeriesItem]) -> dict[Label, int]:
    """How many images and series name each class."""
    found = Counter(map(named_class, items))
    return {label: found[label] for label in found_classes(items)}


def describe_counts(items: Sequence[SeriesItem]) -> str:
    """How many images and series there are of each status and, where one is named, of each class; plain text."""
    listed = ", ".join(f"{count} {ITEM_COUNTS[status]}" for status, count in count_statuses(items).items() if count)
    classes = ", ".join(f"{count} {label}" for label, count in count_classes(items).items() if count)
    return f"{len(items)} in all: {listed}" + (f". Of these: {classes}." if classes else ".")


def describe_answer(item: SeriesItem) -> str:
    """An item's answer in a few words."""
    if not item.is_answered_kind:
        return LEFT_OUT if item.is_stack else "Not answered"
    if item.answer is None and not item.is_done:
        return "Not finished"
    return headline(item.answer)


def to_tile(item: SeriesItem) -> str:
    """The label of its tile, in Markdown: picture, answer, confidence and name."""
    record = item.records[item.shown_index] if item.records else None
    picture = f"![]({to_icon(record.cached.thumbnail)})  \n" if record and record.cached else ""
    sure = record.cached.confidence if record and record.cached and not item.is_stack else None
    # Figure and sign stay on one line.
    confidence = f" {literal(format_percent(sure)).replace(' ', NO_BREAK)}" if sure is not None else ""
    name = item.name if len(item.name) <= _SHOWN_NAME else f"…{item.name[-_SHOWN_NAME + 1 :]}"
    return f"{picture}**{literal_sentence(describe_answer(item))}**{confidence}  \n{literal(name)}"


@lru_cache(maxsize=256)
def to_icon(thumbnail: bytes) -> str:
    """A smaller picture of a thumbnail, as an address that holds it."""
    image = Image.open(io.BytesIO(thumbnail))
    image.thumbnail((_ICON_PX, _ICON_PX))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=75)
    return to_data_uri("image/jpeg", stream.getvalue())
