"""Classify brain MRI slices with one light model file. For research and education, never for diagnosis."""

from brain_tumor.classifier import Classifier, Result, load_classifier
from brain_tumor.decision.location import Location
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import BrainTumorError, ModelFileError, ScanError
from brain_tumor.labels import Label

__all__ = [
    "BrainTumorError",
    "Classifier",
    "Label",
    "Location",
    "ModelFileError",
    "Result",
    "ScanError",
    "Status",
    "Verdict",
    "load_classifier",
]
