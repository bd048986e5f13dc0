"""Charts as Vega-Lite specifications: plain dictionaries, so that the runtime needs no plotting library."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label

# Of the Okabe-Ito palette, told apart with every kind of colour vision; both reach 3:1 on white and on black.
# Hollow, dashed bars say "not analysed" to those who see no colour at all.
BAR_STYLES: dict[Status, dict[str, Any]] = {
    Status.CLASSIFIED: {"color": "#0072B2"},
    Status.UNCERTAIN: {"color": "#D55E00"},
    Status.NOT_A_BRAIN_MRI: {
        "color": "#808080",
        "fillOpacity": 0.15,
        "stroke": "#808080",
        "strokeDash": [4, 3],
    },
}
# Readable on the white and on the nearly black page, because a text mark does not follow the page's theme.
_TEXT_COLOR = "#808080"
_BAR_STEP_PX = 40


def format_percent(probability: float) -> str:
    """A probability as a person reads it, e.g. ``97.3 %``; never 100.0, which would claim certainty."""
    if 0 < probability < 0.001:
        return "< 0.1 %"
    if 0.999 < probability < 1:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %")


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


def _text_layer(condition: str, **mark: Any) -> dict[str, Any]:
    # A long bar leaves no room behind it, so its figure stands inside.
    return {
        "transform": [{"filter": condition}],
        "mark": {"type": "text", "baseline": "middle", "fontSize": 13, **mark},
        "encoding": {"text": {"field": "text", "type": "nominal"}},
    }


def _inside_color(status: Status) -> str:
    return _TEXT_COLOR if status is Status.NOT_A_BRAIN_MRI else "white"
