"""The OpenAPI document as a page that needs no other server, and no script."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from brain_tumor.presentation.wording import NOTICE

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-top: 1px solid GrayText; padding-top: 1rem }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: color-mix(in srgb, CanvasText 7%, Canvas) }
pre { padding: .75rem; overflow-x: auto }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
"""


def render_docs(document: dict[str, Any], root_path: str) -> str:
    """The page, as HTML.

    Args:
        document: of OpenAPI.
        root_path: below which a proxy shows the service.
    """
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        *(f"<p>{escape(text)}</p>" for text in info["description"].split("\n\n")),
        f"<p><a href='{escape(root_path)}/openapi.json'>openapi.json</a> says the same to programs.</p>",
        f"<pre>curl -F files=@scan.dcm -F files=@series.zip http://127.0.0.1:8000{escape(root_path)}/v1/classify</pre>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(f"{method.upper()} {root_path}{path}", operation)
    return "\n".join([*parts, f"<p><strong>{escape(NOTICE)}</strong></p></html>"])


def _operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{escape(name)}</code></h2><p>{escape(operation.get('summary', ''))}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>what it says<th>accepted</tr>"
        for parameter in parameters:
            accepted = json.dumps(parameter.get("schema", {}))
            yield (
                f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(parameter.get('description', ''))}"
                f"<td><code>{escape(accepted)}</code></tr>"
            )
        yield "</table>"
    if body := operation.get("requestBody"):
        yield from _contents("Body", body["content"])
    yield "<table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{escape(str(status))}<td>{escape(answer.get('description', ''))}</tr>"
    yield "</table>"
    yield from _contents("Answer", operation["responses"].get("200", {}).get("content", {}))


def _contents(title: str, contents: dict[str, Any]) -> Iterator[str]:
    for kind, content in contents.items():
        schema = json.dumps(content.get("schema", {}), indent=2)
        yield f"<details><summary>{title}: <code>{escape(kind)}</code></summary><pre>{escape(schema)}</pre></details>"
