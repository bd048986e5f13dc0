"""Charts as Vega-Lite specifications: plain dictionaries, so that the runtime needs no plotting library."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import LABELS, Label, in_display_order
from brain_tumor.presentation.palette import FILLS, GREY, ON_WHITE, TEXT, WHITE, Look, Mark, class_looks
from brain_tumor.presentation.wording import format_percent

_BAR_STEP_PX = 40
# Rows of a strip chart below those of the classes: grey, as they name none.
_OTHER_ROWS = {"Not analysed": Look(GREY, Mark.CIRCLE), "Not read": Look(GREY, Mark.CROSS)}
_STRIP_STEP_PX = 30
# Labels and title of the axis below. Streamlit fits them into the height as well, and labels of the rows overlapped.
_STRIP_AXIS_PX = 60


def probability_chart(probabilities: Mapping[Label, float], status: Status, on_dark: bool = False) -> dict[str, Any]:
    """Horizontal bars of all classes in the order that tables have, on an axis from 0 to 100 %.

    Args:
        probabilities: of every class, 0 to 1.
        status: bars are pale where it is uncertain; hollow and grey where the probabilities mean nothing.
        on_dark: whether the page is dark.
    """
    classes, is_hollow = in_display_order(probabilities), not FILLS[status]
    colors = [GREY if is_hollow else look.color for look in class_looks(classes).values()]
    color = {
        "field": "class",
        "type": "nominal",
        "scale": {"domain": list(classes), "range": colors},
        "legend": None,
    }
    values = [
        {
            "class": label.value,
            "probability": probabilities[label],
            "text": format_percent(probabilities[label]),
        }
        for label in classes
    ]
    return {
        "config": _axis_config(on_dark),
        "data": {"values": values},
        "padding": {"left": 0, "top": 5, "right": 60, "bottom": 5},  # room for the figures behind the axis
        "height": _BAR_STEP_PX * len(classes),
        "encoding": {
            "y": {
                "field": "class",
                "type": "nominal",
                "sort": [label.value for label in classes],
                "axis": {"title": None, "ticks": False, "domain": False, "labelFontSize": 13},
            },
            "x": {
                "field": "probability",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": {"title": None, "labelExpr": "100 * datum.value + ' %'", "values": [0, 0.25, 0.5, 0.75, 1]},
            },
        },
        "layer": [
            {
                "mark": {
                    "type": "bar",
                    "height": {"band": 0.65},
                    "fillOpacity": FILLS[status],
                    "strokeWidth": 1,
                    **({"strokeDash": [4, 3]} if is_hollow else {}),
                },
                "encoding": {"fill": color, "stroke": color},
            },
            {
                # A text mark does not follow the page's theme.
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "dx": 6,
                    "fontSize": 13,
                    "color": _text_color(on_dark),
                },
                "encoding": {"x": {"value": "width"}, "text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def strip_chart(
    findings: Sequence[Finding | None], chosen: int, classes: Sequence[Label] = LABELS, on_dark: bool = False
) -> dict[str, Any]:
    """One mark per slice, in the row of its class, along the position in mm or, where unknown, the slice's number.

    Filled marks are classified, pale ones uncertain, hollow ones not analysed.

    Args:
        findings: in the order of the slices; None for one that could not be read.
        chosen: index of the slice that is shown, counted from 0; a line marks it.
        classes: of the model, in the order of `Rules.classes`.
        on_dark: whether the page is dark.
    """
    in_mm = all(finding is not None and finding.position_mm is not None for finding in findings)
    values = [_strip_value(index, finding, in_mm) for index, finding in enumerate(findings)]
    looks = {label.value: look for label, look in class_looks(classes).items()}
    looks |= {row: look for row, look in _OTHER_ROWS.items() if any(value["row"] == row for value in values)}
    rows, colors, shapes = list(looks), [look.color for look in looks.values()], [look.mark for look in looks.values()]
    color = {"field": "row", "type": "nominal", "scale": {"domain": rows, "range": colors}, "legend": None}
    x = {
        "field": "position",
        "type": "quantitative",
        "scale": {"zero": False, "nice": False, "padding": 8},
        "axis": {
            "title": "Position in mm" if in_mm else "Slice",
            "format": "d",
            "tickMinStep": 1,
            "tickCount": 10,
            "grid": False,
        },
    }
    return {
        "config": _axis_config(on_dark),
        "padding": {"left": 0, "top": 5, "right": 10, "bottom": 5},
        "height": _STRIP_STEP_PX * len(rows) + _STRIP_AXIS_PX,
        "layer": [
            {
                "data": {"values": [values[chosen]]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": GREY},
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


def _text_color(on_dark: bool) -> str:
    return WHITE if on_dark else ON_WHITE[TEXT]


def _axis_config(on_dark: bool) -> dict[str, Any]:
    # The theme's labels are grey and reach 3.9:1 on white.
    return {"axis": {"labelColor": _text_color(on_dark), "titleColor": _text_color(on_dark)}}


def _strip_value(index: int, finding: Finding | None, in_mm: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
        "slice": index + 1,
        "position": index + 1,
        "row": "Not read",
        "status": "error",
        "fill": 0.0,
    }
    if finding is None:
        return value
    status = finding.verdict.status
    row = "Not analysed" if status is Status.NOT_A_BRAIN_MRI else finding.verdict.label.value
    position = finding.position_mm if in_mm else index + 1
    return {**value, "position": position, "row": row, "status": status.value.replace("_", " "), "fill": FILLS[status]}
