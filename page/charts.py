"""Charts as Vega-Lite specifications: plain dictionaries, so that the runtime needs no plotting library."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from brain_tumor.presentation.palette import BAR_STYLES
from brain_tumor.presentation.wording import format_percent

# Readable on the white and on the nearly black page, because a text mark does not follow the page's theme.
_TEXT_COLOR = "#808080"
_BAR_STEP_PX = 40
# Rows of a strip chart, in colours of the same palette with 3:1 on white and on the dark page. Each
# class differs in place, shape and colour; what was not analysed is grey, hollow, and in a row of its own.
_MARKS = {
    Label.GLIOMA.value: ("#D55E00", "triangle-up"),
    Label.MENINGIOMA.value: ("#CC79A7", "square"),
    Label.NO_TUMOR.value: ("#0072B2", "circle"),
    Label.PITUITARY.value: ("#009E73", "diamond"),
    "Not analysed": ("#808080", "circle"),
    "Not read": ("#808080", "cross"),
}
_FILL = {Status.CLASSIFIED: 1.0, Status.UNCERTAIN: 0.25, Status.NOT_A_BRAIN_MRI: 0.0}
_STRIP_STEP_PX = 30


def probability_chart(probabilities: Mapping[Label, float], status: Status) -> dict[str, Any]:
    """Horizontal bars of all four classes in the order of Label, on an axis from 0 to 100 %.

    probabilities: of every class, 0 to 1. Hollow and grey when the status says they mean nothing.
    """
    values = [
        {
            "class": label.value,
            "probability": probabilities[label],
            "text": format_percent(probabilities[label]),
        }
        for label in Label
    ]
    return {
        "data": {"values": values},
        "padding": {"left": 0, "top": 5, "right": 20, "bottom": 5},  # room for the last axis label
        "height": _BAR_STEP_PX * len(Label),
        "encoding": {
            "y": {
                "field": "class",
                "type": "nominal",
                "sort": [label.value for label in Label],
                "axis": {"title": None, "ticks": False, "domain": False, "labelFontSize": 13},
            },
            "x": {
                "field": "probability",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": {"title": None, "format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]},
            },
        },
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.65}, **BAR_STYLES[status]}},
            _text_layer("datum.probability < 0.8", align="left", dx=6, color=_TEXT_COLOR),
            _text_layer("datum.probability >= 0.8", align="right", dx=-6, color=_inside_color(status)),
        ],
    }


def strip_chart(findings: Sequence[Finding | None], chosen: int) -> dict[str, Any]:
    """One mark per slice, in the row of its class, along the position in mm or, where unknown, the slice's number.

    findings: in the order of the slices, None for one that could not be read. chosen: place of the slice that is
    shown, counted from 0; a line marks it. Filled marks are classified, pale ones uncertain, hollow ones not analysed.
    """
    in_mm = all(one is not None and one.position_mm is not None for one in findings)
    values = [_strip_value(place, one, in_mm) for place, one in enumerate(findings)]
    rows = [row for row in _MARKS if row in tuple(Label) or any(value["row"] == row for value in values)]
    colors, shapes = ([_MARKS[row][column] for row in rows] for column in (0, 1))
    color = {"field": "row", "type": "nominal", "scale": {"domain": rows, "range": colors}, "legend": None}
    x = {
        "field": "place",
        "type": "quantitative",
        "scale": {"zero": False, "nice": False, "padding": 8},
        "axis": {"title": "Position in mm" if in_mm else "Slice", "format": "d", "tickMinStep": 1, "grid": False},
    }
    return {
        "padding": {"left": 0, "top": 5, "right": 10, "bottom": 5},
        "height": _STRIP_STEP_PX * len(rows),
        "layer": [
            {
                "data": {"values": [values[chosen]]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": _TEXT_COLOR},
                "encoding": {"x": x},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "size": 60, "strokeWidth": 1.5, "opacity": 1, "tooltip": True},
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "row",
                        "type": "nominal",
                        "scale": {"domain": rows},
                        "axis": {
                            "title": None,
                            "ticks": False,
                            "domain": False,
                            "grid": True,
                            "labelFontSize": 13,
                            "labelOverlap": False,
                        },
                    },
                    "stroke": color,
                    "fill": color,
                    "shape": {**color, "scale": {"domain": rows, "range": shapes}},
                    "fillOpacity": {"field": "fill", "type": "quantitative", "scale": None, "legend": None},
                    "tooltip": [
                        {"field": "slice", "title": "Slice"},
                        {"field": "row", "title": "Answer"},
                        {"field": "status", "title": "Status"},
                    ],
                },
            },
        ],
    }


def _strip_value(place: int, finding: Finding | None, in_mm: bool) -> dict[str, Any]:
    value: dict[str, Any] = {"slice": place + 1, "place": place + 1, "row": "Not read", "status": "error", "fill": 0.0}
    if finding is None:
        return value
    status = finding.verdict.status
    row = "Not analysed" if status is Status.NOT_A_BRAIN_MRI else finding.verdict.label.value
    along = finding.position_mm if in_mm else place + 1
    return {**value, "place": along, "row": row, "status": status.value.replace("_", " "), "fill": _FILL[status]}


def _text_layer(condition: str, **mark: Any) -> dict[str, Any]:
    # A long bar leaves no room behind it, so its figure stands inside.
    return {
        "transform": [{"filter": condition}],
        "mark": {"type": "text", "baseline": "middle", "fontSize": 13, **mark},
        "encoding": {"text": {"field": "text", "type": "nominal"}},
    }


def _inside_color(status: Status) -> str:
    return _TEXT_COLOR if status is Status.NOT_A_BRAIN_MRI else "white"
