"""Answers as a pandas table."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.extras import require_extra
from brain_tumor.labels import LABELS, Label
from brain_tumor.tables.rows import NUMBER_COLUMNS, TEXT_COLUMNS, escape_names, slice_columns, to_rows

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


def to_dataframe(
    answers: Iterable[SliceOutcome | Result], model_id: str | None = None, classes: Iterable[Label] = LABELS
) -> "pd.DataFrame":
    """A table with one row per answer and the columns of `brain-tumor predict`, in their order.

    Text columns have the type ``string``, the slice's number ``Int64``, all else ``float64``; what is absent is
    missing. Of the answers only their rows are kept.

    Args:
        answers: results, or what `classify_many` gives.
        model_id: what stands in the rows of slices that could not be read.
        classes: of that model, `card.rules.classes`.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    require_extra("to_dataframe", "pandas", "pandas")
    import pandas as pd  # half a second to import, and an extra

    types = {
        column: "string" if column in TEXT_COLUMNS else "Int64" if column in NUMBER_COLUMNS else "float64"
        for column in slice_columns(classes)
    }
    rows = [escape_names(row) for row in to_rows(answers, model_id, classes)]
    return pd.DataFrame(rows, columns=list(types)).astype(types)
