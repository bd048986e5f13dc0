"""One row per file for CSV and JSON. Columns keep their order; new ones are appended."""

from brain_tumor.classifier import Result
from brain_tumor.labels import Label

LOCATION_COLUMNS = ("location_x0", "location_y0", "location_x1", "location_y1", "location_score")
COLUMNS = (
    "file",
    "status",
    "class",
    "confidence",
    *(f"p_{label.slug}" for label in Label),
    "reason",
    "model_id",
    *LOCATION_COLUMNS,
)

Row = dict[str, str | float | None]


def to_row(result: Result) -> Row:
    """The row of an answered file; confidence is None when the image was not analysed.

    The location's edges are fractions of the image's width (x) and height (y); None where none was found.
    """
    location = result.location
    return {
        **dict.fromkeys(COLUMNS),
        "file": result.name,
        "status": result.verdict.status.value,
        "class": result.verdict.label.value,
        "confidence": result.confidence,
        **{f"p_{label.slug}": value for label, value in result.probabilities.items()},
        "reason": result.verdict.reason,
        "model_id": result.model_id,
        **({} if location is None else dict(zip(LOCATION_COLUMNS, (*location.box, location.score), strict=True))),
    }


def to_error_row(name: str, message: str, model_id: str) -> Row:
    """The row of a file that could not be read: status ``error``, no class, the message as reason.

    Messages begin with the file's name; the reason leaves it out, it has a column of its own.
    """
    return {
        **dict.fromkeys(COLUMNS),
        "file": name,
        "status": "error",
        "reason": message.removeprefix(f"{name}: "),
        "model_id": model_id,
    }
