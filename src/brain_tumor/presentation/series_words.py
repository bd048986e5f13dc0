"""The words for a series."""

from collections import Counter
from collections.abc import Sequence

from brain_tumor.decision.series import MIN_EXTENT_MM, MIN_RUN, Finding, SeriesVerdict
from brain_tumor.decision.verdict import Status

SERIES_RULE = (
    f"How a series is answered: a tumor is named when at least {MIN_RUN} neighbouring slices, together at least "
    f"{MIN_EXTENT_MM:g} mm long where positions are known, each name a tumor without doubt and show where it is, "
    "if the network can; then it is the class with the highest mean probability among them. Fewer such slices, or many "
    "doubtful ones, need a human look."
)


def headline_series(verdict: SeriesVerdict) -> str:
    """The answer in a few words. Doubt never reads like a clean series."""
    if verdict.status is Status.CLASSIFIED:
        return f"Series: {verdict.label}"
    return "Series: not analysed" if verdict.status is Status.NOT_A_BRAIN_MRI else "Series: undecided"


def describe_strip(findings: Sequence[Finding | None]) -> str:
    """What a strip chart shows, for those who cannot see it; findings: None for a slice that could not be read."""
    counts = Counter(map(_name, findings))
    listed = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return f"Answer of each of {len(findings)} slices along their position: {listed}"


def _name(finding: Finding | None) -> str:
    if finding is None:
        return "not read"
    if finding.verdict.status is Status.NOT_A_BRAIN_MRI:
        return "not analysed"
    doubt = "perhaps " if finding.verdict.status is Status.UNCERTAIN else ""
    return f"{doubt}{finding.verdict.label}"
