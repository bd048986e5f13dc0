"""A page that the one about the model links to: every figure, with the commands that measured it."""

import re
from functools import cache
from pathlib import Path

import streamlit as st

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"


def show() -> None:
    """Draw the document."""
    st.markdown(read_evaluation())


@cache
def read_evaluation() -> str:
    """The document in Markdown; of links to other documents, which are not served, only the words."""
    return re.sub(r"\[([^\]]*)\]\([^#)][^)]*\)", r"\1", DOCUMENT.read_text(encoding="utf-8"))
