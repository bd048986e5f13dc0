"""Findings -> the location maps as a fractional segmentation, which viewers can lay over the images."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from highdicom import (
    AlgorithmIdentificationSequence,
    PixelMeasuresSequence,
    PlaneOrientationSequence,
    PlanePositionSequence,
)
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from brain_tumor.dicom_out import codes as terms
from brain_tumor.dicom_out.findings import SeriesFindings, SliceFindings
from brain_tumor.dicom_out.identity import NAME, Producer, derive_uid, object_attributes
from brain_tumor.dicom_out.source import Source, read_slice_header, without_patient
from brain_tumor.input.dicom_frames import Frames
from brain_tumor.presentation.overlay import stretch_heat

SERIES_NUMBER = 9903
# Maps at the images' size, at four bytes a pixel; of a series with more, the most suspicious slices are kept.
MAX_BYTES = 256 * 2**20
# More than the slices of half a millimetre that a head has; a frame takes a twentieth of a second.
MAX_FRAMES = 512
# What a segmentation takes over from an image of one frame; a whole header takes 200 KB of memory.
_NEEDED = (
    "SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID PositionReferenceIndicator "
    "Modality Rows Columns ImageOrientationPatient ImagePositionPatient PixelSpacing SliceThickness"
).split()
# CID 7150 of DICOM PS3.16; a category of tissue would say that there is some.
_CATEGORY = Code("309825002", "SCT", "Spatial and Relational Concept")


def make_heat_map(
    findings: SeriesFindings, source: Source, producer: Producer, uids: tuple[str, str]
) -> Dataset | None:
    """The location maps of all slices in which a tumor was located; reads their files again.

    Args:
        findings: whose maps are meant.
        source: the images that it refers to.
        producer: who says it.
        uids: of the segmentation's series and of the segmentation itself.

    Returns:
        None where no tumor was located, or the images do not say where they lie.

    Raises:
        ScanError: an image's file cannot be read any more.
    """
    if "FrameOfReferenceUID" not in source.header:
        return None
    headers: dict[str, Dataset] = {}
    gap_mm = _find_gap_mm(findings)
    placed: dict[tuple[float, ...], tuple[SliceFindings, _Plane]] = {}
    for item in _choose(findings):
        if _file(item) not in headers:
            headers[_file(item)] = _slim(read_slice_header(item.slice), gap_mm)
        if plane := _to_plane(item, headers[_file(item)]):
            placed.setdefault(plane.at_mm, (item, plane))  # of images at one place, the most suspicious
    if not placed:
        return None
    chosen, planes = zip(*placed.values(), strict=True)
    files = {_file(item) for item in chosen}
    maps = np.stack(
        [
            item.view.undo(stretch_heat(item.heat, item.region, *item.size_px))
            for item in chosen
            if item.heat is not None
        ]
    )
    return Segmentation(
        [without_patient(header) for uid, header in headers.items() if uid in files],
        np.clip(maps, 0, 1),
        "FRACTIONAL",
        [_describe(producer, uids[1])],
        series_number=SERIES_NUMBER,
        **object_attributes(producer, uids),
        fractional_type="PROBABILITY",
        content_label="HEAT_MAP",
        content_description=f"{terms.LOCATION_MAP.meaning}. RESEARCH ONLY"[:64],
        pixel_measures=planes[0].measures,
        plane_orientation=planes[0].orientation,
        plane_positions=[plane.position for plane in planes],
        omit_empty_frames=False,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """Where a map lies."""

    at_mm: tuple[float, ...]
    measures: PixelMeasuresSequence
    orientation: PlaneOrientationSequence
    position: PlanePositionSequence


def _choose(findings: SeriesFindings) -> list[SliceFindings]:
    """Slices of one size with a located tumor, as many as there is room for, the most suspicious first."""
    found = [slice_ for slice_ in findings.slices if slice_.heat is not None]
    found = [item for item in found if (item.size_px, item.view) == (found[0].size_px, found[0].view)]
    if not found:
        return []
    rows, columns = found[0].size_px
    most = min(MAX_FRAMES, max(1, MAX_BYTES // (4 * rows * columns)))
    return sorted(found, key=lambda item: -item.suspicion)[:most]  # as SeriesVerdict.order


def _slim(header: Dataset, gap_mm: float | None) -> Dataset:
    """An image's header without what a segmentation does not need, for series have hundreds of them."""
    if "NumberOfFrames" in header:
        return header  # its frames are described in sequences; there is one such file
    slim = Dataset()
    for keyword in _NEEDED:
        if keyword in header:
            slim.add(header[keyword])
    # Scanners may leave it empty, and a segmentation must have it: slices fill what is between them then.
    if not slim.get("SliceThickness"):
        slim.SliceThickness = gap_mm
    return slim


def _file(findings: SliceFindings) -> str:
    assert findings.slice.dicom is not None  # noqa: S101 - read_source has looked
    return str(findings.slice.dicom.sop_instance_uid)


def _find_gap_mm(findings: SeriesFindings) -> float | None:
    """Between neighbouring slices; None where there are no two positions."""
    positions_mm = sorted({item.slice.position_mm for item in findings.slices if item.slice.position_mm is not None})
    return min((upper - lower for lower, upper in pairwise(positions_mm)), default=None)


def _to_plane(findings: SliceFindings, header: Dataset) -> _Plane | None:
    frames, index = Frames(header), (findings.slice.number or 1) - 1
    plane, spacing_mm = frames.plane(index), frames.spacing_mm(index)
    thickness_mm = frames.thickness_mm(index)
    if plane.orientation is None or plane.position is None or spacing_mm is None or thickness_mm is None:
        return None
    return _Plane(
        plane.position,
        PixelMeasuresSequence(spacing_mm, thickness_mm),
        PlaneOrientationSequence("PATIENT", plane.orientation),
        PlanePositionSequence("PATIENT", plane.position),
    )


def _describe(producer: Producer, document_uid: str) -> SegmentDescription:
    return SegmentDescription(
        1,
        "Heat map of a location, research only",
        _CATEGORY,
        terms.LOCATION_MAP,
        "AUTOMATIC",
        AlgorithmIdentificationSequence(
            NAME, codes.DCM.ArtificialIntelligence, producer.version, parameters={"model": producer.model_id}
        ),
        tracking_uid=derive_uid("tracking", document_uid, "heat map"),
        tracking_id="Heat map",
    )
