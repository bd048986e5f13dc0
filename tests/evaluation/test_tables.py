import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from brain_tumor.evaluation.tables import render_gate_predictions, render_json, render_predictions
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import COLUMNS
from tests.evaluation.fakes import make_evaluation


def test_the_json_holds_every_figure_with_its_interval(tmp_path: Path) -> None:
    document = json.loads(render_json(make_evaluation(tmp_path)))
    assert document["notice"] == NOTICE
    assert document["model"]["file_sha256"] == "ab" * 32
    assert document["data"]["folder"] == "data"
    assert (document["data"]["images"], document["data"]["answered"]) == (10, 9)
    assert (document["accuracy"]["hits"], document["accuracy"]["total"]) == (7, 9)
    for figure in ("accuracy", "macro_f1", "accuracy_among_classified", "uncertain", "not_analysed"):
        assert document[figure]["low"] <= document[figure]["value"] <= document[figure]["high"]
    assert set(document["classes"]["Glioma"]) == {
        "support",
        "precision",
        "recall",
        "specificity",
        "f1",
        "auc",
    }
    assert document["confusion_matrix"]["true_by_final"][0] == [3, 1, 1, 0]
    assert len(document["calibration"]["reliability"]) == 15
    assert document["risk_coverage"]["answers"] == 8
    assert [point["coverage"] for point in document["risk_coverage"]["curve"][-2:]] == [0.95, 1.0]
    assert document["risk_coverage"]["curve"][-1]["risk"] == 1 / 8
    assert document["robustness"] is None
    assert [family["family"] for family in document["gate"]] == ["cats", "ct"]
    assert [item["file"] for item in document["unreadable"]] == ["Pituitary/<b>broken.png"]


def test_no_file_says_where_the_data_lies(tmp_path: Path) -> None:
    evaluation = make_evaluation(tmp_path)
    for text in (
        render_json(evaluation),
        render_predictions(evaluation),
        render_gate_predictions(evaluation),
    ):
        assert str(tmp_path) not in text


def test_predictions_are_the_rows_of_predict_and_the_label(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(render_predictions(make_evaluation(tmp_path)))))
    assert tuple(rows[0]) == (*COLUMNS, "label")
    assert len(rows) == 10
    pituitary = next(row for row in rows if row["file"] == "Pituitary/pituitary-90.png")
    assert (pituitary["class"], pituitary["confidence"], pituitary["label"]) == (
        "Pituitary",
        "0.900000",
        "Pituitary",
    )


def test_gate_predictions_name_the_family_and_the_truth(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(render_gate_predictions(make_evaluation(tmp_path)))))
    assert [(row["family"], row["is_brain_mri"], row["status"]) for row in rows] == [
        ("cats", "0", "classified"),
        ("cats", "0", "not_a_brain_mri"),
        ("cats", "0", "not_a_brain_mri"),
        ("ct", "0", "classified"),
    ]


def test_the_json_has_the_counts_of_every_source_and_of_all_that_is_not_brain_mri(tmp_path: Path) -> None:
    sources = json.loads(render_json(make_evaluation(tmp_path)))["sources"]
    cats, ct = sources["families"]
    assert (cats["family"], cats["origin"], cats["kind"], cats["expected"]) == ("cats", "other", "not brain MRI", [])
    assert (cats["images"], cats["unreadable"], cats["rejections"]) == (3, 0, {"not_a_brain": 2})
    assert (ct["called_tumor"]["hits"], ct["called_tumor_surely"]["hits"], ct["right"]) == (1, 0, None)
    total = sources["all_not_brain_mri"]
    assert (total["images"], total["accepted"]["hits"], total["called_tumor_surely"]["hits"]) == (4, 2, 1)
    assert sources["surely_from_confidence"] == 0.9


def test_without_other_images_the_section_is_empty(tmp_path: Path) -> None:
    evaluation = replace(make_evaluation(tmp_path), source_results=())
    assert json.loads(render_json(evaluation))["sources"] is None
