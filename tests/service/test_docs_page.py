import re
from typing import Any

from brain_tumor.presentation.wording import NOTICE
from brain_tumor.service.docs_page import render_docs

EVIL = "<script>alert(1)</script>"


def make_document(text: str = "About") -> dict[str, Any]:
    operation = {
        "summary": text,
        "parameters": [{"name": "plane", "description": text, "schema": {"enum": ["axial", text]}}],
        "requestBody": {"content": {"multipart/form-data": {"schema": {"title": text}}}},
        "responses": {"200": {"description": text, "content": {"application/json": {"schema": {"title": text}}}}},
    }
    info = {"title": "Brain", "version": "1", "description": f"{text}\n\nMore"}
    return {"info": info, "paths": {"/v1/classify": {"post": operation}, "/metrics": {"get": {"responses": {}}}}}


def test_every_operation_stands_there_below_its_path() -> None:
    page = render_docs(make_document(), "/mri")
    assert re.findall(r"<h2><code>(.*?)</code>", page) == ["POST /mri/v1/classify", "GET /mri/metrics"]
    assert "href='/mri/openapi.json'" in page and "8000/mri/v1/classify" in page
    assert NOTICE in page and "<p>More</p>" in page


def test_parameters_bodies_and_answers_are_shown_where_there_are_any() -> None:
    page = render_docs(make_document(), "")
    assert page.count("<details>") == 2 and page.count("<code>plane</code>") == 1


def test_text_is_never_markup_and_the_page_loads_nothing() -> None:
    page = render_docs(make_document(EVIL), EVIL)
    assert "<script" not in page and "src=" not in page and "@import" not in page
