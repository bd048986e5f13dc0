import json

import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from brain_tumor.presentation.charts import format_percent, probability_chart

PROBABILITIES = {Label.PITUITARY: 0.05, Label.GLIOMA: 0.85, Label.NO_TUMOR: 0.0, Label.MENINGIOMA: 0.1}


def test_the_four_classes_keep_their_order_whatever_the_model_s_is() -> None:
    chart = probability_chart(PROBABILITIES, Status.CLASSIFIED)
    assert [value["class"] for value in chart["data"]["values"]] == list(Label)
    assert chart["encoding"]["y"]["sort"] == list(Label)


def test_the_axis_always_goes_from_0_to_100_percent() -> None:
    chart = probability_chart(PROBABILITIES, Status.CLASSIFIED)
    assert chart["encoding"]["x"]["scale"]["domain"] == [0, 1]


def test_every_status_looks_different_and_one_differs_by_more_than_its_colour() -> None:
    bars = {status: probability_chart(PROBABILITIES, status)["layer"][0]["mark"] for status in Status}
    assert len({bar["color"] for bar in bars.values()}) == 3
    assert "strokeDash" in bars[Status.NOT_A_BRAIN_MRI]
    assert "strokeDash" not in bars[Status.CLASSIFIED]


def test_the_chart_is_plain_json() -> None:
    chart = probability_chart(PROBABILITIES, Status.UNCERTAIN)
    assert json.loads(json.dumps(chart)) == chart


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "0.0 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (0.9996, "> 99.9 %"), (1.0, "100.0 %")],
)
def test_a_percentage_never_rounds_to_certainty(probability: float, text: str) -> None:
    assert format_percent(probability) == text
