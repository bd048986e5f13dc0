"""Classify brain MRI slices with one light model file. For research and education, never for diagnosis."""

from brain_tumor.classifier import Classifier, Result, SeriesOutcome, SliceOutcome, load_classifier
from brain_tumor.decision.location import Location
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesReason, SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import BrainTumorError, MissingExtraError, ModelFileError, ScanError
from brain_tumor.input.files import open_paths
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice, WindowMode
from brain_tumor.labels import Label
from brain_tumor.problems import Problem
from brain_tumor.tables.dataframe import to_dataframe
from brain_tumor.tables.rows import to_rows
from brain_tumor.version import package_version


def __getattr__(name: str) -> str:
    if name == "__version__":  # reads the installed files, so only when asked
        return package_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Their former names, for one release.
Answered = SliceOutcome
Window = WindowMode

__all__ = [
    "BrainTumorError",
    "Classifier",
    "Label",
    "Location",
    "MissingExtraError",
    "ModelFileError",
    "Plane",
    "Problem",
    "ReadOptions",
    "Reason",
    "Result",
    "Scan",
    "ScanError",
    "Series",
    "SeriesOutcome",
    "SeriesReason",
    "SeriesVerdict",
    "Slice",
    "SliceOutcome",
    "Status",
    "Verdict",
    "WindowMode",
    "load_classifier",
    "open_paths",
    "to_dataframe",
    "to_rows",
]
