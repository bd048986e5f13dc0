"""DICOM objects of drawn series, made through the real reader and rules and read back with pydicom."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from brain_tumor.decision.series import decide_series
from brain_tumor.dicom_out.findings import FindingsDraft, SeriesFindings
from brain_tumor.dicom_out.results import to_dicom_results
from brain_tumor.input.files import open_paths
from tests.scripted import CARD, ScriptedClassifier

SR, SC = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.7"
HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))
BLANK = np.zeros_like(HEAD)


def find(paths: Sequence[Path], **answers: Any) -> list[SeriesFindings]:
    """What a scripted classifier finds in the series of some files."""
    found = []
    for series in open_paths(map(str, paths)):
        draft, findings = FindingsDraft(), []
        for item in ScriptedClassifier(**answers).classify_many(series.slices):
            draft.add(item)
            findings.append(item.result.to_finding(item.slice.position_mm) if item.result else None)
        found.append(draft.finish(series, decide_series(findings) if series.is_stack else None))
    return found


def make(paths: Sequence[Path], with_heat_map: bool = False, **answers: Any) -> list[Dataset]:
    """The objects of one series, written and read back."""
    (findings,) = find(paths, **answers)
    return [read_back(result) for result in to_dicom_results(findings, CARD, with_heat_map=with_heat_map)]


def read_back(dataset: Dataset) -> Dataset:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    return pydicom.dcmread(stream)


def items(item: Dataset) -> Iterator[Dataset]:
    """Every content item of a report, in its order."""
    for child in item.get("ContentSequence", []):
        yield child
        yield from items(child)


def groups(report: Dataset) -> dict[str, Dataset]:
    """Measurement groups by their tracking identifier."""
    named = {}
    for item in items(report):
        if name_of(item) == "Measurement Group":
            (identifier,) = (
                entry.TextValue for entry in item.ContentSequence if name_of(entry) == "Tracking Identifier"
            )
            named[identifier] = item
    return named


def name_of(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning) if "ConceptNameCodeSequence" in item else ""


def codes(group: Dataset) -> dict[str, tuple[str, str]]:
    """Scheme and value of a group's coded answers, by the name's code."""
    return {
        str(item.ConceptNameCodeSequence[0].CodeValue): (
            str(item.ConceptCodeSequence[0].CodingSchemeDesignator),
            str(item.ConceptCodeSequence[0].get("CodeValue") or item.ConceptCodeSequence[0].LongCodeValue),
        )
        for item in group.ContentSequence
        if item.ValueType == "CODE" and item.RelationshipType == "CONTAINS"
    }


def numbers(group: Dataset) -> dict[str, float]:
    return {
        str(item.ConceptNameCodeSequence[0].CodeValue): float(item.MeasuredValueSequence[0].NumericValue)
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    }
