"""The colours of classes and statuses, for every chart, page and report."""

from typing import Any

from brain_tumor.decision.verdict import Status

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
