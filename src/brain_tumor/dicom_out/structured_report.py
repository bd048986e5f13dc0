"""Findings -> a measurement report, TID 1500 of DICOM PS3.16, as a Comprehensive SR."""

from collections.abc import Iterator, Sequence

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    GraphicTypeValues,
    ImageContentItem,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from brain_tumor.decision.outline import Point, find_outline
from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.dicom_out import codes as terms
from brain_tumor.dicom_out.findings import SeriesFindings, SliceFindings
from brain_tumor.dicom_out.identity import MANUFACTURER, NAME, Producer, derive_uid, object_attributes
from brain_tumor.dicom_out.source import Source
from brain_tumor.input.series import DicomReference
from brain_tumor.labels import Label, class_without_finding
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.series_words import describe_series_reason
from brain_tumor.presentation.wording import (
    MAP_EXPLANATIONS,
    NOTICE,
    describe_reason,
    headline,
    reason_words,
    to_sentence,
)

_MODALITIES = {"MR": codes.cid29.MagneticResonance, "CT": codes.cid29.ComputedTomography}
_NO_DIAGNOSIS = (
    "A class is the output of an algorithm that knows a few classes, and no diagnosis; "
    "{no_finding} does not state that a disease is absent."
)


def make_report(findings: SeriesFindings, source: Source, producer: Producer, uids: tuple[str, str]) -> Dataset:
    """The report of one series or image.

    Args:
        findings: what it says.
        source: the images that it refers to.
        producer: who says it.
        uids: of the report's series and of the report itself.
    """
    groups: list[_Group] = []
    if findings.verdict is not None:
        groups.append(_series_group(findings.verdict, producer, uids[1]))
    for slice_findings in findings.key_slices:
        groups += _slice_groups(slice_findings, producer, uids[1])
    report = MeasurementReport(
        ObservationContext(observer_person_context=None, observer_device_context=_observer(producer)),
        codes.SCT.ImagingProcedure,
        groups,
    )
    # Before the measurements, where TID 1500 has it. highdicom's own wants geometry that many images lack.
    report[0].ContentSequence.insert(len(report[0].ContentSequence) - 1, _image_library(source))
    return ComprehensiveSR(
        evidence=source.evidence(),
        content=report,
        series_number=SERIES_NUMBER,
        **object_attributes(producer, uids),
        coding_schemes=[terms.own_scheme()],
        is_complete=True,
    )


# High, so that viewers list it behind the scanner's own.
SERIES_NUMBER = 9901
_Group = MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations


def _observer(producer: Producer) -> ObserverContext:
    return ObserverContext(
        codes.DCM.Device,
        DeviceObserverIdentifyingAttributes(
            producer.device_uid,
            name=NAME,
            manufacturer_name=MANUFACTURER,
            model_name=producer.model_id,
            serial_number=producer.serial_number,
        ),
    )


def _algorithm(producer: Producer) -> AlgorithmIdentification:
    return AlgorithmIdentification(
        NAME,
        producer.version,
        parameters=[f"model {producer.model_id}", f"model SHA-256 {producer.model_sha256}"],
        family=codes.DCM.ArtificialIntelligence,
        manufacturer=MANUFACTURER,
    )


def _image_library(source: Source) -> ContainerContentItem:
    group = ContainerContentItem(codes.DCM.ImageLibraryGroup, relationship_type=RelationshipTypeValues.CONTAINS)
    group.ContentSequence = ContentSequence()
    if modality := _MODALITIES.get(str(source.header.get("Modality"))):
        group.ContentSequence.append(
            CodeContentItem(codes.DCM.Modality, modality, relationship_type=RelationshipTypeValues.HAS_ACQ_CONTEXT)
        )
    files = {slice_.dicom.sop_instance_uid: slice_.dicom for slice_ in source.slices if slice_.dicom}
    for reference in files.values():
        group.ContentSequence.append(
            ImageContentItem(
                Code("260753009", "SCT", "Source"),
                str(reference.sop_class_uid),
                str(reference.sop_instance_uid),
                relationship_type=RelationshipTypeValues.CONTAINS,
            )
        )
    library = ContainerContentItem(codes.DCM.ImageLibrary, relationship_type=RelationshipTypeValues.CONTAINS)
    library.ContentSequence = ContentSequence([group])
    return library


def _series_group(verdict: SeriesVerdict, producer: Producer, document_uid: str) -> _Group:
    """The answer of the series; every image of the library is its source."""
    shares = (
        [_number(terms.share_code(label), share, codes.UCUM.Ratio) for label, share in verdict.shares.items()]
        if verdict.analysed
        else []
    )
    counts = [
        _number(terms.SLICES, verdict.slices, codes.UCUM.NoUnits),
        _number(terms.ANALYSED, verdict.analysed, codes.UCUM.NoUnits),
    ]
    reason = describe_series_reason(verdict)
    evaluations = [
        QualitativeEvaluation(terms.STATUS, terms.status_code(verdict.status)),
        QualitativeEvaluation(terms.REASON, terms.reason_code(verdict.reason, reason)),
    ]
    # An undecided series has no class, whatever stands in its verdict.
    if verdict.status is Status.CLASSIFIED:
        evaluations.append(QualitativeEvaluation(terms.OUTPUT_CLASS, terms.class_code(verdict.label)))
    return _comment(
        MeasurementsAndQualitativeEvaluations(
            _tracking("Series", document_uid, "series"),
            algorithm_id=_algorithm(producer),
            measurements=[*shares, *counts],
            qualitative_evaluations=evaluations,
        ),
        f"{headline(verdict)}. {to_sentence(reason)}",
        class_without_finding(verdict.shares),
    )


def _slice_groups(slice_findings: SliceFindings, producer: Producer, document_uid: str) -> Iterator[_Group]:
    """The answer of a slice, and the region where its location map shows a tumor."""
    verdict, reference = slice_findings.verdict, slice_findings.slice.dicom
    assert verdict is not None and reference is not None  # noqa: S101, PT018 - a key slice of DICOM
    name = f"Slice {slice_findings.number}"
    numbers = []
    if slice_findings.confidence is not None:
        numbers = [
            _number(terms.probability_code(label), value, codes.UCUM.Ratio)
            for label, value in slice_findings.probabilities.items()
        ]
    if slice_findings.gate_score is not None:
        numbers.append(_number(terms.GATE_SCORE, slice_findings.gate_score, codes.UCUM.NoUnits))
    yield _comment(
        MeasurementsAndQualitativeEvaluations(
            _tracking(name, document_uid, "slice", _key(reference)),
            algorithm_id=_algorithm(producer),
            measurements=numbers,
            qualitative_evaluations=list(_evaluations(verdict)),
            source_images=[SourceImageForMeasurementGroup(*_to_image(reference))],
        ),
        f"{headline(verdict)}. {to_sentence(describe_reason(verdict) or '').removeprefix('.')}".strip(),
        class_without_finding(slice_findings.probabilities),
    )
    if slice_findings.location is None or slice_findings.heat is None:
        return
    outline = _to_stored_px(find_outline(slice_findings.heat, slice_findings.region), slice_findings)
    yield _comment(
        PlanarROIMeasurementsAndQualitativeEvaluations(
            _tracking(f"{name} location", document_uid, "location", _key(reference)),
            referenced_region=ImageRegion(
                GraphicTypeValues.POLYLINE, outline, SourceImageForRegion(*_to_image(reference))
            ),
            finding_type=terms.LOCATION_REGION,
            algorithm_id=_algorithm(producer),
            measurements=[_number(terms.LOCATION_SCORE, slice_findings.location.score, codes.UCUM.Ratio)],
            qualitative_evaluations=[QualitativeEvaluation(terms.STATUS, terms.status_code(verdict.status))],
        ),
        MAP_EXPLANATIONS[MapKind.LOCATION],
        class_without_finding(slice_findings.probabilities),
    )


def _evaluations(verdict: Verdict) -> Iterator[QualitativeEvaluation]:
    yield QualitativeEvaluation(terms.STATUS, terms.status_code(verdict.status))
    if verdict.reason:
        words = reason_words(verdict.reason, verdict.found, verdict.subject)
        yield QualitativeEvaluation(terms.REASON, terms.reason_code(verdict.reason, words))
    if verdict.status is Status.CLASSIFIED:
        yield QualitativeEvaluation(terms.OUTPUT_CLASS, terms.class_code(verdict.label))
    elif verdict.status is Status.UNCERTAIN:
        yield QualitativeEvaluation(terms.LIKELIEST_CLASS, terms.class_code(verdict.label))


def _number(name: CodedConcept, value: float, unit: Code) -> Measurement:
    return Measurement(name, value, unit)


def _tracking(name: str, *parts: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid=derive_uid("tracking", *parts), identifier=name)


def _to_stored_px(outline: Sequence[Point], slice_findings: SliceFindings) -> NDArray[np.float64]:
    """Columns and rows in the image as the file stores it, from its upper left corner; outline: as it is shown."""
    rows, columns = slice_findings.size_px[::-1] if slice_findings.view.is_transposed else slice_findings.size_px
    return np.array([slice_findings.view.to_stored((x, y, x, y))[:2] for x, y in outline]) * (columns, rows)


def _key(reference: DicomReference) -> str:
    return f"{reference.sop_instance_uid} {reference.frame or ''}"


def _to_image(reference: DicomReference) -> tuple[str, str, list[int] | None]:
    frames = None if reference.frame is None else [reference.frame]
    return str(reference.sop_class_uid), str(reference.sop_instance_uid), frames


def _comment(group: _Group, answer: str, no_finding: Label) -> _Group:
    """The group with the answer in words and the notice: a viewer may show one group alone."""
    text = f"{answer} {NOTICE} {_NO_DIAGNOSIS.format(no_finding=no_finding)}"
    group[0].ContentSequence.append(
        TextContentItem(codes.DCM.Comment, text, relationship_type=RelationshipTypeValues.CONTAINS)
    )
    return group
