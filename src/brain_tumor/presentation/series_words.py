"""The words for a series."""

from collections import Counter
from collections.abc import Collection, Sequence

from brain_tumor.decision.series import MIN_COVERED_MM, MIN_EXTENT_MM, MIN_RUN, Finding, SeriesReason, SeriesVerdict
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.labels import Label, class_without_finding, finding_word
from brain_tumor.presentation.wording import headline, render_count

_CALLED = "needs a human look: {counted:,} of {of_analysed} {are} called a {finding}, too few side by side"
_REASONS = {
    SeriesReason.NONE_ANALYSED: "no slice passed the check for {subject}",
    SeriesReason.MASKS: "not analysed: {counted:,} of {slices:,} slices {are} those of a mask or a label map",
    SeriesReason.TUMOR_RUN: "{counted:,} neighbouring slices are called a {finding} without doubt",
    SeriesReason.FEW_TOGETHER: _CALLED,
    SeriesReason.FEW_LOCATED: f"{_CALLED} and with a place",
    SeriesReason.MANY_DOUBTFUL: "needs a human look: {counted:,} of {of_analysed} {are} perhaps a {finding}",
    SeriesReason.FEW_ANALYSED: "needs a human look: only {counted:,} of {slices:,} slices {were} analysed",
    SeriesReason.FEW_SURE: "needs a human look: {counted:,} of {of_analysed} {are} {label} without doubt, too few",
    SeriesReason.LITTLE_COVERED: (
        f"needs a human look: the analysed slices cover {{counted}} mm of the head, {MIN_COVERED_MM:g} mm are needed"
    ),
    SeriesReason.NO_TUMOR_CALLED: "none of {of_analysed} that were analysed is called a {finding} without doubt",
}


# Words for input.series_kind.SeriesKind, after "is"; those of kinds that are not answered are in problems.
KIND_NAMES = {
    SeriesKind.MAGNITUDE: "magnitude",
    SeriesKind.DIFFUSION: "diffusion-weighted",
    SeriesKind.LOCALIZER: "localizer",
    SeriesKind.REFORMAT: "reformatted",
    SeriesKind.DERIVED: "derived",
    SeriesKind.PHASE: "phase",
    SeriesKind.REAL: "real part",
    SeriesKind.IMAGINARY: "imaginary part",
    SeriesKind.FIELD_MAP: "field map",
    SeriesKind.ADC: "ADC map",
    SeriesKind.FA: "FA map",
    SeriesKind.TRACE: "diffusion trace",
    SeriesKind.DIFFUSION_MAP: "diffusion map",
    SeriesKind.PERFUSION_MAP: "perfusion map",
    SeriesKind.PARAMETER_MAP: "parameter map",
    SeriesKind.ASL: "arterial spin labelling (ASL)",
    SeriesKind.BOLD: "functional (BOLD)",
    SeriesKind.SUBTRACTION: "subtraction",
    SeriesKind.PROJECTION: "projection",
    SeriesKind.SECONDARY_CAPTURE: "secondary capture",
    SeriesKind.MOSAIC: "mosaic",
}


def describe_series_rule(classes: Collection[Label]) -> str:
    """How a series is answered.

    Args:
        classes: of the model.
    """
    finding, no_finding = finding_word(classes), class_without_finding(classes)
    return (
        f"How a series is answered: a {finding} is named when at least {MIN_RUN} neighbouring slices, together at "
        f"least {MIN_EXTENT_MM:g} mm long where positions are known, each name a {finding} without doubt and show "
        "where it is, if the network can; then it is the class with the highest mean probability among them. Fewer "
        f"such slices, many doubtful ones, too few that are {no_finding} without doubt, or slices of less than "
        f"{MIN_COVERED_MM:g} mm of the head need a human look."
    )


def describe_kind_left_out(kind: SeriesKind | None) -> str:
    """Why a series was not answered, as the second half of a sentence."""
    name = KIND_NAMES[kind] if kind else "of another kind"
    return f"not answered: the series is {name}, not what a radiologist reads; this does not mean that nothing is there"


def describe_series_reason(verdict: SeriesVerdict) -> str:
    """How a series' answer was derived, as the second half of a sentence."""
    return _REASONS[verdict.reason].format(
        counted=verdict.counted,
        of_analysed=render_count(verdict.analysed, "slice"),
        are="is" if verdict.counted == 1 else "are",
        were="was" if verdict.counted == 1 else "were",
        slices=verdict.slices,
        label=verdict.label,
        finding=finding_word(verdict.shares),
        subject=verdict.subject,
    )


def describe_strip(findings: Sequence[Finding | None]) -> str:
    """What a strip chart shows, for those who cannot see it.

    Args:
        findings: in the order of the slices; None for a slice that could not be read.
    """
    counts = Counter(headline(finding.verdict if finding else None) for finding in findings)
    listed = ", ".join(f"{count:,} {answer}" for answer, count in counts.most_common())
    return f"Answer of each of {len(findings):,} slices along their position: {listed}"
