"""NIfTI volumes of one file, ``.nii`` and ``.nii.gz``, through nibabel."""

import contextlib
import gzip
import io
import math
import mmap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_VOLUME_BYTES
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.unpacked import IN_MEMORY_BYTES, copy_unpacked
from brain_tumor.input.volume import Volume, acquired_plane, reslice
from brain_tumor.problems import Problem

_CHUNK_BYTES = 2**20
_GZIP = b"\x1f\x8b"
_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348
# nibabel's words for the unit of spacings; "unknown" is taken for mm, as everyone does.
_UNIT_MM = {"meter": 1000.0, "micron": 0.001}
# Between a nanometre and a kilometre; anything else is a damaged header.
_SPACINGS_MM = (1e-6, 1e6)


def open_nifti(content: bytes | BinaryIO, file: str, options: ReadOptions) -> Series:
    """The slices of a volume, each read when it is asked for.

    Slices are cut along the stored axes and oriented by nibabel's closest canonical orientation; see volume.py. Without
    a usable sform or qform the axes are taken to run left, anterior and superior, as nibabel does. Of several volumes
    (time points, directions, echoes) the first is read, and the series' name says so. scl_slope and scl_inter are
    applied, cal_min and cal_max are the file's own window. RGB voxels become luma.

    Args:
        content: a whole file, or a seekable stream of one, which is not held on to.
        file: names the slices.
        options: the plane, by default the acquired one, and the window.

    Raises:
        ScanError: the file is damaged or cut off, one of two files, complex, or above MAX_VOLUME_BYTES.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        with _unpack(stream) as unpacked:
            header = _read_header(unpacked, file)
            shape, dtype, volumes = _layout(header, file)
            voxels, release = _store(unpacked, _offset(header), shape, dtype, file)
        volume = _to_volume(header, voxels, release)
        plane = options.plane or acquired_plane(volume)
        slices = reslice(volume, plane, options.window, file)
    except ScanError:
        raise
    except Exception as error:
        # Damaged data and headers raise nearly any type, and one bad file must never end a batch.
        why = str(error) or type(error).__name__
        raise ScanError(file, Problem.DAMAGED, format="NIfTI", found=why) from None
    name = file if volumes == 1 else f"{file} volume 1 of {volumes}"
    return Series(name, slices, plane)


@contextlib.contextmanager
def _unpack(stream: BinaryIO) -> Iterator[BinaryIO]:
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if not packed:
        yield stream
        return
    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield cast(BinaryIO, unpacked)


def _nibabel() -> Any:  # most of it comes without type information
    import nibabel  # takes half a second, and most runs read no volume

    return nibabel


def _read_header(unpacked: BinaryIO, file: str) -> Any:
    head = unpacked.read(_HEADER_BYTES)
    magic1, magic2 = head[344:348], head[4:8]
    if magic1 == b"ni1\x00" or magic2 == b"ni2\x00":
        raise ScanError(file, Problem.HALF_A_VOLUME)
    for magic, announced, kind in (
        (b"n+1\x00", magic1, _nibabel().Nifti1Header),
        (b"n+2\x00", magic2, _nibabel().Nifti2Header),
    ):
        if magic == announced and len(head) >= kind.sizeof_hdr:
            return kind(head[: kind.sizeof_hdr], check=False)
    raise ScanError(file, Problem.NO_VOLUME)


def _layout(header: Any, file: str) -> tuple[tuple[int, int, int], np.dtype[Any], int]:
    """Shape and type of the first volume, and how many there are."""
    sizes = [int(size) for size in header.get_data_shape()]
    if not sizes or min(sizes) < 1:
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=" x ".join(map(str, sizes)) or None)
    i, j, k, *more = sizes + [1] * (3 - len(sizes))
    try:
        dtype = header.get_data_dtype()
    except Exception:
        raise ScanError(file, Problem.BAD_VOXEL_TYPE, found=int(header["datatype"])) from None
    colours = dtype.names is not None and dtype.names[:3] == ("R", "G", "B")
    if dtype.kind not in "iuf" and not colours:
        raise ScanError(file, Problem.VOXEL_TYPE, found=str(dtype))
    announced = _offset(header) + i * j * k * dtype.itemsize
    if announced > MAX_VOLUME_BYTES:
        raise ScanError(
            file,
            Problem.VOLUME_TOO_LARGE,
            size_gib=announced / 2**30,
            found=f"{i} x {j} x {k}",
            limit_gib=MAX_VOLUME_BYTES // 2**30,
        )
    return (i, j, k), dtype, math.prod(more)


def _offset(header: Any) -> int:
    stored = float(header["vox_offset"])
    given = math.isfinite(stored) and stored >= header.sizeof_hdr
    return int(stored) if given else int(header.single_vox_offset)


def _store(
    unpacked: BinaryIO, offset: int, shape: tuple[int, int, int], dtype: np.dtype[Any], file: str
) -> tuple[NDArray[Any], Callable[[], object]]:
    """The voxels, (i, j, k), in memory or in a file without a name that goes when nothing reads it any more.

    With them comes what lets go of the memory that reading such a file took; voxels are the same afterwards.
    """
    size = math.prod(shape) * dtype.itemsize
    unpacked.seek(offset)
    if size <= IN_MEMORY_BYTES:
        content = unpacked.read(size)
        _expect(len(content), size, file)
        buffer: bytes | mmap.mmap = content
        release: Callable[[], object] = bool
    else:
        with copy_unpacked(unpacked, size, file) as copy:
            _expect(copy.seek(0, 2), size, file)
            buffer = mapped = mmap.mmap(copy.fileno(), size, access=mmap.ACCESS_READ)
        # Windows takes pages back by itself.
        release = partial(mapped.madvise, mmap.MADV_DONTNEED) if hasattr(mmap, "MADV_DONTNEED") else bool
    unpacked.read(_CHUNK_BYTES)  # at its end, gzip compares the checksum
    return np.frombuffer(buffer, dtype).reshape(shape, order="F"), release


def _expect(found: int, announced: int, file: str) -> None:
    if found < announced:
        raise ScanError(file, Problem.MISSING_VOXELS, found=found, announced=announced)


def _to_volume(header: Any, voxels: NDArray[Any], release: Callable[[], object]) -> Volume:
    *stated, guessed = _affines(header)
    affine = next((affine for affine in stated if _is_usable(affine)), None)
    is_placed = affine is not None
    affine = guessed if affine is None else affine
    orientation = _nibabel().io_orientation(affine)  # (3, 2): of each stored axis, its world axis and direction
    i, j, k = (int(axis) for axis in np.argsort(orientation[:, 0]))
    forward = (bool(orientation[i, 1] > 0), bool(orientation[j, 1] > 0), bool(orientation[k, 1] > 0))
    slope, intercept = _scaling(header)
    low, high = float(header["cal_min"]), float(header["cal_max"])
    window = (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
    return Volume(voxels, affine, (i, j, k), forward, slope, intercept, window, release, is_placed=is_placed)


def _scaling(header: Any) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return 1.0, 0.0  # a slope of 0 means no scaling; NIfTI-1, section "data scaling"
    return slope, intercept


def _affines(header: Any) -> Iterator[NDArray[np.float64]]:
    """What the header says about the voxels' position, the best first, in mm; the last one is always usable."""
    try:
        unit = _UNIT_MM.get(header.get_xyzt_units()[0], 1.0)
    except KeyError:
        unit = 1.0
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
    low, high = _SPACINGS_MM
    for axis in (1, 2, 3):
        if not low < spacings[axis] * unit < high:
            spacings[axis] = 1 / unit
    yield to_mm @ header.get_base_affine()


def _is_usable(affine: NDArray[np.float64]) -> bool:
    low, high = _SPACINGS_MM
    # Not a number fails the comparison, and the norm of huge ones would overflow.
    if not np.abs(affine).max() < high:
        return False
    spacings = np.linalg.norm(affine[:3, :3], axis=0)
    if not (low < spacings.min() and spacings.max() < high):
        return False
    return abs(float(np.linalg.det(affine[:3, :3] / spacings))) > 0.01  # else two axes run the same way
