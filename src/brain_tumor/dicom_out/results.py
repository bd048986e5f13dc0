"""One series' answer -> its DICOM objects: the table of contents of this package."""

import io
import logging
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from brain_tumor.dicom_out.findings import SeriesFindings
from brain_tumor.errors import ScanError
from brain_tumor.extras import require_extra
from brain_tumor.model.card import Card
from brain_tumor.problems import Problem

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def to_dicom_results(
    findings: SeriesFindings, card: Card, *, with_heat_map: bool = False, part: int = 1
) -> "list[Dataset]":
    """Structured report and secondary capture of one series or image, in the study of its images.

    Identifiers derive from the images' series, their orientation and the network alone, so what a later run makes
    takes the place of what an earlier one made. Dates and times apart, equal answers give equal objects. The first
    image's file is read again for patient and study.

    Args:
        findings: of `to_findings`, or of a `FindingsDraft` that was filled slice by slice.
        card: of the model that answered.
        with_heat_map: also make a segmentation that holds the location map; None is made without a located tumor.
        part: counted from 1, where a series' images are answered in several parts of the same orientation.

    Returns:
        Report first, then, where there is something to show, capture and heat map. Empty where an object cannot refer
        to the images: no DICOM files, or without valid identifiers of study, series, instance and class.

    Raises:
        MissingExtraError: highdicom is not installed.
        ScanError: an image's file cannot be read any more, or holds values that no object can take over.
    """
    require_dicom_library()
    from brain_tumor.dicom_out.identity import Producer, derive_uid
    from brain_tumor.dicom_out.secondary_capture import make_capture
    from brain_tumor.dicom_out.segmentation import make_heat_map
    from brain_tumor.dicom_out.source import Source, add_patient_and_study, read_source
    from brain_tumor.dicom_out.structured_report import make_report
    from brain_tumor.input.dicom_file import as_scan_error

    producer = Producer.of(card)

    def uids(kind: str, source: Source) -> tuple[str, str]:
        """Of a kind's series and object."""
        common = (kind, source.series_uid, producer.model_sha256)
        return derive_uid("series", *common), derive_uid("object", *common, *source.stack, str(part))

    # highdicom logs, and warns of, values that may be a patient's.
    logging.getLogger("highdicom").addHandler(logging.NullHandler())
    logging.getLogger("highdicom").propagate = False
    warnings.filterwarnings("ignore", module=r"highdicom(\.|$)")
    with as_scan_error(findings.series.name, Problem.BAD_HEADER):
        source = read_source([slice_.slice for slice_ in findings.slices])
        if source is None:
            return []
        results = [make_report(findings, source, producer, uids("SR", source))]
        if capture := make_capture(findings, source, producer, uids("SC", source)):
            results.append(capture)
        if with_heat_map:
            # One that cannot be made, of images in an odd geometry perhaps, must not cost the report.
            with suppress(ScanError), as_scan_error(findings.series.name, Problem.BAD_HEADER):
                results += filter(None, [make_heat_map(findings, source, producer, uids("SEG", source))])
        for dataset in results:
            add_patient_and_study(dataset, source.header)
    return results


def to_file_content(result: "Dataset") -> bytes:
    """An object as a whole DICOM file."""
    content = io.BytesIO()
    result.save_as(content, enforce_file_format=True)
    return content.getvalue()


def require_dicom_library() -> None:
    """Check that objects can be made.

    Raises:
        MissingExtraError: highdicom is not installed.
    """
    require_extra("a DICOM result", "dicom-out", "highdicom")
