"""ModelOutput -> Verdict: pure and ordered. Probabilities stay as computed; doubt is a status of its own."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from brain_tumor.decision.gate import gate_reason
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from brain_tumor.model.card import Rules
from brain_tumor.model.output import ModelOutput


class Status(StrEnum):
    """How far the final class may be trusted."""

    CLASSIFIED = "classified"
    UNCERTAIN = "uncertain"
    NOT_A_BRAIN_MRI = "not_a_brain_mri"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class a person is shown, and how far to trust it."""

    label: Label
    status: Status
    reason: str | None  # why the status is not CLASSIFIED

    @property
    def names_tumor(self) -> bool:
        """Whether the final class is a tumor, of an image that was analysed."""
        return self.status is not Status.NOT_A_BRAIN_MRI and self.label is not Label.NO_TUMOR


def decide(scan: Scan, output: ModelOutput, rules: Rules) -> Verdict:
    """Name the class a person is shown, and how far to trust it.

    Ordered: what is no brain MRI ends as No Tumor, marked as not analysed; then doubt; then the class.
    """
    if reason := gate_reason(scan, output, rules):
        return Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, f"not analysed: {reason}")
    second, first = np.sort(output.probabilities)[-2:]
    best = rules.order[int(output.probabilities.argmax())]
    if first < rules.min_probability:
        return Verdict(best, Status.UNCERTAIN, "needs a human look: no class is likely enough")
    if first - second < rules.min_margin:
        return Verdict(best, Status.UNCERTAIN, "needs a human look: two classes are too close to call")
    return Verdict(best, Status.CLASSIFIED, None)
