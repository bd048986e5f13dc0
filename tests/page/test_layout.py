import pytest
import streamlit as st

import brain_tumor
from brain_tumor.errors import ModelFileError
from brain_tumor.presentation.wording import NOTICE
from page.layout import shared_classifier
from tests.page.driver import open_app, texts
from tests.scripted import ScriptedClassifier


def test_without_a_usable_model_file_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ModelFileError("model.tfliteA: is damaged")

    monkeypatch.setattr(brain_tumor, "load_classifier", refuse)
    st.cache_resource.clear()
    page = open_app()
    assert "cannot be used" in page.error[0].value
    assert texts(page) == ["model.tfliteA: is damaged"]
    assert page.warning[0].value == NOTICE


def test_all_sessions_share_one_classifier(scripted: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shared_classifier()
    monkeypatch.setattr(brain_tumor, "load_classifier", ScriptedClassifier)
    assert shared_classifier() is first is scripted  # type: ignore[comparison-overlap]
