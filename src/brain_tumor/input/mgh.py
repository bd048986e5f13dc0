"""FreeSurfer's volumes, ``.mgh`` and ``.mgz``, through nibabel."""

from typing import Any, BinaryIO

import numpy as np

from brain_tumor.errors import ScanError
from brain_tumor.input.volume_header import VolumeHeader, to_affine
from brain_tumor.problems import Problem

_VOXELS_AT = 284
_TYPES = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2", 10: ">u2"}
# Columns: to the left, down, to the front. FreeSurfer takes such coronal slices of 1 mm where the file gives no place.
_WITHOUT_A_PLACE = np.array([[-1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def read_mgh_header(stream: BinaryIO, file: str) -> VolumeHeader:
    """The header; source: surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat.

    Raises:
        ScanError: it is cut off, or its type of voxels is unknown.
    """
    from nibabel.freesurfer import mghformat  # nibabel takes half a second, and most runs read no volume

    head = stream.read(_VOXELS_AT)
    if len(head) < _VOXELS_AT:
        raise ScanError(file, Problem.MISSING_VOXELS, found=0, announced=1)
    library: Any = mghformat
    header = library.MGHHeader(head, check=False)
    if (kind := int(header["type"])) not in _TYPES:
        raise ScanError(file, Problem.BAD_VOXEL_TYPE, found=kind)
    i, j, k, volumes = (int(size) for size in header["dims"])
    # nibabel puts in a default for directions and forgets that it did; it is the transpose of FreeSurfer's, feet up.
    states_place = int.from_bytes(head[28:30], "big") == 1
    stated = np.asarray(header["Mdc"], np.float64).T * np.asarray(header["delta"], np.float64)
    directions = stated if states_place else _WITHOUT_A_PLACE
    centre = directions @ (np.array([i, j, k]) / 2)
    affine, is_usable = to_affine(directions, np.asarray(header["Pxyz_c"], np.float64) - centre)
    is_placed = is_usable and states_place
    return VolumeHeader("MGH", (i, j, k), np.dtype(_TYPES[kind]), affine, is_placed, offset=_VOXELS_AT, volumes=volumes)
