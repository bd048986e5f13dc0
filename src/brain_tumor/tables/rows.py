"""One row per slice for tables and JSON. Columns keep their order; new ones are appended."""

from collections.abc import Iterable, Iterator

from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Series
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.wording import NOT_ANSWERED, describe_reason, error_headline, headline, to_printable
from brain_tumor.tables.dicom_ids import SLICE_IDS
from brain_tumor.version import package_version

LOCATION_COLUMNS = ("location_x0", "location_y0", "location_x1", "location_y1", "location_score")
TEXT_COLUMNS = (
    "file",
    "status",
    "class",
    "reason",
    "model_id",
    "series",
    "version",
    "reason_code",
    "answer",
    "file_modified",
    "report",
    "heatmaps",
    "study_uid",
    "series_uid",
    "sop_instance_uid",
    "series_kind",
    "series_description",
    "protocol",
    "sequence",
    "series_volume",
    "window",
)
NUMBER_COLUMNS = ("slice", "series_slice", "file_bytes", "frame", "series_number", "volume")  # whole numbers
_BEFORE_CLASSES = ("file", "status", "class", "confidence")
_AFTER_CLASSES = (
    "reason",
    "model_id",
    *LOCATION_COLUMNS,
    "slice",  # counted from 1 within the file; empty for a file of one slice
    "series",  # its name; empty for an image that stands alone
    "position_mm",  # along the normal of the plane
    "gate_score",  # log-odds that this is a brain MRI
    "version",  # of this package
    "elapsed_s",  # for reading and answering
    "reason_code",  # one of decision.reasons.Reason, or of problems.Problem where the status is error
    "familiarity",  # 0 or less, how like the training images; empty where the network does not say
    "answer",  # in a few words, as page and report have it
    "series_slice",  # counted from 1 in the order of the series, as page and report do; empty for an image alone
    "file_bytes",  # size of the file, or of the archive that holds it; empty where it is not on disk
    "file_modified",  # when it was changed last
    "report",  # files in the folder of --report
    "heatmaps",  # files in the folder of --heatmaps
    "series_kind",  # one of input.series_kind.SeriesKind; empty where the file is no MR image in DICOM
    "series_description",  # as the scanner names it; never a person's name
    "series_number",  # of the scanner
    "protocol",
    "sequence",
    "series_volume",  # what tells it from other volumes of the same DICOM series, such as echo_number=2
    "window",  # which values became black and white: one of input.scan.WindowUse; empty for pictures
    "volume",  # which of its file's several volumes, counted from 1; empty where the file holds one
)

Row = dict[str, str | float | None]


def slice_columns(classes: Iterable[Label], with_ids: bool = False) -> tuple[str, ...]:
    """The columns of a table of slices; a class has the probability ``p_`` and its name.

    Args:
        classes: of the model, in the order of `Rules.classes`.
        with_ids: whether DICOM's identifiers stand in it, too.
    """
    probabilities = (f"p_{label.slug}" for label in classes)
    return *_BEFORE_CLASSES, *probabilities, *_AFTER_CLASSES, *(SLICE_IDS if with_ids else ())


COLUMNS = slice_columns(LABELS)  # of a model with this project's classes


def to_row(result: Result, *, series: str | None = None, position_mm: float | None = None) -> Row:
    """The row of an answered slice; confidence is None when it was not analysed.

    The location's edges are fractions of the image's width (x) and height (y); None where none was found.

    Args:
        series: name of the series it belongs to.
        position_mm: along the normal of its plane.
    """
    location = result.location
    return {
        **dict.fromkeys(slice_columns(result.probabilities)),
        "file": result.name,
        "status": result.verdict.status.value,
        "class": result.verdict.label.value,
        "confidence": result.confidence,
        **{f"p_{label.slug}": value for label, value in result.probabilities.items()},
        "reason": describe_reason(result.verdict),
        "model_id": result.model_id,
        **({} if location is None else dict(zip(LOCATION_COLUMNS, (*location.box, location.score), strict=True))),
        "slice": result.slice_number,
        "series": series,
        "position_mm": position_mm,
        "gate_score": float(result.output.gate_scores[0]),
        "version": package_version(),
        "elapsed_s": result.elapsed_s,
        "reason_code": result.verdict.reason and result.verdict.reason.value,
        "familiarity": float(result.output.gate_scores[1]) if len(result.output.gate_scores) > 1 else None,
        "answer": headline(result.verdict),
        "window": result.scan.window and result.scan.window.value,
    }


def series_cells(series: Series) -> Row:
    """What the rows of a series and of its slices say of it: kind, names that the scanner gave it, volume."""
    return {
        "series_kind": series.kind and series.kind.value,
        "series_description": series.about.description,
        "series_number": series.about.number,
        "protocol": series.about.protocol,
        "sequence": series.about.sequence,
        "series_volume": "; ".join(f"{fact}={value}" for fact, value in series.differs) or None,
    }


def to_error_row(name: str, error: ScanError, model_id: str | None, classes: Iterable[Label] = LABELS) -> Row:
    """The row of a file without an answer: no class, the problem as reason.

    The status is ``error`` where it could not be read, ``not_answered`` where its kind is not answered.

    Args:
        name: for the column ``file``; the error may name one slice of it, or its whole path.
        error: why it could not be read.
        model_id: of the model that was to answer.
        classes: its own, in the order of `Rules.classes`.
    """
    return {
        **dict.fromkeys(slice_columns(classes)),
        "file": name,
        "status": NOT_ANSWERED if error.is_left_out else "error",
        "reason": error.message,
        "model_id": model_id,
        "version": package_version(),
        "reason_code": error.problem.value,
        "answer": error_headline(error),
    }


def to_answered_row(
    outcome: SliceOutcome, model_id: str | None, series: str | None = None, classes: Iterable[Label] = LABELS
) -> Row:
    """The row of one slice of `classify_many`, read or not.

    Args:
        model_id: what stands in the row of a slice that could not be read.
        series: name of the series it belongs to.
        classes: of that model, in the order of `Rules.classes`.
    """
    slice_ = outcome.slice
    if outcome.result:
        return to_row(outcome.result, series=series, position_mm=slice_.position_mm)
    assert outcome.error  # noqa: S101 - there is one where there is no result
    return to_error_row(slice_.file, outcome.error, model_id, classes) | {
        "slice": slice_.number,
        "series": series,
        "position_mm": slice_.position_mm,
        "elapsed_s": outcome.elapsed_s,
    }


def to_rows(
    answers: Iterable[SliceOutcome | Result], model_id: str | None = None, classes: Iterable[Label] = LABELS
) -> Iterator[Row]:
    """Rows of answers, one by one, in their order.

    Args:
        model_id: what stands in the rows of slices that could not be read.
        classes: of that model, `card.rules.classes`.
    """
    for answer in answers:
        yield to_row(answer) if isinstance(answer, Result) else to_answered_row(answer, model_id, classes=classes)


def escape_names(row: Row) -> Row:
    """The row with escapes in place of whatever could steer a terminal or hide text, as CSV has them too."""
    return {column: to_printable(value) if isinstance(value, str) else value for column, value in row.items()}
