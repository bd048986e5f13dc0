"""Findings -> a secondary capture of the slice that is looked at first, for viewers that show no reports."""

import re
from collections.abc import Iterator

from highdicom.sc import SCImage
from pydicom.dataset import Dataset

from brain_tumor.dicom_out.findings import SeriesFindings, SliceFindings
from brain_tumor.dicom_out.identity import NAME, Producer, object_attributes
from brain_tumor.dicom_out.source import Source
from brain_tumor.input.scan import Sides
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.key_picture import render_key_picture
from brain_tumor.presentation.series_words import describe_series_reason
from brain_tumor.presentation.wording import (
    MAP_EXPLANATIONS,
    NOTICE,
    describe_reason,
    format_percent,
    headline,
    to_sentence,
)

SERIES_NUMBER = 9902
# Source: DICOM PS3.5, 6.2.
_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")


def make_capture(findings: SeriesFindings, source: Source, producer: Producer, uids: tuple[str, str]) -> Dataset | None:
    """The picture of one series or image; None where no slice could be read.

    Args:
        findings: what it shows.
        source: the images that it refers to.
        producer: who says it.
        uids: of the picture's series and of the picture itself.
    """
    if findings.key is None or findings.picture is None:
        return None
    shown = findings.slices[findings.key]
    pixels = render_key_picture(
        findings.picture,
        f"RESEARCH USE ONLY. {NOTICE}",
        headline(findings.verdict or shown.verdict),
        list(_lines(findings, shown, producer)),
    )
    patient = source.evidence()[0]
    capture = SCImage.from_ref_dataset(
        patient,
        pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_number=SERIES_NUMBER,
        **object_attributes(producer, uids),
        patient_orientation=("L", "P"),  # one that highdicom takes
        transfer_syntax_uid="1.2.840.10008.1.2.1",
    )
    capture.PatientOrientation = _directions(findings.sides)
    body_part = str(source.header.get("BodyPartExamined") or "")
    if _CODE_STRING.fullmatch(body_part):
        capture.BodyPartExamined = body_part
    else:
        capture.Laterality = ""  # the standard's way to say that nobody knows
    capture.BurnedInAnnotation = "YES"
    capture.ImageComments = NOTICE
    capture.DerivationDescription = f"Slice {shown.number} with the location map and the answer of {NAME}"
    capture.SourceImageSequence = [_reference(shown)]
    return capture


def _lines(findings: SeriesFindings, shown: SliceFindings, producer: Producer) -> Iterator[str]:
    if findings.verdict is not None:
        yield to_sentence(describe_series_reason(findings.verdict))
        answer = f"Slice {shown.number} of {findings.verdict.slices}: {headline(shown.verdict)}"
    else:
        answer = headline(shown.verdict)
    if shown.confidence is not None:
        answer += f" {format_percent(shown.confidence)}"
    yield answer
    if shown.verdict and (reason := describe_reason(shown.verdict)):
        yield to_sentence(reason)
    if findings.map_state:
        yield findings.map_state
    if shown.heat is not None:
        yield MAP_EXPLANATIONS[MapKind.LOCATION]
    yield f"{NAME} {producer.version}, model {producer.model_id}"


def _directions(sides: Sides | None) -> list[str]:
    """Where rows and columns of the picture point to; DICOM calls superior head and inferior foot."""
    if sides is None:
        return []
    return [letters.translate(str.maketrans("SI", "HF")) for letters in (sides.right, sides.bottom)]


def _reference(shown: SliceFindings) -> Dataset:
    reference = shown.slice.dicom
    assert reference is not None  # noqa: S101 - read_source has looked
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if reference.frame is not None:
        item.ReferencedFrameNumber = reference.frame
    return item
