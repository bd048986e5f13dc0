"""Small NIfTI files for tests."""

import gzip
import zlib
from typing import Any

import nibabel
import numpy as np
from numpy.typing import ArrayLike, NDArray

# Voxel indices run to the patient's right, anterior and superior, 1 mm apart: nibabel's canonical orientation.
CANONICAL = np.eye(4)


def make_values(shape: tuple[int, ...] = (3, 4, 5)) -> NDArray[np.int16]:
    """Every voxel has its own value, from 0 up."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def make_image(values: NDArray[Any] | None = None, affine: ArrayLike = CANONICAL, version: int = 1) -> Any:
    """Nibabel's image of the values, make_values() by default, of NIfTI-1 or NIfTI-2."""
    kind: Any = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    return kind(make_values() if values is None else values, np.asarray(affine, float))


def nifti_bytes(values: NDArray[Any] | None = None, affine: ArrayLike = CANONICAL, **fields: Any) -> bytes:
    """A .nii file's content; fields: what to write into its header afterwards, whether it makes sense or not."""
    return with_header(make_image(values, affine).to_bytes(), **fields)


def nifti_gz_bytes(values: NDArray[Any] | None = None, affine: ArrayLike = CANONICAL) -> bytes:
    """A .nii.gz file's content."""
    return gzip.compress(nifti_bytes(values, affine))


def with_header(data: bytes, **fields: Any) -> bytes:
    """The content of a NIfTI-1 file with other values in its header's fields."""
    header: Any = nibabel.Nifti1Header(data[:348], check=False)  # type: ignore[no-untyped-call]
    for name, value in fields.items():
        header[name] = value
    return bytes(header.binaryblock) + data[348:]


def mgh_bytes(dtype: type[np.generic] = np.int16) -> bytes:
    """A .mgh file's content."""
    kind: Any = nibabel.MGHImage
    return bytes(kind(make_values().astype(dtype), CANONICAL).to_bytes())


def nrrd_bytes(encoding: str = "raw") -> bytes:
    """A .nrrd file's content."""
    header = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: right-anterior-superior\nsizes: 3 4 5\n"
        f"space directions: (1,0,0) (0,1,0) (0,0,1)\nendian: little\nencoding: {encoding}\nspace origin: (0,0,0)\n\n"
    )
    voxels = make_values().astype("<i2").tobytes("F")
    return header.encode() + (voxels if encoding == "raw" else gzip.compress(voxels, mtime=0))


def metaimage_bytes(compress: bool = False) -> bytes:
    """A .mha file's content."""
    voxels = make_values().astype("<i2").tobytes("F")
    header = (
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"CompressedData = {compress}\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 1\n"
        "DimSize = 3 4 5\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    )
    return header.encode() + (zlib.compress(voxels) if compress else voxels)
