"""Scores, facts and references in round numbers."""

from collections.abc import Sequence
from typing import Any

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status
from brain_tumor.fit_check.facts import ArchiveFacts, Drawn, Score, to_facts
from brain_tumor.fit_check.reference import Reference, read_reference
from brain_tumor.model.card import Card, Golden
from tests.factories import make_card, make_rules

RULES = make_rules(min_gate_score=0.0, min_sure_gate_score=1.0, min_familiarity=-2.0)
GOLDEN = Golden("golden.png", (0.25, 0.25, 0.25, 0.25), (1.0, -0.5), tolerance=0.05)
# Gate scores from 0 to 10, familiarity from -2 to 0, both evenly.
REFERENCE: dict[str, Any] = {
    "images": 400,
    "gate_score": [step / 2 for step in range(21)],
    "familiarity": [step / 10 - 2 for step in range(21)],
    "rejected": 0.02,
    "unfamiliar": 0.02,
    "uncertain": 0.18,
}


def make_reference_card(**changes: Any) -> Card:
    """A card with a reference; changes: fields of the reference."""
    return make_card(rules=RULES, golden=GOLDEN, about={"reference": REFERENCE | changes})


def make_reference() -> Reference:
    """The reference of that card: 80 % are answered without doubt."""
    return read_reference(make_reference_card())


def make_scores(
    classified: int = 0,
    rejected: int = 0,
    unfamiliar: int = 0,
    uncertain: int = 0,
    blank: int = 0,
    gate_score: float = 5.0,
    familiarity: float = -1.0,
) -> list[Score]:
    """So many of each; gate_score, familiarity: of those that are classified or merely uncertain."""
    no_mri = Status.NOT_A_BRAIN_MRI
    return [
        *[Score(gate_score, familiarity, Status.CLASSIFIED, None)] * classified,
        *[Score(-3.0, -4.0, no_mri, Reason.NOT_A_BRAIN)] * rejected,
        *[Score(5.0, -3.0, Status.UNCERTAIN, Reason.UNFAMILIAR)] * unfamiliar,
        *[Score(gate_score, familiarity, Status.UNCERTAIN, Reason.CLOSE_CALL)] * uncertain,
        *[Score(-9.0, -9.0, no_mri, Reason.BLANK)] * blank,
    ]


def make_facts(scores: Sequence[Score], unreadable: int = 0) -> ArchiveFacts:
    """Facts of a sample of one image a file, of ten times as many files."""
    drawn = len(scores) + unreadable
    return to_facts(scores, Drawn(10 * drawn, drawn, unreadable), RULES)
