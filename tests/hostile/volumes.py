"""Bad NIfTI volumes and gzip files."""

import gzip
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.problems import Problem
from tests.factories import png_bytes
from tests.hostile.bad_file import PATIENT, READS, BadFile, bad
from tests.input.volumes import make_image, metaimage_bytes, mgh_bytes, nifti_bytes, nifti_gz_bytes, nrrd_bytes

_DAMAGED, _HALF, _NO_VOLUME = Problem.DAMAGED, Problem.HALF_A_VOLUME, Problem.NO_VOLUME
_DIMENSIONS, _TYPE, _MISSING = Problem.BAD_DIMENSIONS, Problem.BAD_VOXEL_TYPE, Problem.MISSING_VOXELS
_ABSURD, _TOO_LARGE, _NO_NUMBER = Problem.SLICES_TOO_LARGE, Problem.VOLUME_TOO_LARGE, Problem.NO_FINITE_VOXEL


def of_shape(*shape: int, **fields: Any) -> bytes:
    """A small volume of values from 0 up."""
    return nifti_bytes(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), **fields)


def of_one_value(value: float, dtype: Any = np.float32) -> bytes:
    """A volume that holds nothing else."""
    return nifti_bytes(np.full((4, 4, 3), value, dtype))


def half_nan() -> bytes:
    """Numbers, NaN and both infinities."""
    values: NDArray[np.float32] = np.tile(np.array([1, np.nan, np.inf, -np.inf], np.float32), (4, 3, 1))
    return nifti_bytes(values)


def announced(*dimensions: int, **fields: Any) -> bytes:
    """The usual volume, whose header announces other dimensions."""
    return nifti_bytes(dim=[len(dimensions), *dimensions, *(7 - len(dimensions)) * [1]], **fields)


def packed_zeros(shape: tuple[int, int, int]) -> bytes:
    """A .nii.gz of zeros, two bytes a voxel, packed piece by piece."""
    packer, piece = zlib.compressobj(9, wbits=31), bytes(2**20)
    data = packer.compress(announced(*shape)[:352])
    left = 2 * shape[0] * shape[1] * shape[2]
    while left:
        data += packer.compress(piece[:left])
        left -= min(left, len(piece))
    packed: bytes = data + packer.flush()
    return packed


def second_version(**fields: Any) -> bytes:
    """A NIfTI-2 volume, whose sizes are 64 bits wide."""
    image = make_image(version=2)
    data = image.to_bytes()
    for name, value in fields.items():
        image.header[name] = value
    return bytes(image.header.binaryblock) + bytes(data[540:])


def behind(front: bytes, data: bytes) -> bytes:
    """The data with its first bytes replaced."""
    return front + data[len(front) :]


def checked(data: bytes, checksum: int) -> bytes:
    """A gzip file with another checksum."""
    return data[:-8] + struct.pack("<I", checksum) + data[-4:]


VOLUMES: tuple[BadFile, ...] = (
    bad("header-only.nii", lambda: nifti_bytes()[:348], _MISSING),
    bad("half-a-header.nii", lambda: nifti_bytes()[:200], Problem.UNKNOWN_FORMAT),
    bad("cut.nii", lambda: nifti_bytes()[:-1], _MISSING),
    bad("header-of-two-files.nii", lambda: nifti_bytes().replace(b"n+1\x00", b"ni1\x00"), _HALF),
    bad("negative-dimensions.nii", lambda: announced(-3, 4, 5), _DIMENSIONS),
    bad("zero-dimensions.nii", lambda: announced(3, 0, 5), _DIMENSIONS),
    bad("no-dimensions.nii", lambda: nifti_bytes(dim=[0] * 8), _DIMENSIONS),
    bad("9-dimensions.nii", lambda: nifti_bytes(dim=[9, 3, 4, 5, 1, 1, 1, 1]), _TOO_LARGE),
    bad("negative-number-of-dimensions.nii", lambda: nifti_bytes(dim=[-3, 3, 4, 5, 1, 1, 1, 1]), _DIMENSIONS),
    bad("32767-in-every-direction.nii", lambda: announced(32767, 32767, 32767), _TOO_LARGE),
    bad("32767-volumes.nii", lambda: announced(3, 4, 5, 32767), READS),
    bad("1-x-1-x-1.nii", lambda: of_shape(1, 1, 1), READS),
    bad("1-x-20000-x-1.nii", lambda: of_shape(1, 20_000, 1), READS),
    bad("2000-slices.nii", lambda: of_shape(2, 2, 2000), READS),
    bad("20000-slices.nii", lambda: of_shape(2, 2, 20_000), _ABSURD),
    bad("flat-as-paper.nii", lambda: of_shape(3, 4, 5, pixdim=[1, 1e-5, 1e5, 1, 1, 1, 1, 1]), READS),
    bad("thin-as-a-hair.nii", lambda: nifti_bytes(affine=np.diag([1e-5, 1e5, 1, 1])), _ABSURD),
    bad("nan.nii", lambda: of_one_value(np.nan), _NO_NUMBER),
    bad("infinite.nii", lambda: of_one_value(-np.inf), _NO_NUMBER),
    bad("some-nan.nii", half_nan, READS),
    bad("largest-float.nii", lambda: nifti_bytes(np.linspace(-8e307, 8e307, 60).reshape(3, 4, 5)), READS),
    bad("slope-too-large.nii", lambda: nifti_bytes(np.linspace(-8e307, 8e307, 60).reshape(3, 4, 5),
        scl_slope=1e30, scl_inter=0), ""),
    bad("slope-not-a-number.nii", lambda: nifti_bytes(scl_slope=np.nan, scl_inter=np.inf), READS),
    bad("window-upside-down.nii", lambda: nifti_bytes(cal_min=9, cal_max=-9), READS),
    bad("place-not-a-number.nii", lambda: nifti_bytes(sform_code=1, srow_x=[np.nan] * 4), READS),
    bad("all-in-one-point.nii", lambda: nifti_bytes(sform_code=1, srow_x=[0] * 4, srow_y=[0] * 4), READS),
    bad("negative-spacing.nii", lambda: nifti_bytes(sform_code=0, pixdim=[1, -1, -1, -1, 1, 1, 1, 1]), READS),
    bad("unknown-type.nii", lambda: nifti_bytes(datatype=999), _TYPE),
    bad("one-bit-type.nii", lambda: nifti_bytes(datatype=1), ""),
    bad("complex.nii", lambda: nifti_bytes(np.ones((3, 4, 5), np.complex64)), Problem.VOXEL_TYPE),
    bad("voxels-beyond-the-end.nii", lambda: nifti_bytes(vox_offset=1e6), _MISSING),
    bad("voxels-at-infinity.nii", lambda: nifti_bytes(vox_offset=np.inf), READS),
    bad("voxels-before-the-start.nii", lambda: nifti_bytes(vox_offset=-352), READS),
    bad("unknown-unit.nii", lambda: nifti_bytes(xyzt_units=255), READS),
    bad("64-bit-dimensions.nii", lambda: second_version(dim=[3, 2**62, 2**62, 2**62, 1, 1, 1, 1]), _TOO_LARGE),
    bad("64-bit-negative.nii", lambda: second_version(dim=[3, -(2**62), 4, 5, 1, 1, 1, 1]), _DIMENSIONS),
    bad("64-bit-offset.nii", lambda: second_version(vox_offset=2**62), ""),
    bad("a-million-rows.nii", lambda: second_version(dim=[3, 1, 30, 1, 1, 1, 1, 1]), READS),
    bad("gif.nii", lambda: behind(b"GIF89a", nifti_bytes()), READS),
    bad("executable.nii", lambda: behind(b"MZ\x90\x00", nifti_bytes()), READS),
    bad("says-who-it-is.nii", lambda: nifti_bytes(descrip=PATIENT.encode(), datatype=999), _TYPE),
    bad("5000-x-5000.nii.gz", lambda: packed_zeros((5000, 5000, 2)), READS),
)  # fmt: skip

GZIPS: tuple[BadFile, ...] = (
    bad("mark-only.nii.gz", b"\x1f\x8b", _DAMAGED),
    bad("cut.nii.gz", lambda: nifti_gz_bytes()[:-12], _DAMAGED),
    bad("wrong-checksum.nii.gz", lambda: checked(nifti_gz_bytes(), 7), _DAMAGED),
    bad("unknown-method.nii.gz", lambda: b"\x1f\x8b\x07" + nifti_gz_bytes()[3:], _DAMAGED),
    bad("empty.gz", lambda: gzip.compress(b""), _NO_VOLUME),
    bad("picture.png.gz", lambda: gzip.compress(png_bytes()), READS),
    bad("text.gz", lambda: gzip.compress(b"a brain " * 1000), _NO_VOLUME),
    bad("packed-twice.nii.gz", lambda: gzip.compress(nifti_gz_bytes()), _NO_VOLUME),
    bad("packed-a-hundred-times.nii.gz", lambda: packed_again(nifti_bytes(), 100), _NO_VOLUME),
    bad("html-behind.nii.gz", lambda: nifti_gz_bytes() + b"<script>alert(1)</script>", _DAMAGED),
    bad("50000-empty-parts.nii.gz", lambda: gzip.compress(b"") * 50_000, _NO_VOLUME),
    bad("name-of-a-megabyte.nii.gz", lambda: named(b"x" * 2**20), READS),
    bad("zeros-bomb.gz", lambda: gzip.compress(bytes(2**28)), _NO_VOLUME),
    bad("volume-bomb.nii.gz", lambda: gzip.compress(nifti_bytes() + bytes(2**28)), READS),
    bad("announces-32-gigabytes.nii.gz", lambda: gzip.compress(announced(32767, 32767, 16)), _TOO_LARGE),
    bad("announces-800-megabytes.nii.gz", lambda: gzip.compress(announced(4000, 1000, 100) + bytes(2**24)), _MISSING),
    bad("holds-100-megabytes.nii.gz", lambda: packed_zeros((4096, 4096, 3)), READS),
)


OTHER_VOLUMES: tuple[BadFile, ...] = (
    bad("cut.mgh", lambda: mgh_bytes()[:-200], _MISSING),
    bad("header-only.mgh", lambda: mgh_bytes()[:100], _MISSING),
    bad("32767-in-every-direction.mgh", lambda: mgh_of(32767, 32767, 32767), _TOO_LARGE),
    bad("cut.nrrd", lambda: nrrd_bytes()[:-1], _MISSING),
    bad("cut-gzip.nrrd", lambda: nrrd_bytes("gzip")[:-30], ""),
    bad("bomb.nrrd", lambda: nrrd_of("3 4 5", bytes(2**28)), READS),
    bad("announces-too-much.nrrd", lambda: nrrd_of("9000 9000 9000", b""), _TOO_LARGE),
    bad("announces-800-megabytes.nrrd", lambda: nrrd_of("4000 1000 100", bytes(2**24)), _MISSING),
    bad("cut.mha", lambda: metaimage_bytes()[:-1], _MISSING),
    bad("cut-zlib.mha", lambda: metaimage_bytes(True)[:-20], _MISSING),
    bad("no-data.mha", lambda: metaimage_bytes().partition(b"ElementDataFile")[0], _DAMAGED),
)  # fmt: skip


def mgh_of(*sizes: int) -> bytes:
    """A .mgh that announces other sizes."""
    data = mgh_bytes()
    return data[:4] + struct.pack(">3i", *sizes) + data[16:]


def nrrd_of(sizes: str, voxels: bytes) -> bytes:
    """An .nrrd of other sizes, with voxels of its own behind a gzip header."""
    header = nrrd_bytes("gzip").partition(b"\n\n")[0].replace(b"sizes: 3 4 5", f"sizes: {sizes}".encode())
    return header + b"\n\n" + gzip.compress(voxels, 1)


def packed_again(data: bytes, times: int) -> bytes:
    """A gzip file in a gzip file, and so on."""
    for _ in range(times):
        data = gzip.compress(data, 1)
    return data


def named(name: bytes) -> bytes:
    """A good .nii.gz that says what its content was called."""
    data = nifti_gz_bytes()
    assert not data[3]  # no name yet
    return data[:3] + b"\x08" + data[4:10] + name + b"\x00" + data[10:]
