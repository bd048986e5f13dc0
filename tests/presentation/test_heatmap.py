from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import HeatMap, MapKind, missing_maps, to_heat_maps
from tests.factories import make_location, make_mapped_result, make_result, make_saliency

HEALTHY = Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None)
REJECTED = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)


def maps_of(verdict: Verdict | None = None, peak: float = 0.8) -> dict[MapKind, HeatMap]:
    return {shown.kind: shown for shown in to_heat_maps(make_mapped_result(verdict, peak=peak))}


def test_saliency_is_relative_to_its_own_maximum() -> None:
    assert maps_of()[MapKind.SALIENCY].heat.tolist() == [[1.0, 0.5], [0.0, 0.0]]


def test_saliency_is_that_of_the_final_class() -> None:
    assert maps_of(HEALTHY)[MapKind.SALIENCY].heat.tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_saliency_without_any_weight_stays_empty() -> None:
    (shown,) = to_heat_maps(make_result(saliency=np.zeros((2, 2, 4), np.float32)))
    assert shown.heat.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_location_stays_a_probability() -> None:
    assert maps_of(peak=0.25)[MapKind.LOCATION].heat.max() == 0.25


def test_only_a_location_that_was_found_has_a_box() -> None:
    assert maps_of(peak=0.75)[MapKind.LOCATION].box == (0.5, 0.25, 1.0, 0.5)
    assert maps_of(peak=0.25)[MapKind.LOCATION].box is None
    assert maps_of()[MapKind.SALIENCY].box is None


def test_every_map_covers_the_region_that_the_network_looked_at() -> None:
    shown = to_heat_maps(replace(make_mapped_result(), region=(0.1, 0.2, 0.9, 0.8)))
    assert [item.region for item in shown] == [(0.1, 0.2, 0.9, 0.8)] * 2


def test_no_tumor_shows_why_and_no_location() -> None:
    assert set(maps_of(HEALTHY)) == {MapKind.SALIENCY}


def test_what_was_not_analysed_shows_no_map() -> None:
    assert maps_of(REJECTED) == {}


def test_a_network_without_maps_shows_none() -> None:
    assert to_heat_maps(make_result()) == ()


@pytest.mark.parametrize(
    ("result", "has", "lacks"),
    [
        (make_result(saliency=make_saliency()), MapKind.SALIENCY, MapKind.LOCATION),
        (make_result(location=make_location()), MapKind.LOCATION, MapKind.SALIENCY),
    ],
)
def test_a_network_with_one_map_lacks_the_other(result: Result, has: MapKind, lacks: MapKind) -> None:
    assert [shown.kind for shown in to_heat_maps(result)] == [has]
    assert missing_maps(result.output) == (lacks,)
