"""The card inside the model file: what the network is, what it expects, and the fitted numbers."""

import json
import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from brain_tumor.errors import ModelFileError
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import (
    LABELS,
    Label,
    class_without_finding,
    from_stored,
    in_display_order,
    is_plain_name,
    to_stored,
)

CARD_VERSION = 1
BRAIN_MRI = "brain MRI"
_WORDS = ("order", "subject")  # the fields of Rules that are no numbers
_ALWAYS = ("min_gate_score", "max_chroma", "min_probability", "min_margin")


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers a decision needs; all were fitted on validation data by ``fit-decision``."""

    order: tuple[Label, ...]  # class of each probability
    min_gate_score: float  # log-odds; a lower first gate score is not a brain MRI
    max_chroma: float  # 0 to 1; a higher chroma is a colour picture
    min_probability: float  # 0 to 1; a lower top probability is uncertain
    min_margin: float  # 0 to 1; a smaller distance between the two highest is uncertain
    min_location: float | None = None  # 0 to 1; a location map whose maximum is lower shows no tumor location
    # Files of before have none of these.
    min_sure_gate_score: float | None = None  # log-odds; a lower first gate score is uncertain
    min_familiarity: float | None = None  # 0 or less; a lower second gate score is unlike the training images
    min_no_tumor: float | None = None  # 0 to 1; No Tumor with a lower probability is uncertain
    min_tumor: float | None = None  # 0 to 1; a tumor is uncertain where all tumor classes together have a lower one
    subject: str = BRAIN_MRI  # what the images of the model show, and its gate accepts; for words alone

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes in the order that tables and charts have."""
        return in_display_order(self.order)

    @property
    def not_analysed(self) -> Label:
        """The final class of an image that was not analysed: one without a finding, where the model has such a one."""
        return class_without_finding(self.order)

    def no_finding_probability(self, probabilities: FloatArray) -> float:
        """How likely no class with a finding is; 0 where the model has only such.

        Args:
            probabilities: (classes,), in the order of `order`.
        """
        return float(sum(value for label, value in zip(self.order, probabilities, strict=True) if not label.is_finding))


@dataclass(frozen=True, slots=True)
class Golden:
    """One stored input and its answer: an engine that computes something else is not used."""

    member: str  # the image's name in the ZIP
    probabilities: tuple[float, ...]
    gate_scores: tuple[float, ...]
    tolerance: float  # largest absolute difference of a probability


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the runtime must know about a model file; ``about`` is for people."""

    model_id: str
    created: str  # date, ISO 8601
    flatbuffer_sha256: str
    flatbuffer_bytes: int
    input: InputContract
    outputs: dict[str, str]  # name -> meaning
    temperature: float
    rules: Rules
    golden: Golden
    about: dict[str, Any]  # licence, notice, recipe, training data, metrics

    def to_json(self) -> str:
        """The content of ``card.json``; keys are sorted so that equal cards are equal files."""
        fields = {"format_version": CARD_VERSION, **asdict(self)}
        fields["rules"]["order"] = [to_stored(label) for label in self.rules.order]
        if self.rules.subject == BRAIN_MRI:
            del fields["rules"]["subject"]  # which older releases do not know
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str) -> Self:
        """Parse ``card.json``.

        Args:
            text: its content.
            name: of the model file, for messages.

        Raises:
            ModelFileError: another version, or a missing or impossible field.
        """
        try:
            fields = json.loads(text)
            version = fields.pop("format_version")
            if version != CARD_VERSION:
                raise ModelFileError(
                    f"{name}: its card has format version {version}, this program reads {CARD_VERSION}; "
                    "install the brain-tumor-mri release that the model came with"
                )
            rules, golden = fields.pop("rules"), fields.pop("golden")
            card = cls(
                input=InputContract(**fields.pop("input")),
                rules=_to_rules(rules),
                golden=Golden(
                    **{
                        **golden,
                        "probabilities": tuple(map(float, golden["probabilities"])),
                        "gate_scores": tuple(map(float, golden["gate_scores"])),
                        "tolerance": float(golden["tolerance"]),
                    }
                ),
                about=dict(fields.pop("about")),
                **fields,
            )
            _check(card)
            return card
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelFileError(f"{name}: its card is incomplete ({error!r}); export the model again") from None


def _check(card: Card) -> None:
    """Raises ValueError for what would make an answer wrong without an error: a comparison with NaN is never true."""
    rules, golden = asdict(card.rules), card.golden
    if missing := [name for name in _ALWAYS if rules[name] is None]:
        raise ValueError(f"{', '.join(missing)} is missing")
    if len(golden.probabilities) != len(card.rules.order):
        raise ValueError(f"{len(golden.probabilities)} golden probabilities for {len(card.rules.order)} classes")
    if rules["min_familiarity"] is not None and len(golden.gate_scores) == 1:
        raise ValueError("min_familiarity is given, but the network has one gate score")
    numbers = {key: value for key, value in rules.items() if key not in _WORDS and value is not None}
    for name, value in {**numbers, "temperature": card.temperature, "tolerance": golden.tolerance}.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
    if not card.temperature > 0 or not 0 <= golden.tolerance <= 1:
        raise ValueError(f"temperature {card.temperature} and tolerance {golden.tolerance} are no such numbers")
    if not all(isinstance(text, str) for text in (card.model_id, card.created, card.flatbuffer_sha256, golden.member)):
        raise ValueError("a name is no text")
    if not is_plain_name(card.model_id):
        raise ValueError(f"model_id {card.model_id[:100]!r} is no plain name")
    datetime.fromisoformat(card.created)  # a ValueError where it is no date
    if not all(isinstance(text, str) for text in dict(card.outputs).values()):
        raise ValueError("the meaning of an output is no text")


def _to_rules(fields: dict[str, Any]) -> Rules:
    order, subject = _to_order(fields.pop("order")), fields.pop("subject", BRAIN_MRI)
    if not isinstance(subject, str) or not is_plain_name(subject):
        raise ValueError(f"subject {str(subject)[:100]!r} is no plain name")
    numbers: dict[str, Any] = {key: None if value is None else float(value) for key, value in fields.items()}
    return Rules(order=order, subject=subject, **numbers)


def _to_order(classes: list[str | dict[str, Any]]) -> tuple[Label, ...]:
    order = tuple(map(from_stored, classes))
    slugs = {label.slug for label in order}
    if len(order) < 2 or len(slugs) < len(order) or not all(slugs):
        raise ValueError(f"each class is needed once, and two at least, found {', '.join(order)}")
    if all(isinstance(known, str) for known in classes) and len(order) < len(LABELS):
        raise ValueError(f"each class is needed once, found {', '.join(order)}")
    return order
