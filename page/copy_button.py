"""A button that puts an answer's words on the clipboard: Streamlit has none for text that is not code."""

from pathlib import Path

import streamlit as st

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.presentation.series_words import describe_series_reason
from brain_tumor.presentation.wording import (
    NOTICE,
    describe_final_class,
    describe_reason,
    format_fraction,
    format_percent,
    headline,
    to_sentence,
)
from brain_tumor.version import package_version
from page.series_item import SeriesItem

_component = st.components.v2.component(
    "brain_tumor_copy",
    html='<button type="button">Copy result</button><span role="status"></span>',
    css="""
button {
  height: 2.5rem; padding: 0 0.75rem; border: 1px solid var(--st-border-color); border-radius: 0.5rem;
  background: none; color: inherit; font-family: var(--st-font); font-size: 0.875rem;
  cursor: pointer; white-space: nowrap;
}
button:hover { border-color: currentColor; }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
span { margin-left: 0.5rem; font-size: 0.875rem; }
""",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


def offer_copy(item: SeriesItem, model_id: str, show_name: bool) -> None:
    """The button.

    Args:
        item: with an answer.
        model_id: of the model that answered.
        show_name: whether the file's name, which may hold a patient's, is copied too.
    """
    data = {"text": to_text(item, model_id, show_name), "label": f"Copy result of {item.name}"}
    _component(data=data, key=f"copy-{item.key}", width="content")


def to_text(item: SeriesItem, model_id: str, show_name: bool) -> str:
    """An item's answer as plain text: the words of its card, its numbers, the model, and the notice.

    Raises:
        ValueError: it has no answer.
    """
    answer = item.answer
    if answer is None:
        raise ValueError("there is no answer to copy")
    lines = [f"{item.name}: {headline(answer)}" if show_name else headline(answer)]
    if isinstance(answer, SeriesVerdict):
        lines.append(to_sentence(describe_series_reason(answer)))
        lines += [f"{label}: {format_fraction(share)} of slices" for label, share in answer.shares.items()]
    elif cached := item.records[0].cached:
        lines.append(f"{describe_final_class(answer.label, cached.confidence)}.")
        if reason := describe_reason(answer):
            lines.append(to_sentence(reason))
        if cached.confidence is not None:  # otherwise the numbers mean nothing
            lines += [f"{label}: {format_percent(share)}" for label, share in cached.probabilities.items()]
    return "\n".join([*lines, f"Model {model_id}, brain-tumor-mri {package_version()}", NOTICE])
