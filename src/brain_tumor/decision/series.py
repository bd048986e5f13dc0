"""Findings of a series' slices -> SeriesVerdict: pure and ordered, as for one slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import LABELS, Label, class_without_finding, in_display_order
from brain_tumor.model.card import BRAIN_MRI

# A tumor is seen, and located, in all slices that it reaches; a healthy slice called a tumor by mistake stands mostly
# alone or beside one or two others. Chosen on the volumes of six healthy subjects, of which slices trained or
# validated, with a network that made this mistake on one slice in fifty: its longest run was 3 slices and 6 mm long.
# docs/series.md has the other six subjects.
MIN_RUN = 3
MIN_EXTENT_MM = 10.0
# No Tumor without doubt says something of the whole series, so it needs enough slices. Chosen on the volumes of the
# same six subjects, with the network finetuned-99d5aa4b. Without a skull half of their slices are air; whole ones are
# No Tumor without doubt in a tenth to a quarter of the slices, but for one volume that is uncertain anyway.
MIN_ANALYSED_SHARE = 1 / 3
MIN_SURE_SHARE = 0.1  # of the analysed slices, and at least MIN_RUN of them
# Nor of a slab: half of an adult brain's shortest extent, 120 to 140 mm.
MIN_COVERED_MM = 60.0
RANK_DECIMALS = 6
_MASK_REASONS = (Reason.LABEL_MAP, Reason.FEW_GREYS)
# Positions are decimal strings in DICOM and six decimals in a table: a run of exactly MIN_EXTENT_MM is long enough in
# both.
_TOLERANCE_MM = 1e-3


class SeriesReason(StrEnum):
    """How a series' answer was derived: stable codes, for programs; presentation.series_words has the words."""

    NONE_ANALYSED = "none_analysed"  # no slice passed the check for brain MRI
    MASKS = "masks"  # nor did one of these, and most of them are masks or label maps
    TUMOR_RUN = "tumor_run"  # enough neighbouring slices name a tumor without doubt
    FEW_TOGETHER = "few_together"  # slices name a tumor without doubt, too few of them side by side
    FEW_LOCATED = "few_located"  # the same, and some of them do not show where
    MANY_DOUBTFUL = "many_doubtful"  # most slices are perhaps a tumor
    FEW_ANALYSED = "few_analysed"  # no slice names a tumor without doubt, but most are no brain MRI or unreadable
    FEW_SURE = "few_sure"  # no slice names a tumor without doubt, but hardly any is No Tumor without doubt
    LITTLE_COVERED = (
        "little_covered"  # no slice names a tumor without doubt, but the slices cover a part of a head only
    )
    NO_TUMOR_CALLED = "no_tumor_called"  # no slice names a tumor without doubt


@dataclass(frozen=True, slots=True)
class Finding:
    """What a series' answer needs of one slice."""

    verdict: Verdict
    probabilities: Mapping[Label, float]  # the network's own, sum to 1
    position_mm: float | None = None  # along the normal of the plane
    located: bool | None = None  # whether the location map shows the tumor; None where the network has no such map

    @property
    def is_sure(self) -> bool:
        """Whether the slice names a tumor without doubt, and says where, if the network can."""
        return self.verdict.names_tumor and self.verdict.status is Status.CLASSIFIED and self.located is not False


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """The answer for a whole series."""

    label: Label  # without a finding where the status is not classified, so read the status first
    status: Status
    reason: SeriesReason  # how the answer was derived
    counted: int  # the slices that the reason speaks of
    shares: Mapping[Label, float]  # of the analysed slices, 0 to 1; all 0 where none was analysed
    slices: int  # all of them, unreadable ones too
    analysed: int  # readable, and taken for brain MRI by the gate
    order: tuple[int, ...]  # indices of the readable slices, most suspicious first, counted from 0
    subject: str = BRAIN_MRI  # what the model looks at


def decide_series(findings: Sequence[Finding | None], classes: Sequence[Label] | None = None) -> SeriesVerdict:
    """One answer for all slices.

    Ordered: without an analysed slice it is not a brain MRI. A tumor is named when at least MIN_RUN neighbouring
    slices, MIN_EXTENT_MM long where positions are known, each name a tumor without doubt and locate it: the class with
    the highest mean probability among them. Fewer slices that name one leave No Tumor, uncertain; so do too few
    analysed slices, too few that are No Tumor without doubt, and a slab of less than MIN_COVERED_MM.

    Args:
        findings: in the order of the slices' position; None stands for a slice that could not be read.
        classes: of the model, in the order of `Rules.classes`; None: those of the findings.

    Raises:
        ValueError: there are no findings.
    """
    if not findings:
        raise ValueError("a series has at least one slice")
    if classes is None:
        classes = in_display_order(next((finding.probabilities for finding in findings if finding), LABELS))
    analysed = [finding for finding in findings if finding and finding.verdict.is_analysed]
    shares = {label: _share(label, analysed) for label in classes}
    order = sorted(
        (index for index, finding in enumerate(findings) if finding), key=lambda index: _rank(findings[index])
    )
    label, status, reason, counted = _decide(findings, len(analysed), class_without_finding(classes))
    subject = next((finding.verdict.subject for finding in findings if finding), BRAIN_MRI)
    return SeriesVerdict(label, status, reason, counted, shares, len(findings), len(analysed), tuple(order), subject)


def _decide(
    findings: Sequence[Finding | None], analysed: int, no_finding: Label
) -> tuple[Label, Status, SeriesReason, int]:
    if not analysed:
        masks = sum(1 for finding in findings if finding and finding.verdict.reason in _MASK_REASONS)
        # Slices beside the regions are blank.
        shown = sum(1 for finding in findings if finding is None or finding.verdict.reason is not Reason.BLANK)
        reason = SeriesReason.MASKS if masks and 2 * masks > shown else SeriesReason.NONE_ANALYSED
        return no_finding, Status.NOT_A_BRAIN_MRI, reason, masks
    if runs := [run for run in _tumor_runs(findings) if _is_long_enough(run)]:
        longest = max(runs, key=len)
        label = max(filter(_is_finding, longest[0].probabilities), key=lambda tumor: _mean(tumor, longest))
        return label, Status.CLASSIFIED, SeriesReason.TUMOR_RUN, len(longest)
    if called := [finding for finding in findings if finding and _is_called(finding)]:
        reason = SeriesReason.FEW_TOGETHER if all(item.is_sure for item in called) else SeriesReason.FEW_LOCATED
        return no_finding, Status.UNCERTAIN, reason, len(called)
    doubted = sum(1 for finding in findings if finding and finding.verdict.names_tumor)
    if 2 * doubted > analysed:
        return no_finding, Status.UNCERTAIN, SeriesReason.MANY_DOUBTFUL, doubted
    if analysed < MIN_ANALYSED_SHARE * len(findings):
        return no_finding, Status.UNCERTAIN, SeriesReason.FEW_ANALYSED, analysed
    sure = sum(1 for finding in findings if finding and finding.verdict.status is Status.CLASSIFIED)
    if sure < max(MIN_RUN, MIN_SURE_SHARE * analysed):
        return no_finding, Status.UNCERTAIN, SeriesReason.FEW_SURE, sure
    covered_mm = _covered_mm(findings)
    if covered_mm is not None and covered_mm < MIN_COVERED_MM - _TOLERANCE_MM:
        return no_finding, Status.UNCERTAIN, SeriesReason.LITTLE_COVERED, int(covered_mm)
    return no_finding, Status.CLASSIFIED, SeriesReason.NO_TUMOR_CALLED, analysed


def _is_called(finding: Finding) -> bool:
    return finding.verdict.names_tumor and finding.verdict.status is Status.CLASSIFIED


def _tumor_runs(findings: Sequence[Finding | None]) -> list[list[Finding]]:
    def is_sure(finding: Finding | None) -> bool:
        return finding is not None and finding.is_sure

    return [[item for item in run if item] for sure, run in groupby(findings, is_sure) if sure]


def _is_long_enough(run: Sequence[Finding]) -> bool:
    if len(run) < MIN_RUN:
        return False
    first, last = run[0].position_mm, run[-1].position_mm
    # Equal positions say as little as missing ones.
    if first is None or last is None or abs(last - first) < _TOLERANCE_MM:
        return True
    # Each slice stands for its spacing, so n slices are n spacings long.
    return abs(last - first) * len(run) / (len(run) - 1) >= MIN_EXTENT_MM - _TOLERANCE_MM


def _covered_mm(findings: Sequence[Finding | None]) -> float | None:
    """From the first analysed slice to the last, and a spacing more; None where positions are not known."""
    analysed = [finding for finding in findings if finding and finding.verdict.is_analysed]
    positions = [finding.position_mm for finding in analysed if finding.position_mm is not None]
    if len(positions) < len(analysed) or max(positions) - min(positions) < _TOLERANCE_MM:
        return None
    return (max(positions) - min(positions)) * len(positions) / (len(positions) - 1)


def _is_finding(label: Label) -> bool:
    return label.is_finding


def _share(label: Label, analysed: Sequence[Finding]) -> float:
    return sum(item.verdict.label is label for item in analysed) / len(analysed) if analysed else 0.0


def _mean(label: Label, run: Sequence[Finding]) -> float:
    return sum(item.probabilities[label] for item in run) / len(run)


def _rank(finding: Finding | None) -> tuple[bool, float]:
    assert finding is not None  # noqa: S101 - the indices of readable slices only
    no_tumor = sum(value for label, value in finding.probabilities.items() if not label.is_finding)
    return rank_suspicion(finding.verdict, no_tumor)


def rank_suspicion(verdict: Verdict, no_tumor: float) -> tuple[bool, float]:
    """Sorts slices, the most suspicious first.

    Those that were not analysed come last, as their probabilities mean nothing. Probabilities count to as many decimals
    as tables have, so that a run that was interrupted and resumed orders its slices like any other.

    Args:
        no_tumor: the probability of No Tumor, 0 to 1.
    """
    return not verdict.is_analysed, round(no_tumor, RANK_DECIMALS)
