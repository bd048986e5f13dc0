"""One row per series: its slices' rows -> the series' answer, as a table and as a line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import Finding, SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.series import Series
from brain_tumor.labels import LABELS, NO_CLASS, Label
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.presentation.series_words import describe_kind_left_out, describe_series_reason
from brain_tumor.presentation.wording import NOT_ANSWERED, format_fraction, headline
from brain_tumor.tables.dicom_ids import SERIES_IDS
from brain_tumor.tables.rows import Row, series_cells
from brain_tumor.version import package_version

LEFT_OUT = "Series: not answered"
COUNTED = "counted only"  # the answer where the order of the pictures is not known
# As many as a person looks at first.
MOST_SUSPICIOUS = 5
_BEFORE_CLASSES = ("series", "status", "class", "reason")
_AFTER_CLASSES = (
    "analysed",
    "slices",
    "most_suspicious",  # numbers in the order of the series, most suspicious first
    "plane",
    "model_id",
    "version",
    "reason_code",  # one of decision.series.SeriesReason
    "answer",  # in a few words, as page and report have it
    "report",  # files in the folder of --report
    # As in the table of slices.
    "series_kind",
    "series_description",
    "series_number",
    "protocol",
    "sequence",
    "series_volume",
    "duplicates",  # copies of slices that were left out
    "window",  # as in the table of slices; of several, each once
    "volume",  # which of its file's several volumes, counted from 1; empty where the file holds one
)


# Whole numbers; all but the shares is text otherwise.
SERIES_NUMBER_COLUMNS = ("analysed", "slices", "series_number", "duplicates", "volume")


def series_columns(classes: Iterable[Label], with_ids: bool = False) -> tuple[str, ...]:
    """The columns of a table of series; a class has the share of the analysed slices, 0 to 1, ``share_`` and its name.

    Args:
        classes: of the model, in the order of `Rules.classes`.
        with_ids: whether DICOM's identifiers stand in it, too.
    """
    shares = (f"share_{label.slug}" for label in classes)
    return *_BEFORE_CLASSES, *shares, *_AFTER_CLASSES, *(SERIES_IDS if with_ids else ())


SERIES_COLUMNS = series_columns(LABELS)  # of a model with this project's classes


def to_finding(row: Row, classes: Sequence[Label], has_location: bool, subject: str = BRAIN_MRI) -> Finding | None:
    """What a series' answer needs of a slice that an interrupted run answered; None for one that was not read.

    Args:
        row: as a file holds it, its numbers rounded.
        classes: of the model, in the order of `Rules.classes`.
        has_location: whether the network computes a location map.
        subject: what the model looks at.
    """
    if row["status"] in ("error", NOT_ANSWERED):
        return None
    code, position_mm = row["reason_code"], row["position_mm"]
    verdict = Verdict(
        next((label for label in classes if label == row["class"]), NO_CLASS),
        Status(str(row["status"])),
        None if code is None else Reason(str(code)),
        subject=subject,
    )
    probabilities = {label: float(row[f"p_{label.slug}"] or 0.0) for label in classes}
    located = row["location_score"] is not None if has_location else None
    return Finding(verdict, probabilities, None if position_mm is None else float(position_mm), located)


def to_series_row(series: Series, verdict: SeriesVerdict, model_id: str, windows: Iterable[str] = ()) -> dict[str, Any]:
    """The row of a series: its answer, the share of each class and the slices to look at first (a list).

    An undecided series has no class: its verdict's, No Tumor by rule, would be counted as a clear scan. A series of a
    kind that is not answered has none either, whatever the verdict.

    Args:
        series: the slices.
        verdict: of `decide_series`.
        model_id: of the model.
        windows: the column window of its slices.
    """
    first = verdict.order[: min(MOST_SUSPICIOUS, verdict.analysed)]  # those that were not analysed come last
    return {
        "series": series.name,
        "status": verdict.status.value,
        "class": None if verdict.status is Status.UNCERTAIN else verdict.label.value,
        "reason": describe_series_reason(verdict),
        **{f"share_{label.slug}": share for label, share in verdict.shares.items()},
        "analysed": verdict.analysed,
        "slices": verdict.slices,
        "most_suspicious": [index + 1 for index in first],
        "plane": series.plane and series.plane.value,
        "model_id": model_id,
        "version": package_version(),
        "reason_code": verdict.reason.value,
        "answer": headline(verdict),
        "report": None,
        **series_cells(series),
        "duplicates": series.duplicates,
        "window": "; ".join(sorted(set(windows))) or None,
        "volume": series.volume,
        **({} if series.is_answered else _left_out(series)),
    }


def _left_out(series: Series) -> dict[str, Any]:
    return {
        "status": NOT_ANSWERED,
        "class": None,
        "reason": describe_kind_left_out(series.kind),
        "reason_code": NOT_ANSWERED,
        "answer": LEFT_OUT,
    }


def join_numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its list of slices as the text of one cell; what an earlier run has joined stays."""
    first = row["most_suspicious"]
    return {**row, "most_suspicious": first if isinstance(first, str) else "; ".join(map(str, first))}


def to_count_row(series: Series, verdict: SeriesVerdict, model_id: str) -> dict[str, Any]:
    """The row of pictures whose order nobody knows: how many there are of each class, and no answer.

    Args:
        series: the pictures, in any order.
        verdict: of `decide_series`, of which only the counts are used.
        model_id: of the model.
    """
    counts = ", ".join(f"{round(share * verdict.analysed)} {label}" for label, share in verdict.shares.items() if share)
    reason = f"the order of the pictures is not known, so this is a count and no answer: {counts or 'none analysed'}"
    return to_series_row(series, verdict, model_id) | {
        "status": "counted",
        "class": None,
        "reason": reason,
        "reason_code": "order_unknown",
        "answer": f"Series: {COUNTED}",
    }


def render_series_line(row: dict[str, Any], classes: Iterable[Label] = LABELS) -> str:
    """One line for a terminal.

    Args:
        row: of to_series_row.
        classes: of the model, in the order of `Rules.classes`.
    """
    shares = ", ".join(
        f"{label} {format_fraction(share)}" for label in classes if (share := row[f"share_{label.slug}"]) > 0
    )
    about = " ".join(str(row[name]) for name in ("series_number", "series_description") if row[name] is not None)
    name = f"{row['series']} ({about})" if about else row["series"]
    line = f"{name}: {row['answer']} ({row['reason']}); analysed {row['analysed']} of {row['slices']}"
    if row["most_suspicious"]:
        line += f"; {shares}; most suspicious: {', '.join(map(str, row['most_suspicious']))}"
    return line
