"""One row per file for CSV and JSON. Columns keep their order; new ones are appended."""

from brain_tumor.classifier import Result
from brain_tumor.labels import Label

COLUMNS = (
    "file",
    "status",
    "class",
    "confidence",
    *(f"p_{label.slug}" for label in Label),
    "reason",
    "model_id",
)

Row = dict[str, str | float | None]


def to_row(result: Result) -> Row:
    """The row of an answered file; confidence is None when the image was not analysed."""
    return {
        "file": result.name,
        "status": result.verdict.status.value,
        "class": result.verdict.label.value,
        "confidence": result.confidence,
        **{f"p_{label.slug}": value for label, value in result.probabilities.items()},
        "reason": result.verdict.reason,
        "model_id": result.model_id,
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
