"""The addresses of the pages, for browsers that open them directly.

Streamlit's script takes every part of an address for a folder that the server may be installed in, and asks there
first: each page but the first logged two errors, 404, in the browser's console. With the server's address it asks
nowhere else.
"""

from collections.abc import Iterable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import config, file_util

# Relative, so that it also holds behind a proxy that serves the page below a path of its own.
_WHERE_THE_SERVER_IS = '<script>window.__streamlit = { BACKEND_BASE_URL: new URL(".", location.href).href }</script>'


def to_routes(paths: Iterable[str]) -> list[Route]:
    """Streamlit's own document for each page, with the place of the server in it.

    Args:
        paths: of the pages, such as ``about``.
    """
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return [Route(f"/{base}/{path}" if base else f"/{path}", _send_document) for path in paths]


def _send_document(request: Request) -> HTMLResponse:
    document = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    return HTMLResponse(locate_server(document), headers={"Cache-Control": "no-cache"})


def locate_server(document: str) -> str:
    """The document with the place of the server, which Streamlit's own script reads."""
    return document.replace("<head>", f"<head>{_WHERE_THE_SERVER_IS}", 1)
