from brain_tumor_training.card_figures import summarise_sources


def test_sources_are_pooled_into_tumors_and_others() -> None:
    def source(expected: list[str], called: int, healthy: int, sure: int) -> dict[str, object]:
        return {
            "expected": expected,
            "called_tumor": {"hits": called, "total": 10},
            "no_tumor_classified": {"hits": healthy, "total": 10},
            "called_tumor_classified": {"hits": sure, "total": 10},
        }

    document = {
        "model": {"model_id": "m-1"},
        "measured_on": "2026-01-31",
        "sources": {
            "families": [
                source(["Glioma"], 8, 1, 5),
                source(["Glioma", "Meningioma", "Pituitary"], 10, 0, 9),
                source(["No Tumor"], 2, 7, 1),
                source([], 10, 0, 10),
            ]
        },
    }
    pooled = summarise_sources(document)
    assert (pooled["tumors_called_a_tumor"]["hits"], pooled["tumors_called_a_tumor"]["total"]) == (18, 20)
    assert pooled["tumors_surely_no_tumor"]["hits"] == 1
    assert (pooled["others_called_a_tumor"]["hits"], pooled["others_surely_a_tumor"]["hits"]) == (2, 1)
