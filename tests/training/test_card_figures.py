from typing import Any

from brain_tumor.labels import LABELS, Label
from brain_tumor_training.card_figures import summarise_sources


def source(expected: list[str], called: int, healthy: int, sure: int) -> dict[str, Any]:
    return {
        "expected": expected,
        "called_tumor": {"hits": called, "total": 10},
        "no_tumor_classified": {"hits": healthy, "total": 10},
        "called_tumor_classified": {"hits": sure, "total": 10},
    }


def document(*sources: dict[str, Any]) -> dict[str, Any]:
    return {"model": {"model_id": "m-1"}, "measured_on": "2026-01-31", "sources": {"families": sources}}


def test_sources_are_pooled_into_tumors_and_others() -> None:
    evaluation = document(
        source(["Glioma"], 8, 1, 5),
        source(["Glioma", "Meningioma", "Pituitary"], 10, 0, 9),
        source(["No Tumor"], 2, 7, 1),
        source([], 10, 0, 10),
    )
    pooled = summarise_sources(evaluation, LABELS)
    assert (pooled["tumors_called_a_tumor"]["hits"], pooled["tumors_called_a_tumor"]["total"]) == (18, 20)
    assert pooled["tumors_surely_no_tumor"]["hits"] == 1
    assert (pooled["others_called_a_tumor"]["hits"], pooled["others_surely_a_tumor"]["hits"]) == (2, 1)


def test_healthy_images_of_a_model_s_own_classes_are_not_pooled_with_its_findings() -> None:
    """Every source that does not expect No Tumor counted as tumors."""
    evaluation = document(source(["stroke"], 9, 1, 5), source(["healthy"], 2, 7, 1))
    pooled = summarise_sources(evaluation, (Label("stroke", True), Label("healthy", False)))
    assert (pooled["tumors_called_a_tumor"]["hits"], pooled["tumors_called_a_tumor"]["total"]) == (9, 10)
    assert (pooled["others_called_a_tumor"]["hits"], pooled["others_called_a_tumor"]["total"]) == (2, 10)
