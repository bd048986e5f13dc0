import json
from pathlib import Path

import pytest

from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.cli import main
from tests.factories import make_model_bytes
from tests.training.command_line import Capture, error_line, needs_tensorflow

EVALUATION = {
    "model": {"model_id": "test-1"},
    "data": {"folder": "brains"},
    "measured_on": "2026-01-31",
    "accuracy": {"value": 0.5},
    "macro_f1": {"value": 0.4},
    "accuracy_among_classified": None,
    "uncertain": {"value": 0.1},
    "not_analysed": {"value": 0.0},
    "classes": {"Glioma": {"recall": {"value": 0.6}, "precision": {"value": 0.7}}},
}


@needs_tensorflow
def test_card_keeps_the_main_figures_of_an_evaluation(tmp_path: Path) -> None:
    model, figures = tmp_path / "m.tfliteA", tmp_path / "evaluation.json"
    model.write_bytes(make_model_bytes())
    figures.write_text(json.dumps(EVALUATION), encoding="utf-8")
    assert main(["card", str(model), "--evaluation", f"official split={figures}"]) == 0
    kept = load_model_file(model).card.about["metrics"]["official split"]
    assert (kept["model_id"], kept["accuracy"]) == ("test-1", {"value": 0.5})
    assert kept["recall"] == {"Glioma": {"value": 0.6}}


@needs_tensorflow
@pytest.mark.parametrize("content", ["{}", "[]", "no JSON"])
def test_card_refuses_another_file(content: str, tmp_path: Path, capsys: Capture) -> None:
    model, figures = tmp_path / "m.tfliteA", tmp_path / "figures.json"
    model.write_bytes(make_model_bytes())
    figures.write_text(content, encoding="utf-8")
    assert main(["card", str(model), "--evaluation", f"official={figures}"]) == 2
    assert "is not NAME=evaluation.json" in error_line(capsys)
    assert model.read_bytes() == make_model_bytes()


@needs_tensorflow
def test_card_refuses_a_missing_model(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION), encoding="utf-8")
    missing = ["card", str(tmp_path / "none.tfliteA"), "--evaluation", f"official={tmp_path / 'evaluation.json'}"]
    assert main(missing) == 2
    assert "none.tfliteA: cannot be read" in error_line(capsys)


@needs_tensorflow
def test_card_states_terms_anew(tmp_path: Path) -> None:
    about = {"sources": {"clinic": {"terms": "unknown"}}, "gate_rates": {"knee-mri": {"seen_in_fit": True}}}
    model, terms = tmp_path / "m.tfliteA", tmp_path / "terms.csv"
    model.write_bytes(make_model_bytes(about=about))
    terms.write_text("source,shows,origin,terms\nclinic,heads,here,CC0\nknee-mri,knees,there,CC BY\n", encoding="utf-8")
    assert main(["card", str(model), "--terms", str(terms)]) == 0
    after = load_model_file(model).card.about
    assert after["sources"] == {"clinic": {"shows": "heads", "origin": "here", "terms": "CC0"}}
    assert after["gate_sources"] == {"knee-mri": {"shows": "knees", "origin": "there", "terms": "CC BY"}}


@needs_tensorflow
def test_card_refuses_terms_for_a_card_without_sources(tmp_path: Path, capsys: Capture) -> None:
    model, terms = tmp_path / "m.tfliteA", tmp_path / "terms.csv"
    model.write_bytes(make_model_bytes())
    terms.write_text("source,shows,origin,terms\n", encoding="utf-8")
    assert main(["card", str(model), "--terms", str(terms)]) == 2
    assert "m.tfliteA: its card names no sources" in error_line(capsys)
