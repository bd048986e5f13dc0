"""The colours of page, reports and plots. A class is a hue; a status is another family: slate, amber and grey."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label

# Of Okabe and Ito's palette, which all kinds of colour vision tell apart; each reaches 3:1 on white and on a dark page.
_NO_FINDING, _FINDINGS = "#0072B2", ("#D55E00", "#CC79A7", "#009E73")


class Mark(StrEnum):
    """The shape of a class in a chart, for those who see no colour; Vega-Lite's names."""

    CIRCLE = "circle"
    TRIANGLE = "triangle-up"
    SQUARE = "square"
    DIAMOND = "diamond"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Look:
    """How a class is drawn: everywhere the same."""

    color: str
    mark: Mark


def class_looks(classes: Iterable[Label]) -> dict[Label, Look]:
    """How a model's classes are drawn: in the card's colours, else in this palette's, in order.

    From the fourth finding on this palette's colours repeat; the shape differs up to the ninth.

    Args:
        classes: in the order of `Rules.classes`.
    """
    looks, findings, marks = {}, 0, (Mark.TRIANGLE, Mark.SQUARE, Mark.DIAMOND)
    for label in classes:
        looks[label] = Look(label.color or _NO_FINDING, Mark.CIRCLE)
        if label.is_finding:
            around, index = divmod(findings, len(_FINDINGS))
            looks[label] = Look(label.color or _FINDINGS[index], marks[(index + around) % len(marks)])
            findings += 1
    return looks


# White letters on each reach 4.5:1.
STATUS_COLORS = {
    Status.CLASSIFIED: "#3F4A59",
    Status.UNCERTAIN: "#9A6700",
    Status.NOT_A_BRAIN_MRI: "#757575",
}
# How much of its colour a mark of a class is filled with: solid, pale, or hollow for those who see no colour at all.
FILLS = {Status.CLASSIFIED: 1.0, Status.UNCERTAIN: 0.25, Status.NOT_A_BRAIN_MRI: 0.0}
WHITE = "#FFFFFF"
# Marks that belong to no class, on white and on a dark page.
GREY = "#808080"
# Data of no class and no status, on white.
INK = STATUS_COLORS[Status.CLASSIFIED]
ALARM = "#A31515"  # behind white letters

# Colours that follow the page: what is written, what is less important, and lines behind the data.
TEXT, QUIET, RULE = "text", "quiet", "rule"
# The same on white paper; text in the first two reaches 4.5:1.
ON_WHITE = {TEXT: "#1A1A1A", QUIET: "#555555", RULE: "#D0D0D0"}
# A notice across white paper: its band, and the mark at its edge.
BAND, MARK = "#F2F2F2", "#8A4B00"
