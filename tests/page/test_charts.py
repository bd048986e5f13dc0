import json
from typing import Any

from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import LABELS, Label
from page.charts import probability_chart, strip_chart

PROBABILITIES = {Label.PITUITARY: 0.05, Label.GLIOMA: 0.85, Label.NO_TUMOR: 0.0, Label.MENINGIOMA: 0.1}


def test_the_four_classes_keep_their_order_whatever_the_model_s_is() -> None:
    chart = probability_chart(PROBABILITIES, Status.CLASSIFIED)
    assert [value["class"] for value in chart["data"]["values"]] == list(LABELS)
    assert chart["encoding"]["y"]["sort"] == list(LABELS)


def test_the_axis_always_goes_from_0_to_100_percent() -> None:
    chart = probability_chart(PROBABILITIES, Status.CLASSIFIED)
    assert chart["encoding"]["x"]["scale"]["domain"] == [0, 1]


def test_every_status_looks_different_without_colours_too() -> None:
    bars = {status: probability_chart(PROBABILITIES, status)["layer"][0]["mark"] for status in Status}
    assert len({bar["fillOpacity"] for bar in bars.values()}) == 3
    assert "strokeDash" in bars[Status.NOT_A_BRAIN_MRI]
    assert "strokeDash" not in bars[Status.CLASSIFIED]


def test_the_chart_is_plain_json() -> None:
    chart = probability_chart(PROBABILITIES, Status.UNCERTAIN)
    assert json.loads(json.dumps(chart)) == chart


def finding(label: Label, status: Status = Status.CLASSIFIED, position_mm: float | None = None) -> Finding:
    return Finding(Verdict(label, status, None), PROBABILITIES, position_mm)


def marks(*findings: Finding | None) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = strip_chart(findings, 0)["layer"][1]["data"]["values"]
    return values


def test_a_slice_that_was_not_analysed_is_hollow_and_in_a_row_of_its_own() -> None:
    (mark,) = marks(finding(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI))
    assert (mark["row"], mark["fill"]) == ("Not analysed", 0.0)


def test_doubt_is_paler_than_a_clear_answer() -> None:
    clear, doubt = marks(finding(Label.GLIOMA), finding(Label.GLIOMA, Status.UNCERTAIN))
    assert 0 < doubt["fill"] < clear["fill"] == 1


def test_a_slice_that_could_not_be_read_keeps_its_number() -> None:
    assert [mark["row"] for mark in marks(finding(Label.GLIOMA), None)] == ["Glioma", "Not read"]


def test_every_class_has_a_row_a_colour_and_a_shape_of_its_own() -> None:
    encoding = strip_chart([finding(Label.GLIOMA)], 0)["layer"][1]["encoding"]
    assert encoding["y"]["scale"]["domain"] == list(LABELS)
    assert len(set(encoding["fill"]["scale"]["range"])) == len(set(encoding["shape"]["scale"]["range"])) == 4


def test_positions_are_in_mm_where_all_are_known_and_numbers_otherwise() -> None:
    both = finding(Label.GLIOMA, position_mm=-3.5), finding(Label.GLIOMA, position_mm=1.5)
    assert [mark["position"] for mark in marks(*both)] == [-3.5, 1.5]
    assert [mark["position"] for mark in marks(both[0], None)] == [1, 2]


def test_the_chosen_slice_is_marked_by_a_line() -> None:
    chart = strip_chart([finding(Label.GLIOMA), finding(Label.PITUITARY)], 1)
    assert chart["layer"][0]["data"]["values"][0]["slice"] == 2
    assert json.loads(json.dumps(chart)) == chart
