"""Answers on images of other sources -> counts and shares: what the gate accepts, and what is called a tumor."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.evaluation.risk_coverage import RiskCoverage, measure_risk_coverage
from brain_tumor.evaluation.run import SURE, Answer, Outcome, SourceResult
from brain_tumor.evaluation.sources import Source

CALLED_TUMOR = (
    "The final class is a finding, such as a tumor, so the gate accepted the image. Uncertain answers count with their "
    "most likely class; called_tumor_classified leaves them out. Shares are of all images that could be read."
)


@dataclass(frozen=True, slots=True)
class SourceMeasures:
    """What came of some images. Shares are of those that could be read, None when there are none."""

    images: int
    unreadable: int
    accepted: Estimate | None  # taken for brain MRI
    called_tumor: Estimate | None  # the final class is a tumor, uncertain ones with it
    called_tumor_classified: Estimate | None  # the same without the uncertain ones
    called_tumor_surely: Estimate | None  # called a tumor with a probability of SURE or more
    no_tumor_classified: Estimate | None  # analysed, and No Tumor without doubt: for a tumor, sure and wrong
    uncertain: Estimate | None
    rejections: dict[Reason, int]  # the gate's reason -> images, the most frequent first


@dataclass(frozen=True, slots=True)
class MeasuredSource:
    """One source and its figures."""

    source: Source
    measures: SourceMeasures
    right: Estimate | None  # share with an expected final class; None when only the gate is judged
    # Of the answers, the most confident first: None when only the gate is judged, or no file could be read.
    risk_coverage: RiskCoverage | None


@dataclass(frozen=True, slots=True)
class MeasuredSources:
    """All sources of one evaluation."""

    brain_mri: tuple[MeasuredSource, ...]
    not_brain_mri: tuple[MeasuredSource, ...]
    all_not_brain_mri: SourceMeasures | None  # over all of those; None when there are none


def measure_sources(results: Sequence[SourceResult]) -> MeasuredSources:
    """The figures of every source, and of all that are no brain MRI together.

    A file that stands in two sources, as in a source and its held-back part, counts once in the latter.
    """
    measured = [_measure_source(result) for result in results]
    others = {
        outcome.file.path.resolve(): outcome
        for result in results
        if not result.is_brain_mri
        for outcome in result.outcomes
    }
    return MeasuredSources(
        tuple(item for item in measured if item.source.is_brain_mri),
        tuple(item for item in measured if not item.source.is_brain_mri),
        measure_outcomes(others.values()) if others else None,
    )


def measure_outcomes(outcomes: Iterable[Outcome]) -> SourceMeasures:
    """Count what came of some images."""
    outcomes = tuple(outcomes)
    answers = _answers(outcomes)
    # The final class of a rejected image is no finding by rule, so each of these passed the gate.
    tumors = [answer for answer in answers if answer.verdict.label.is_finding]
    statuses = Counter(answer.verdict.status for answer in answers)
    reasons = Counter(answer.verdict.reason for answer in answers if not answer.verdict.is_analysed)

    def part(count: int) -> Estimate | None:
        return proportion_ci(count, len(answers))

    return SourceMeasures(
        images=len(outcomes),
        unreadable=len(outcomes) - len(answers),
        accepted=part(len(answers) - statuses[Status.NOT_A_BRAIN_MRI]),
        called_tumor=part(len(tumors)),
        called_tumor_classified=part(sum(answer.verdict.status is Status.CLASSIFIED for answer in tumors)),
        called_tumor_surely=part(sum((answer.confidence or 0.0) >= SURE for answer in tumors)),
        no_tumor_classified=part(
            sum(
                not answer.verdict.label.is_finding and answer.verdict.status is Status.CLASSIFIED for answer in answers
            )
        ),
        uncertain=part(statuses[Status.UNCERTAIN]),
        rejections={reason: count for reason, count in reasons.most_common() if reason},
    )


def _measure_source(result: SourceResult) -> MeasuredSource:
    answers, expected = _answers(result.outcomes), result.source.expected
    if not expected or not answers:
        return MeasuredSource(result.source, measure_outcomes(result.outcomes), None, None)
    # Tumor or none is what a wrong class of another source is about; the type is counted in right.
    wants_tumor = any(label.is_finding for label in expected)
    wrong = np.array([answer.verdict.label.is_finding is not wants_tumor for answer in answers])
    # What is doubted or rejected, whatever its probability, is what a person looks at first.
    confidence = np.array(
        [
            (answer.confidence or 0.0) + (answer.verdict.status is Status.CLASSIFIED) - (answer.confidence is None)
            for answer in answers
        ]
    )
    right = proportion_ci(sum(answer.verdict.label in expected for answer in answers), len(answers))
    curve = measure_risk_coverage(confidence, wrong)
    return MeasuredSource(result.source, measure_outcomes(result.outcomes), right, curve)


def _answers(outcomes: Sequence[Outcome]) -> list[Answer]:
    return [outcome.answer for outcome in outcomes if outcome.answer]
