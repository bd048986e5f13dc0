"""What the header of a volume says, whatever its format: the value between the formats' readers and volume_file.py."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_VOLUME_BYTES
from brain_tumor.problems import Problem

# What Scan.file_format says of volumes, which can be cut along any plane.
VOLUME_FORMATS = frozenset({"NIfTI", "Analyze", "MGH", "NRRD", "MetaImage"})
# Between a nanometre and a kilometre; anything else is a damaged header.
SPACINGS_MM = (1e-6, 1e6)
# NRRD and MetaImage count towards left and posterior, as DICOM does; volumes here towards right and anterior.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Voxels that are colours, each with what volume.py calls them.
RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
RGBA = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])


class Packing(Enum):
    """How the voxels are compressed, apart from the whole file."""

    NONE = auto()
    DEFLATE = auto()  # with the frame of gzip or of zlib


@dataclass(frozen=True, slots=True, eq=False)
class VolumeHeader:
    """Where the voxels are, what they are, and where they lie in the patient."""

    file_format: str
    shape: tuple[int, int, int]  # of one volume, as stored, the first axis fastest
    dtype: np.dtype[Any]  # of a voxel; a structure with the fields R, G and B where it is a colour
    affine: NDArray[np.float64]  # (4, 4), voxel indices -> mm towards right, anterior, superior
    is_placed: bool  # whether the file says so; False: the directions are a guess
    offset: int = 0  # of the first voxel, bytes
    volumes: int = 1
    is_interleaved: bool = False  # the values of all volumes at one voxel follow each other
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None  # that the file asks for
    data_files: tuple[
        str, ...
    ] = ()  # names of the file beside it that may hold the voxels, the first one that is there
    packing: Packing = Packing.NONE
    from_end: bool = False  # the voxels are the last bytes of the file
    is_label_map: bool = False  # by what the header says

    @property
    def volume_bytes(self) -> int:
        """Bytes of one volume; of all of them where they are interleaved."""
        i, j, k = self.shape
        return i * j * k * self.dtype.itemsize * (self.volumes if self.is_interleaved else 1)


def check_layout(header: VolumeHeader, file: str) -> None:
    """Refuse what is too large or holds no grey values, before any voxel is read.

    Raises:
        ScanError: dimensions below 1, more than MAX_VOLUME_BYTES, or voxels of another type.
    """
    sizes = " x ".join(map(str, header.shape))
    if min(header.shape) < 1 or header.volumes < 1:
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=sizes)
    is_colour = header.dtype.names is not None and header.dtype.names[:3] == ("R", "G", "B")
    if header.dtype.kind not in "iuf" and not is_colour:
        raise ScanError(file, Problem.VOXEL_TYPE, found=str(header.dtype))
    announced = max(0, header.offset) + header.volume_bytes
    if announced > MAX_VOLUME_BYTES:
        raise ScanError(
            file,
            Problem.VOLUME_TOO_LARGE,
            size_gib=announced / 2**30,
            found=sizes,
            limit_gib=MAX_VOLUME_BYTES // 2**30,
        )


def is_usable(affine: NDArray[np.float64]) -> bool:
    """Whether an affine, (4, 4), places voxels in space: finite, of sensible spacings, its axes in three directions."""
    low, high = SPACINGS_MM
    # Not a number fails the comparison, and the norm of huge ones would overflow.
    if affine.shape != (4, 4) or not np.abs(affine).max() < high:
        return False
    spacings = np.linalg.norm(affine[:3, :3], axis=0)
    if not (low < spacings.min() and spacings.max() < high):
        return False
    return abs(float(np.linalg.det(affine[:3, :3] / spacings))) > 0.01  # else two axes run the same way


def to_affine(directions: NDArray[np.float64], origin: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """An affine of voxel steps in mm, (3, 3) columns, and an origin; of spacings alone, and False, where unusable."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions, origin
    if is_usable(affine):
        return affine, True
    low, high = SPACINGS_MM
    spacings = np.linalg.norm(np.nan_to_num(directions, nan=0.0, posinf=0.0, neginf=0.0), axis=0)
    return np.diag([*(float(spacing) if low < spacing < high else 1.0 for spacing in spacings), 1.0]), False
