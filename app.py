"""The web page: ``streamlit run app.py``. What each page shows stands in ``page/``."""

import streamlit as st

from page import about, classify, compare, evaluation
from page.addresses import to_routes
from page.layout import show_notice
from page.memory import release_large_blocks
from page.upload_manager import keep_upload_addresses, prepare_uploads


def main() -> None:
    """What surrounds every page, then the page that was chosen."""
    release_large_blocks()
    prepare_uploads()
    keep_upload_addresses()
    st.set_page_config(page_title="Brain tumor MRI", layout="wide")
    chosen = st.navigation(
        [
            st.Page(classify.show, title="Classify", url_path="classify", default=True),
            st.Page(about.show, title="About the model", url_path="about"),
            st.Page(compare.show, title="Compare two models", url_path="compare"),
            st.Page(evaluation.show, title="Evaluation", url_path="evaluation", visibility="hidden"),
        ],
        position="top",
    )
    show_notice()
    chosen.run()


if __name__ == "__main__":  # drawn for a visitor
    main()
else:  # imported by the server that `streamlit run app.py` starts
    app = st.App(__file__, routes=to_routes(["classify", "about", "compare", "evaluation"]))
