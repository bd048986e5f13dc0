"""What was measured on a sample of an archive; pure, and without words."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status
from brain_tumor.fit_check.reference import STEPS
from brain_tumor.model.card import Rules

# Two-sided 95 % of the normal distribution.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Score:
    """What is kept of one image."""

    gate_score: float  # log-odds that it shows what the model looks at
    familiarity: float  # 0 or less, higher is more familiar
    status: Status
    reason: Reason | None  # why the status is not CLASSIFIED


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the images, with the 95 % interval of their share."""

    hits: int
    total: int
    value: float  # 0 to 1
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """How the sample came about."""

    files_found: int  # those in archives included
    files_sampled: int  # of these; a volume gives several images
    unreadable: int  # slices and files that were drawn, and could not be read


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFacts:
    """How the sampled images of an archive score.

    Shares are of the images that show anything: a volume's empty slices say nothing about the archive.
    """

    drawn: Drawn
    empty: int  # images that were read, and are blank
    scores: tuple[Score, ...]  # of the others, in the order in which they were answered
    gate_score: tuple[float, ...]  # at each of STEPS; empty without images
    familiarity: tuple[float, ...]  # at each of STEPS; empty without images
    rejected: Share  # by the gate, for any reason
    unfamiliar: Share  # accepted and unlike the training images
    uncertain: Share  # accepted and in doubt, the unfamiliar ones included
    answered: Share  # classified without doubt
    reasons: Mapping[Reason, int]  # the first reason of each rejected or uncertain image, the most frequent first

    @property
    def images(self) -> int:
        """How many images the figures rest on."""
        return len(self.scores)


def to_score(result: Result) -> Score:
    """The part of an answer that the check needs; of a network with two gate scores."""
    gate_score, familiarity = map(float, result.output.gate_scores[:2])
    return Score(gate_score, familiarity, result.verdict.status, result.verdict.reason)


def to_facts(scores: Sequence[Score], drawn: Drawn, rules: Rules) -> ArchiveFacts:
    """Count and sort. Unfamiliar images are counted by score, because their reason may come second.

    Args:
        scores: of all images that were read.
        drawn: the sample.
        rules: of the card.

    Raises:
        ValueError: the rules have no min_familiarity.
    """
    if rules.min_familiarity is None:
        raise ValueError("the rules have no min_familiarity")
    shown = [score for score in scores if score.reason is not Reason.BLANK]
    accepted = [item for item in shown if item.status is not Status.NOT_A_BRAIN_MRI]
    doubted = sum(item.status is Status.UNCERTAIN for item in accepted)
    unfamiliar = sum(item.familiarity < rules.min_familiarity for item in accepted)
    return ArchiveFacts(
        drawn,
        len(scores) - len(shown),
        tuple(shown),
        to_quantiles([item.gate_score for item in shown]),
        to_quantiles([item.familiarity for item in shown]),
        to_share(len(shown) - len(accepted), len(shown)),
        to_share(unfamiliar, len(shown)),
        to_share(doubted, len(shown)),
        to_share(len(accepted) - doubted, len(shown)),
        dict(Counter(item.reason for item in shown if item.reason).most_common()),
    )


def to_share(hits: int, total: int) -> Share:
    """The share hits / total with Wilson's 95 % interval; of none at all, anything from 0 to 1.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209. In plain Python, because SciPy is no part of the runtime.
    """
    if total == 0:
        return Share(0, 0, 0.0, 0.0, 1.0)
    value, square = hits / total, _Z * _Z / total
    centre = (value + square / 2) / (1 + square)
    half = math.sqrt(value * (1 - value) * square + square * square / 4) / (1 + square)
    return Share(hits, total, value, max(0.0, centre - half), min(1.0, centre + half))


def to_quantiles(values: Sequence[float]) -> tuple[float, ...]:
    """The quantiles at each of STEPS, rising; empty without values."""
    return tuple(map(float, np.quantile(values, STEPS))) if values else ()


def find_rank(value: float, quantiles: Sequence[float]) -> float:
    """The share of a distribution, 0 to 1, that lies below a value.

    Args:
        quantiles: at each of STEPS.
    """
    return float(np.interp(value, quantiles, STEPS))
