"""Facts of an archive and the reference to a verdict; pure, and without words."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from brain_tumor.fit_check.facts import ArchiveFacts, Share, find_rank
from brain_tumor.fit_check.reference import STEPS, Reference

# None of 30 may still be one in nine, and half of 30 be a third or two thirds: with fewer the intervals are wider than
# any difference that is judged here.
MIN_IMAGES = 30
# A share counts as higher when its whole 95 % interval lies so far above the reference's. The reference is a mean of
# sources, and single ones lie a few hundredths above it. Doubt also follows how difficult the cases are: twice that.
MORE_REJECTED = 0.05
MORE_UNFAMILIAR = 0.05
MORE_UNCERTAIN = 0.10
# Of 30 images of the reference, 15 or more lie in its lowest tenth once in 27 million draws.
LOW_MEDIAN = 0.10
# Where the network answers without doubt less than half as often as on its own sources, most answers are none.
LEAST_ANSWERED = 0.5


class Fit(StrEnum):
    """Does the network fit the archive?"""

    FITS = "fits"
    FITS_IN_PART = "fits_in_part"
    DOES_NOT_FIT = "does_not_fit"
    TOO_FEW_IMAGES = "too_few_images"


class Departure(StrEnum):
    """In what an archive clearly differs from the reference, to its disadvantage."""

    REJECTED = "rejected"  # the gate rejects more images
    UNFAMILIAR = "unfamiliar"  # more images are unlike the training images
    UNCERTAIN = "uncertain"  # more answers are in doubt
    GATE_SCORE = "gate_score"  # the median image hardly looks like what the model looks at
    FAMILIARITY = "familiarity"  # the median image is hardly familiar


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what it rests on."""

    fit: Fit
    departures: tuple[Departure, ...]  # empty where the archive fits, or where there are too few images to tell


def judge(facts: ArchiveFacts, reference: Reference) -> Judgement:
    """Ordered: too few images tell nothing; then whether most answers are missing; then whether anything differs."""
    if facts.images < MIN_IMAGES:
        return Judgement(Fit.TOO_FEW_IMAGES, ())
    departures = tuple(_departures(facts, reference))
    if facts.answered.high < LEAST_ANSWERED * reference.answered:
        return Judgement(Fit.DOES_NOT_FIT, departures)
    return Judgement(Fit.FITS_IN_PART if departures else Fit.FITS, departures)


def median_rank(quantiles: tuple[float, ...], reference: tuple[float, ...]) -> float:
    """The share of the reference, 0 to 1, that scores lower than the median image; 0.5 where nothing differs."""
    return find_rank(quantiles[len(STEPS) // 2], reference)


def _departures(facts: ArchiveFacts, reference: Reference) -> Iterator[Departure]:
    if _is_higher(facts.rejected, reference.rejected, MORE_REJECTED):
        yield Departure.REJECTED
    if _is_higher(facts.unfamiliar, reference.unfamiliar, MORE_UNFAMILIAR):
        yield Departure.UNFAMILIAR
    if _is_higher(facts.uncertain, reference.uncertain, MORE_UNCERTAIN):
        yield Departure.UNCERTAIN
    if median_rank(facts.gate_score, reference.gate_score) < LOW_MEDIAN:
        yield Departure.GATE_SCORE
    if median_rank(facts.familiarity, reference.familiarity) < LOW_MEDIAN:
        yield Departure.FAMILIARITY


def _is_higher(share: Share, reference: float, tolerance: float) -> bool:
    return share.low > reference + tolerance
