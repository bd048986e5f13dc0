import json
from typing import Any

import pytest

from brain_tumor_training.cross_summary import Figure, render_document, render_table, summarise

RIGHT, WRONG = [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2]], [[0, 2, 0, 0], [2, 0, 0, 0], [0] * 4, [0] * 4]


def make_share(hits: int, total: int) -> dict[str, Any]:
    return {"value": hits / total, "low": 0.0, "high": 1.0, "hits": hits, "total": total}


def make_evaluation(hits: int, matrix: list[list[int]], error: float | None = 0.1) -> dict[str, Any]:
    """An evaluation.json, as far as it is summed up; No Tumor has no images."""
    names = ("Glioma", "Meningioma", "Pituitary")
    recall = {name: {"recall": make_share(hits, 10)} for name in names}
    calibration = None if error is None else {"expected_calibration_error": {"value": error, "low": 0.0, "high": 1.0}}
    return {
        "model": {"model_id": "m"},
        "measured_on": "2026-01-31",
        "data": {"images": 10},
        "accuracy": make_share(hits, 10),
        "macro_f1": {"value": hits / 10, "low": 0.0, "high": 1.0},
        "accuracy_among_classified": make_share(hits, 10),
        "uncertain": make_share(1, 10),
        "not_analysed": make_share(0, 10),
        "classes": {**recall, "No Tumor": {"recall": None}},
        "confusion_matrix": {"true_by_final": matrix},
        "calibration": calibration,
    }


def by_name(*evaluations: dict[str, Any]) -> dict[str, Figure]:
    return {figure.name: figure for figure in summarise(dict(enumerate(evaluations)))}


def test_mean_and_standard_deviation_count_each_fold_alike() -> None:
    accuracy = by_name(make_evaluation(6, RIGHT), make_evaluation(8, RIGHT), make_evaluation(10, RIGHT))["accuracy"]
    assert accuracy.folds == {0: 0.6, 1: 0.8, 2: 1.0}
    assert accuracy.mean == pytest.approx(0.8)
    assert accuracy.standard_deviation == pytest.approx(0.2)


def test_one_fold_has_no_standard_deviation() -> None:
    assert by_name(make_evaluation(6, RIGHT))["accuracy"].standard_deviation is None


def test_a_pooled_share_counts_each_image_alike_with_wilsons_interval() -> None:
    few = make_evaluation(1, RIGHT) | {"accuracy": make_share(0, 2)}
    pooled = by_name(few, make_evaluation(5, RIGHT) | {"accuracy": make_share(5, 8)})["accuracy"].pooled
    assert pooled is not None
    # Wilson 1927 for 5 of 10.
    assert (pooled.hits, pooled.total, pooled.value) == (5, 10, 0.5)
    assert [pooled.low, pooled.high] == pytest.approx([0.2366, 0.7634], abs=1e-4)


def test_the_pooled_macro_f1_is_that_of_all_images() -> None:
    # Glioma and meningioma: 2 of 4 right, named 4 times, F1 1/2 each; no tumor and pituitary: 1.
    pooled = by_name(make_evaluation(8, RIGHT), make_evaluation(0, WRONG))["macro F1"].pooled
    assert pooled is not None
    assert pooled.value == pytest.approx(0.75)


def test_what_no_fold_defines_has_no_mean() -> None:
    figure = by_name(make_evaluation(8, RIGHT), make_evaluation(8, RIGHT))["recall, No Tumor"]
    assert (figure.mean, figure.standard_deviation, figure.pooled) == (None, None, None)


def test_a_fold_without_a_figure_is_left_out_of_its_mean() -> None:
    figure = by_name(make_evaluation(8, RIGHT, error=0.3), make_evaluation(8, RIGHT, error=None))["calibration error"]
    assert (figure.folds, figure.mean, figure.pooled) == ({0: 0.3, 1: None}, 0.3, None)


def test_the_table_has_a_line_per_figure() -> None:
    table = render_table(summarise({0: make_evaluation(6, RIGHT), 4: make_evaluation(10, RIGHT)})).splitlines()
    assert table[0].split() == ["fold", "0", "fold", "4", "mean", "sd", "all", "images"]
    assert table[1] == "accuracy                    0.600   1.000   0.800   0.283  0.800 (0.584 to 0.919)"
    assert table[-1].split() == ["calibration", "error", "0.100", "0.100", "0.100", "0.000", "-"]


def test_the_document_holds_settings_models_and_figures() -> None:
    evaluations = {4: make_evaluation(6, RIGHT)}
    document = json.loads(render_document({"seed": 0}, evaluations, summarise(evaluations)))
    assert document["settings"] == {"seed": 0}
    assert document["folds"] == {"4": {"model": {"model_id": "m"}, "measured_on": "2026-01-31", "images": 10}}
    assert document["figures"]["accuracy"]["folds"] == {"4": 0.6}
    assert document["figures"]["accuracy"]["pooled"]["hits"] == 6
    assert "research" in document["notice"]
