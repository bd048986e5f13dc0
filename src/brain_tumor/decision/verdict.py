"""ModelOutput -> Verdict: pure and ordered. Probabilities stay as computed; doubt is a status of its own."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from brain_tumor.decision.gate import gate_reason
from brain_tumor.decision.reasons import Reason
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from brain_tumor.model.card import BRAIN_MRI, Rules
from brain_tumor.model.output import ModelOutput


class Status(StrEnum):
    """How far the final class may be trusted."""

    CLASSIFIED = "classified"
    UNCERTAIN = "uncertain"
    NOT_A_BRAIN_MRI = "not_a_brain_mri"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class a person is shown, and how far to trust it."""

    label: Label  # of an image that was not analysed: the model's class without a finding
    status: Status
    reason: Reason | None  # why the status is not CLASSIFIED
    found: str | None = None  # what the reason speaks of: the image's size, or another modality's code
    subject: str = BRAIN_MRI  # what the model looks at

    @property
    def is_analysed(self) -> bool:
        """Whether the image was taken for a brain MRI, so that label and probabilities speak of it."""
        return self.status is not Status.NOT_A_BRAIN_MRI

    @property
    def names_tumor(self) -> bool:
        """Whether the final class is a tumor or another finding, of an image that was analysed."""
        return self.is_analysed and self.label.is_finding


def decide(scan: Scan, output: ModelOutput, rules: Rules) -> Verdict:
    """Name the class a person is shown, and how far to trust it.

    Ordered: what is no brain MRI ends as No Tumor (in a model of other classes, as its class without a finding),
    marked as not analysed; then doubt; then the class.

    Args:
        scan: blank, too small and colour are facts of the image, not of the network.
        output: the network's.
        rules: the card's.
    """
    if refused := gate_reason(scan, output, rules):
        return Verdict(rules.not_analysed, Status.NOT_A_BRAIN_MRI, *refused, rules.subject)
    best = rules.order[int(output.probabilities.argmax())]
    if doubt := _doubt(best, output, rules):
        return Verdict(best, Status.UNCERTAIN, doubt, subject=rules.subject)
    return Verdict(best, Status.CLASSIFIED, None, subject=rules.subject)


def _doubt(best: Label, output: ModelOutput, rules: Rules) -> Reason | None:
    """The first reason to doubt the likeliest class; a threshold that the card lacks doubts nothing."""
    if rules.min_sure_gate_score is not None and float(output.gate_scores[0]) < rules.min_sure_gate_score:
        return Reason.HARDLY_A_BRAIN
    if rules.min_familiarity is not None and float(output.gate_scores[1]) < rules.min_familiarity:
        return Reason.UNFAMILIAR
    second, first = np.sort(output.probabilities)[-2:]
    if first < rules.min_probability:
        return Reason.UNLIKELY
    if first - second < rules.min_margin:
        return Reason.CLOSE_CALL
    no_tumor = rules.no_finding_probability(output.probabilities)
    if not best.is_finding:
        return Reason.TUMOR_POSSIBLE if rules.min_no_tumor is not None and no_tumor < rules.min_no_tumor else None
    # Which tumor it is may be open while it is sure that there is one.
    return Reason.NO_TUMOR_POSSIBLE if rules.min_tumor is not None and 1 - no_tumor < rules.min_tumor else None
