from pathlib import Path

import pytest

pytest.importorskip("jinja2")
from jinja2 import UndefinedError

from brain_tumor.presentation import html_template
from brain_tumor.presentation.html_template import render_template


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template in place of those of every package."""
    monkeypatch.setattr(html_template, "files", lambda package: tmp_path)
    return tmp_path / "a.j2"


def test_what_comes_from_outside_is_escaped_also_behind_a_filter(template: Path) -> None:
    template.write_text("<b>{{ name }}</b> {{ name | twice }}", encoding="utf-8")
    shown = render_template("any", "a.j2", {"twice": lambda text: text * 2}, name="<i>")
    assert shown == "<b>&lt;i&gt;</b> &lt;i&gt;&lt;i&gt;"


def test_a_value_that_was_forgotten_is_an_error(template: Path) -> None:
    template.write_text("{{ name }}", encoding="utf-8")
    with pytest.raises(UndefinedError):
        render_template("any", "a.j2", {})


def test_a_line_of_a_block_leaves_no_empty_line(template: Path) -> None:
    template.write_text("a\n  {% if True %}\nb\n  {% endif %}\n", encoding="utf-8")
    assert render_template("any", "a.j2", {}) == "a\nb\n"
