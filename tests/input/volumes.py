"""Small NIfTI files for tests."""

import gzip
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
