import json
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.evaluation.labelled import find_labelled
from brain_tumor.evaluation.robustness import measure_robustness
from brain_tumor.evaluation.tables import render_json
from tests.evaluation.fakes import FakeClassifier, fill, make_evaluation
from tools import render_evaluation
from tools.render_evaluation import render_sources


def test_the_page_has_a_row_for_every_source_and_for_all_that_is_not_brain_mri(tmp_path: Path) -> None:
    lines = list(render_sources(json.loads(render_json(make_evaluation(tmp_path)))))
    rows = [line for line in lines if line.startswith("| ")]
    assert rows[0].startswith("| source | truly | images | unreadable | accepted | called a tumor |")
    assert rows[1].startswith("| cats | not brain MRI | 3 | 0 | 1 of 3, 33.3 % (6.1 to 79.2) | 1 of 3, ")
    assert rows[2].startswith("| ct | not brain MRI | 1 | 0 | 1 of 1, ")
    assert rows[3].startswith("| **all that is not brain MRI** | not brain MRI | 4 | 0 | 2 of 4, ")
    assert rows[5:] == ["| cats | it is a cat | 2 |", "| **all that is not brain MRI** | it is a cat | 2 |"]


def test_every_row_has_the_columns_of_its_heading(tmp_path: Path) -> None:
    lines = "\n".join(render_sources(json.loads(render_json(make_evaluation(tmp_path))))).splitlines()
    table = [line for line in lines if line.startswith("|")][:5]
    assert {line.count("|") for line in table} == {table[0].count("|")}


def test_an_evaluation_without_other_sources_adds_nothing() -> None:
    assert list(render_sources({"sources": None})) == list(render_sources({})) == []


def page(*columns: dict[str, object]) -> list[str]:
    return "\n".join(render_evaluation._overall({str(place): one for place, one in enumerate(columns)})).splitlines()


def test_errors_among_the_confident_are_shown_and_missing_ones_are_said_to_be(tmp_path: Path) -> None:
    figures = json.loads(render_json(make_evaluation(tmp_path)))
    older = {key: value for key, value in figures.items() if key != "risk_coverage"}
    (row,) = (line for line in page(figures, older) if line.startswith("| wrong among"))
    assert row == "| wrong among the 90 % most confident | 12.5 % (2.2 to 47.1), 1 of 8 | not measured |"
    assert not any(line.startswith("| wrong among") for line in page(older, older))


def test_worse_images_are_a_table_where_they_were_measured(tmp_path: Path) -> None:
    evaluation = make_evaluation(tmp_path / "whole")
    assert list(render_evaluation._robustness("official", json.loads(render_json(evaluation)))) == []
    data = find_labelled(fill(tmp_path / "one", "Glioma/glioma-90.png"))
    measured = replace(evaluation, robustness=measure_robustness(FakeClassifier(), data.files, 1))
    lines = list(render_evaluation._robustness("official", json.loads(render_json(measured))))
    assert lines[0] == "## Worse images, official\n"
    assert "| Motion | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 0.0 % (0.0 to 79.3) | 0.0 % (0.0 to 79.3) |" in lines
    assert len([line for line in lines if line.startswith("| ")]) == 1 + 12


def test_the_leak_free_page_has_a_column_and_a_table_for_every_fold_and_their_mean(tmp_path: Path) -> None:
    figures = json.loads(render_json(make_evaluation(tmp_path)))
    better = {**figures, "accuracy": {**figures["accuracy"], "value": figures["accuracy"]["value"] + 0.2}}
    parity = {"images": 200, "float_max_difference": 1e-6, "same_class": 1.0, "mean_difference": 0.001}
    parity |= {"gate_difference": 0.1, "accuracy_keras": 0.9, "accuracy_exported": 0.9}
    stages = [{"side_px": 224, "epochs": 2}, {"side_px": 299, "epochs": 1}]
    recipe = {"stages": stages, "batch_size": 32}
    training = {"recipe": recipe, "precision": "float32", "seed": 0, "start": None, "stop_after": 2}
    card = {"about": {"parity": parity, "quantization": "static int8", "training": training}}
    lines = "\n".join(render_evaluation._leak_free({0: figures, 4: better}, {0: card, 4: card})).splitlines()
    assert lines[0] == "# Leak-free folds"
    assert "|  | fold 0 | fold 4 | mean | sd | all images |" in lines
    (accuracy,) = (line for line in lines if line.startswith("| accuracy | 0."))
    value = figures["accuracy"]["value"]
    assert accuracy.startswith(f"| accuracy | {value:.3f} | {value + 0.2:.3f} | {value + 0.1:.3f} | 0.141 | ")
    assert "|  | fold 0 | fold 4 |" in lines
    assert "| same class as Keras | 100.0% | 100.0% |" in lines
    assert [line for line in lines if line.endswith("per class (rows of the matrix are the true class):")] == [
        "fold 0, per class (rows of the matrix are the true class):",
        "fold 4, per class (rows of the matrix are the true class):",
    ]
    assert "| 1 | `224x2,299x1 --batch-size 32 --stop-after 2` | float32 | 0 |" in lines


def test_doubtful_labels_stand_beside_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.csv").write_text(
        "path,seen\nTesting/notumor/a.jpg,mass\nTesting/notumor/b.jpg,CT\nother/ct/e.jpg,brain MRI\n"
    )
    (tmp_path / "predictions.csv").write_text(
        "file,status,class,label,location_x0\n"
        "set/Testing/notumor/a.jpg,classified,Glioma,No Tumor,0.25\n"
        "set/Testing/notumor/b.jpg,not_a_brain_mri,No Tumor,No Tumor,\n"
        "set/Testing/notumor/c.jpg,classified,No Tumor,No Tumor,\n"
        "set/Testing/glioma/d.jpg,uncertain,Pituitary,Glioma,0.5\n"
    )
    (tmp_path / "gate_predictions.csv").write_text(
        "file,status,class,confidence,family,is_brain_mri\n"
        "e.jpg,classified,Glioma,0.95,ct,0\n"
        "ct/f.jpg,not_a_brain_mri,No Tumor,,ct,0\n"
        "ct/g.jpg,error,,,ct,0\n"
    )
    monkeypatch.setattr(render_evaluation, "NOTES", tmp_path / "notes.csv")
    lines = render_evaluation._doubts({"official": tmp_path})
    rows = [line for line in lines if line.startswith(("| official", "| all", "| brain"))]
    assert rows == [
        "| official, CT | 1 | 1 | 0 | 0 |  |",
        "| official, mass | 1 | 0 | 1 | 1 |  |",
        "| official, all others | 2 | 0 | 1 | 1 | 50.0 % (9.5 to 90.5) |",
        "| official | 1 of 3, 33.3 % (6.1 to 79.2) | 0 of 1, 0.0 % (0.0 to 79.3) |",
        "| all others | not brain MRI | 2 | 0 of 2, 0.0 % (0.0 to 65.8) | 0 of 2, 0.0 % (0.0 to 65.8) |",
        "| brain MRI | not brain MRI | 1 | 1 of 1, 100.0 % (20.7 to 100.0) | 1 of 1, 100.0 % (20.7 to 100.0) |",
    ]
