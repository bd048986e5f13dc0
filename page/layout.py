"""What every page has: the notice that stays in view, and the server's only classifier."""

from pathlib import Path

import streamlit as st

import brain_tumor
from brain_tumor import Classifier
from brain_tumor.errors import ModelFileError
from brain_tumor.presentation.wording import NOTICE

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "style.css"
EMPTY_STYLE, ANSWERED_STYLE = _FOLDER / "style_empty.css", _FOLDER / "style_answered.css"


@st.cache_resource(show_spinner="Loading the model")
def shared_classifier() -> Classifier:
    """One classifier for all sessions of this server; it locks itself.

    Raises:
        ModelFileError: the model file is missing or cannot be used.
    """
    return brain_tumor.load_classifier()


def usable_classifier() -> Classifier | None:
    """The classifier, or None after saying in words why there is none."""
    try:
        return shared_classifier()
    except ModelFileError as error:
        st.error("The model file cannot be used, so nothing can be classified.", icon=":material/error:")
        st.text(str(error))
        return None


def show_notice() -> None:
    """The notice, in view wherever an answer is."""
    st.html(STYLE)
    with st.container(key="notice"):
        st.warning(NOTICE, icon=":material/science:")
