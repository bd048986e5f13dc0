"""What every page has: the notice that stays in view, and the server's only classifier."""

import streamlit as st

import brain_tumor
from brain_tumor import Classifier
from brain_tumor.errors import ModelFileError
from brain_tumor.presentation.wording import NOTICE

# The notice stays in view while the results scroll by, below Streamlit's own header. The blur hides what
# passes behind it in every theme. Streamlit's captions reach 3.9:1 on white; three quarters of the text's colour
# reaches more than 4.5:1 in both themes.
STYLE = """<style>
.stMainBlockContainer { padding-top: 3.75rem; }
div:has(> .st-key-notice) { position: sticky; top: 3.75rem; z-index: 50; backdrop-filter: blur(16px); }
[data-testid="stCaptionContainer"] { color: inherit; opacity: 0.75; }
</style>"""


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
