"""DICOM's identifiers in tables, where they are asked for: they name a study of a person as surely as a number does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brain_tumor.decision.verdict import Status
from brain_tumor.input.series import Series, Slice
from brain_tumor.labels import Label
from brain_tumor.presentation.wording import NOT_ANSWERED
from brain_tumor.version import package_version

SERIES_IDS = ("study_uid", "series_uid")
SLICE_IDS = (
    *SERIES_IDS,
    "sop_instance_uid",
    "frame",  # counted from 1; empty for a file of one frame
)
_STATUS_COLUMNS = {
    Status.CLASSIFIED.value: "classified",
    Status.UNCERTAIN.value: "uncertain",
    Status.NOT_A_BRAIN_MRI.value: "not_analysed",
    NOT_ANSWERED: NOT_ANSWERED,
    "error": "not_read",
}

_Cells = dict[str, str | float | None]


def study_columns(classes: Iterable[Label]) -> tuple[str, ...]:
    """The columns of a table of studies; a class has the number of answers ``answers_`` and its name.

    Args:
        classes: of the model, in the order of `Rules.classes`.
    """
    counts = *_STATUS_COLUMNS.values(), *(f"answers_{label.slug}" for label in classes)
    return "study_uid", "answers", *counts, "slices", "analysed", "model_id", "version"


def slice_ids(slice_: Slice) -> _Cells:
    """The columns of a slice; None where its file has no such identifier."""
    if slice_.dicom is None:
        return dict.fromkeys(SLICE_IDS)
    found = slice_.dicom.study_uid, slice_.dicom.series_uid, slice_.dicom.sop_instance_uid, slice_.dicom.frame
    return dict(zip(SLICE_IDS, found, strict=True))


def series_ids(series: Series) -> _Cells:
    """The columns of a series; None where its slices do not share an identifier."""
    found = [slice_ids(slice_) for slice_ in series.slices]
    return {name: found[0][name] if len({ids[name] for ids in found}) == 1 else None for name in SERIES_IDS}


def add_study_row(row: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add the counts of another part of the same study, which another process answered.

    Args:
        row: of `StudyCounts.rows`; changed.
        other: likewise.
    """
    row.update({name: count + other[name] for name, count in row.items() if isinstance(count, int)})


class StudyCounts:
    """Counts the answers of every study: of its series, and of its images that stand alone.

    There is no answer for a whole study: nobody has measured a rule for one. What is held grows by a few numbers a
    study, for its series may lie anywhere among the files.
    """

    def __init__(self, classes: Iterable[Label], model_id: str) -> None:
        """Nothing is counted yet.

        Args:
            classes: of the model, in the order of `Rules.classes`.
            model_id: of the model.
        """
        self._classes, self._model_id = tuple(classes), model_id
        self._counts: dict[str, Counter[str]] = {}

    def add(self, series: Series, status: str, label: str | None, analysed: int) -> None:
        """Count an answer; of images that are no DICOM, nothing is counted.

        Args:
            series: that was answered, or an image that stands alone.
            status: of the answer, as its row has it.
            label: the class it names.
            analysed: how many of the slices were.
        """
        study = series_ids(series)["study_uid"]
        if study is None:
            return
        counts = self._counts.setdefault(str(study), Counter())
        counts.update({"answers": 1, _STATUS_COLUMNS[status]: 1, "slices": len(series.slices), "analysed": analysed})
        if status == Status.CLASSIFIED.value:
            counts.update(f"answers_{item.slug}" for item in self._classes if item == label)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One a study, in the order in which they were met."""
        columns = study_columns(self._classes)[1:-2]
        for study, counts in self._counts.items():
            numbers = {column: counts[column] for column in columns}
            yield {"study_uid": study, **numbers, "model_id": self._model_id, "version": package_version()}
