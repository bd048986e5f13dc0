from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import file_util

from page.addresses import locate_server, to_routes


def test_a_page_that_is_opened_directly_is_streamlit_s_document_and_says_where_the_server_is() -> None:
    reply = TestClient(Starlette(routes=to_routes(["about"]))).get("/about")
    own = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    assert reply.status_code == 200
    assert "BACKEND_BASE_URL" in reply.text and "BACKEND_BASE_URL" not in own
    assert reply.text == locate_server(own)
    # It stands before the script that reads it.
    assert reply.text.index("BACKEND_BASE_URL") < reply.text.index("src=")
