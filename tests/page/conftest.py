"""Fixtures for tests that open the page."""

from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.page.driver import open_app, plain, scripted_model
from tests.scripted import ScriptedClassifier


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedClassifier]:
    """The classifier of every page that the test opens."""
    with scripted_model(monkeypatch) as classifier:
        yield classifier


@pytest.fixture
def page(scripted: ScriptedClassifier) -> AppTest:
    """The first page, empty."""
    return open_app()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each download button would give, by its label; the last of each label."""
    files: dict[str, Any] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *rest, **options: files.update({plain(label): data}))
    return files
