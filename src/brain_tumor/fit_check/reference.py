"""The reference in the card: how validation images of the training sources score."""

import math
from dataclasses import dataclass
from typing import Any

from brain_tumor.errors import ModelFileError
from brain_tumor.model.card import BRAIN_MRI, Card

# Shares of the images, in steps of 5 %, at which the card gives quantiles.
STEPS = tuple(step / 20 for step in range(21))


@dataclass(frozen=True, slots=True)
class Reference:
    """How validation images of the training sources score."""

    images: int
    gate_score: tuple[float, ...]  # log-odds that it shows the subject, at each of STEPS
    familiarity: tuple[float, ...]  # 0 or less, higher is more familiar, at each of STEPS
    rejected: float  # 0 to 1, share that the gate does not accept
    unfamiliar: float  # 0 to 1, share that is accepted and unlike the training images
    uncertain: float  # 0 to 1, share that is accepted and in doubt, the unfamiliar ones included
    subject: str = BRAIN_MRI  # what the model looks at

    @property
    def answered(self) -> float:
        """0 to 1, share that is classified without doubt."""
        return max(0.0, 1 - self.rejected - self.uncertain)


def read_reference(card: Card) -> Reference:
    """The card's reference; raises ModelFileError where an older file has none, or has one that says nothing."""
    found = card.about.get("reference")
    if not found or card.rules.min_familiarity is None:
        raise ModelFileError(
            f"model {card.model_id}: its card does not say how images of the training sources score, so there is "
            "nothing to compare with; name a newer file with --model, or set the thresholds and export again "
            "(brain-tumor-train fit-decision, export)"
        )
    try:
        return _parse(found, card.rules.subject)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"model {card.model_id}: the reference in its card is incomplete ({error!r}); export the model again"
        ) from None


def _parse(found: Any, subject: str) -> Reference:
    return Reference(
        int(found["images"]),
        _to_quantiles("gate_score", found["gate_score"]),
        _to_quantiles("familiarity", found["familiarity"]),
        _to_share("rejected", found["rejected"]),
        _to_share("unfamiliar", found["unfamiliar"]),
        _to_share("uncertain", found["uncertain"]),
        subject,
    )


def _to_quantiles(name: str, values: Any) -> tuple[float, ...]:
    numbers = tuple(map(float, values))
    if len(numbers) != len(STEPS) or not all(map(math.isfinite, numbers)) or list(numbers) != sorted(numbers):
        raise ValueError(f"{name} is not {len(STEPS)} rising numbers")
    return numbers


def _to_share(name: str, value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {number}, not a share")
    return number
