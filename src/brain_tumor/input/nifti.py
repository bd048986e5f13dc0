"""NIfTI and Analyze headers, through nibabel: of one file, or of a header whose voxels lie in a file beside it."""

import contextlib
import math
import struct
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.volume_header import SPACINGS_MM, VolumeHeader, is_usable
from brain_tumor.problems import Problem

_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 and Analyze have 348
# nibabel's words for the unit of spacings; "unknown" is taken for mm, as everyone does.
_UNIT_MM = {"meter": 1000.0, "micron": 0.001}
# NIfTI-1's intent of a volume whose values name regions.
_INTENT_LABEL = 1002
# Headers round; a hundredth is nothing that a picture shows.
_SAME_SPACING = 0.01
# Of heads that were scanned or resampled; a pixdim beyond says nothing against an sform.
_VOXEL_MM = (0.01, 100.0)
# NIfTI-1's codes of an sform in the scanner's space, or aligned to another scan; the others are templates.
_OF_THE_SCAN = (1, 2)
_DATA_ENDINGS = (".img", ".IMG", ".img.gz")


def read_nifti_header(stream: BinaryIO, file: str) -> VolumeHeader:
    """What a NIfTI or Analyze header says.

    The orientation is that of sform, else of qform, else axes run left, anterior and superior, as nibabel takes them.
    Distances are those of pixdim where the two disagree: it holds the size of a voxel, while an sform may place the
    head in the space of a template. Source: nifti1.h, METHOD 2 and 3; FSL and ITK do so too. Three ones are what
    programs leave that fill in an sform alone: they count only beside a qform, or an sform of a template.

    Raises:
        ScanError: no such header, or one with unknown voxels.
    """
    header, names = _read(stream, file)
    sizes = [int(size) for size in header.get_data_shape()]
    if not sizes or min(sizes) < 1:
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=" x ".join(map(str, sizes)) or None)
    i, j, k, *more = sizes + [1] * (3 - len(sizes))
    try:
        dtype = header.get_data_dtype()
    except Exception:
        raise ScanError(file, Problem.BAD_VOXEL_TYPE, found=int(header["datatype"])) from None
    if names and "scl_slope" not in header.keys():  # noqa: SIM118 - nibabel's header is no mapping
        affine, volumes = _analyze_affine(header), math.prod(more)
        return VolumeHeader("Analyze", (i, j, k), dtype, affine, False, _offset(header), volumes, data_files=names)
    slope, intercept = _scaling(header)
    low, high = float(header["cal_min"]), float(header["cal_max"])
    return VolumeHeader(
        "NIfTI",
        (i, j, k),
        dtype,
        *_affine(header),
        _offset(header),
        math.prod(more),
        slope=slope,
        intercept=intercept,
        window=(low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None,
        data_files=names,
        is_label_map=int(header["intent_code"]) == _INTENT_LABEL,
    )


def closest_orientation(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each stored axis, (3, 2): the world axis that is closest to it, and 1 or -1 for its direction."""
    orientation: NDArray[np.float64] = _nibabel().io_orientation(affine)
    return orientation


def to_header_name(name: str) -> str | None:
    """The header that belongs to the voxels of a volume in two files, by their name; None for another name."""
    for ending in _DATA_ENDINGS:
        if name.endswith(ending):
            return f"{PurePath(name).name.removesuffix(ending)}.hdr"
    return None


def _nibabel() -> Any:  # most of it comes without type information
    import nibabel  # takes half a second, and most runs read no volume

    return nibabel


def _read(stream: BinaryIO, file: str) -> tuple[Any, tuple[str, ...]]:
    """The header, and the names that the file with the voxels may have; none where they are in this one."""
    head = stream.read(_HEADER_BYTES)
    magic1, magic2 = head[344:348], head[4:8]
    nibabel = _nibabel()
    beside = _data_names(file)
    for magic, announced, kind, names in (
        (b"n+1\x00", magic1, nibabel.Nifti1Header, ()),
        (b"n+2\x00", magic2, nibabel.Nifti2Header, ()),
        (b"ni1\x00", magic1, nibabel.nifti1.Nifti1PairHeader, beside),
        (b"ni2\x00", magic2, nibabel.nifti2.Nifti2PairHeader, beside),
    ):
        if magic == announced and len(head) >= kind.sizeof_hdr:
            return kind(head[: kind.sizeof_hdr], check=False), names
    size = nibabel.AnalyzeHeader.sizeof_hdr
    if len(head) >= size and size in (struct.unpack_from(f"{order}i", head)[0] for order in "<>"):
        return nibabel.AnalyzeHeader(head[:size], check=False), beside
    raise ScanError(file, Problem.NO_VOLUME)


def _data_names(file: str) -> tuple[str, ...]:
    name = PurePath(file).name
    for ending in (".gz", ".hdr", ".HDR", ".img", ".IMG"):
        name = name.removesuffix(ending)
    return tuple(f"{name}{ending}" for ending in _DATA_ENDINGS)


def _offset(header: Any) -> int:
    stored = float(header["vox_offset"])
    # Voxels in a file of their own begin at its start; in the same file they cannot begin in the header.
    is_single = bool(getattr(header, "is_single", False))
    least, usual = (header.sizeof_hdr, header.single_vox_offset) if is_single else (0, 0)
    return int(stored) if math.isfinite(stored) and stored >= least else int(usual)


def _analyze_affine(header: Any) -> NDArray[np.float64]:
    """Nothing is known of the orientation: as nibabel, the first axis is taken to run to the patient's left."""
    low, high = SPACINGS_MM
    spacings = [float(spacing) if low < spacing < high else 1.0 for spacing in np.abs(header["pixdim"][1:4])]
    return np.diag([-spacings[0], spacings[1], spacings[2], 1.0])


def _affine(header: Any) -> tuple[NDArray[np.float64], bool]:
    """The affine, and whether the header states where the volume lies."""
    stated = np.abs(np.asarray(header["pixdim"][1:4], np.float64)) * _unit_mm(header)
    *placed, guessed = _affines(header)
    affine = next((affine for affine in placed if is_usable(affine)), None)
    if affine is None:
        return guessed, False
    found = np.linalg.norm(affine[:3, :3], axis=0)
    low, high = _VOXEL_MM
    if _is_placeholder(header):
        return affine, True
    if ((stated > low) & (stated < high)).all() and (np.abs(stated / found - 1) > _SAME_SPACING).any():
        affine[:3, :3] *= stated / found
    return affine, True


def _is_placeholder(header: Any) -> bool:
    is_of_the_scan = int(header["sform_code"]) in _OF_THE_SCAN and int(header["qform_code"]) == 0
    return is_of_the_scan and bool((np.abs(header["pixdim"][1:4]) == 1).all())


def _unit_mm(header: Any) -> float:
    try:
        return _UNIT_MM.get(header.get_xyzt_units()[0], 1.0)
    except KeyError:
        return 1.0


def _scaling(header: Any) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return 1.0, 0.0  # a slope of 0 means no scaling; NIfTI-1, section "data scaling"
    return slope, intercept


def _affines(header: Any) -> Iterator[NDArray[np.float64]]:
    """What the header says about the voxels' position, the best first, in mm; the last one is always usable."""
    unit = _unit_mm(header)
    to_mm = np.diag([unit, unit, unit, 1.0])
    if header["sform_code"] != 0:
        yield to_mm @ header.get_sform()
    spacings = header["pixdim"]
    if spacings[0] not in (-1, 1):
        spacings[0] = 1  # NIfTI-1: "if it is 0, take 1"
    spacings[1:4] = np.abs(spacings[1:4])
    if header["qform_code"] != 0:
        with contextlib.suppress(Exception):  # a damaged quaternion
            yield to_mm @ header.get_qform()
    low, high = SPACINGS_MM
    for axis in (1, 2, 3):
        if not low < spacings[axis] * unit < high:
            spacings[axis] = 1 / unit
    yield to_mm @ header.get_base_affine()
