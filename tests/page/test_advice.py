import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.heatmap import MapKind
from page.advice import ADVICE, to_glossary


@pytest.mark.parametrize("reason", Reason)
def test_every_rejection_and_every_doubt_says_what_to_do(reason: Reason) -> None:
    assert ADVICE[reason].endswith(".")


def test_the_glossary_has_the_classes_and_the_maps_of_the_model_only() -> None:
    assert {"Glioma", "Where (location)", "Why (saliency)"} <= set(to_glossary(LABELS, tuple(MapKind)))
    own = to_glossary([Label("Stroke", True)], [MapKind.SALIENCY])
    assert "Why (saliency)" in own
    assert not {"Stroke", "Glioma", "Where (location)"} & set(own)
