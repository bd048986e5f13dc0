"""A volume cut into slices of any plane, turned and proportioned as clinical viewers show them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.errors import ScanError
from brain_tumor.input.orientation import to_sides
from brain_tumor.input.raster import MAX_SCAN_PIXELS, MAX_SIDE_PX, to_luma_and_chroma
from brain_tumor.input.scan import FloatArray, Scan, Sides, WindowUse
from brain_tumor.input.series import Plane, Slice, WindowMode
from brain_tumor.input.voi import bands, window_fits
from brain_tumor.problems import Problem

Range = tuple[float, float]

# The largest matrix that scanners reconstruct is 1024; a header can announce millions of one-voxel slices.
MAX_SLICES = 4096
# Percentiles of this many voxels, evenly spaced in the file, stand for all: 16 MiB at work, error under 0.1 %.
_SAMPLED_VOXELS = 2**20
# Looked at in one go while the window is found.
_PIECE_VOXELS = 2**20
# Spacings this close are equal: headers round.
_SAME_SPACING = 0.99
# Fewer voxels say nothing of a window.
_MIN_VALUES = 32 * 32

# World axes are nibabel's: 0 runs to the patient's right, 1 to anterior, 2 to superior.
_NORMAL = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
# World axes of a picture's rows and columns. Both run against the axis, so that superior or anterior is up and
# the patient's right, or anterior of a sagittal slice, is on the left.
_PICTURE = {Plane.SAGITTAL: (2, 1), Plane.CORONAL: (2, 0), Plane.AXIAL: (1, 0)}
# From directions in nibabel's world to those of DICOM's patient coordinates.
_TO_DICOM = np.array((-1.0, -1.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxels, perhaps on disk, and where they lie in the patient."""

    voxels: NDArray[Any]  # (i, j, k) as stored; integers, floats or a structure with the fields R, G and B
    affine: NDArray[np.float64]  # (4, 4), voxel indices -> mm towards right, anterior, superior
    axes: tuple[int, int, int]  # the stored axis that is closest to each world axis
    forward: tuple[bool, bool, bool]  # per world axis: whether the stored axis runs towards right, anterior, superior
    slope: float = 1.0
    intercept: float = 0.0
    file_window: Range | None = None  # that the file asks for
    release: Callable[[], object] = bool  # lets go of memory that reading voxels from disk took
    file_format: str = "NIfTI"
    is_label_map: bool = False  # values are regions, no signal
    is_placed: bool = True  # whether the file says where it lies in the patient; False: the affine is a guess
    modality: str | None = None  # DICOM's code; None where nothing says

    @property
    def is_colour(self) -> bool:
        """Whether a voxel is a colour instead of a number."""
        return self.voxels.dtype.names is not None

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along each stored axis."""
        along_i, along_j, along_k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(along_i), float(along_j), float(along_k)


def acquired_plane(volume: Volume) -> Plane:
    """The plane with the finest resolution inside it: its normal is the stored axis with the largest spacing.

    Of equal ones the last stored axis is taken, which scanners fill slice by slice; of a single slice, its own plane.
    """
    single = [axis for axis in range(3) if volume.voxels.shape[axis] == 1]
    spacings = volume.spacing_mm
    widest = [axis for axis in range(3) if spacings[axis] >= _SAME_SPACING * max(spacings)]
    normal = single[0] if len(single) == 1 else widest[-1]
    return next(plane for plane, world in _NORMAL.items() if volume.axes[world] == normal)


def reslice(volume: Volume, plane: Plane, window: WindowMode, file: str) -> tuple[Slice, ...]:
    """All slices of a plane, read when asked for: inferior to superior, posterior to anterior, or right to left.

    position_mm grows in that order, along the normal. Slices are cut along the stored axes, so of an oblique volume
    they are oblique, and none is interpolated from its neighbours.

    Args:
        volume: whose voxels the slices keep alive.
        plane: whichever, not only the acquired one.
        window: which values become black and white, the same for all slices.
        file: names the slices.

    Raises:
        ScanError: there are too many slices, or they are too large.
    """
    normal = volume.axes[_NORMAL[plane]]
    count = volume.voxels.shape[normal]
    rows, columns, _ = _picture_size(volume, plane)
    if count > MAX_SLICES or rows * columns > MAX_SCAN_PIXELS or max(rows, columns) > MAX_SIDE_PX:
        raise ScanError(
            file,
            Problem.SLICES_TOO_LARGE,
            slices=count,
            plane=plane.value,
            found=f"{rows} x {columns}",
            limit=MAX_SLICES,
            limit_millions=MAX_SCAN_PIXELS // 10**6,
        )
    shades, use = fit_window(volume, window, file)
    # Superior and anterior come last, and so does left, since right is where world axis 0 runs.
    ascending = volume.forward[_NORMAL[plane]] != (plane is Plane.SAGITTAL)
    order = range(count) if ascending else range(count - 1, -1, -1)
    positions = _positions_mm(volume, plane)
    return tuple(
        Slice(
            file,
            number if count > 1 else None,
            partial(_read_slice, volume, plane, index, shades, use),
            positions[index],
        )
        for number, index in enumerate(order, start=1)
    )


def fit_window(volume: Volume, window: WindowMode, file: str) -> tuple[Range, WindowUse | None]:
    """Choose the values that become black and white, the same for all slices; colours are left as they are.

    Percentiles are those of an even sample. Values that are no number are left out.

    Args:
        volume: read piece by piece.
        window: FILE takes the range that the file asks for where that fits the values, else as ROBUST; STORED takes it
            whether it fits or not.
        file: used in messages only.

    Returns:
        The values of black and white, and where they come from; None of colours.

    Raises:
        ScanError: no voxel is a number.
    """
    if volume.is_colour:
        return (0.0, 255.0), None
    if window is WindowMode.FULL:
        return _full_range(volume, file), WindowUse.FULL
    step = -(-volume.voxels.size // _SAMPLED_VOXELS)
    while step > 1 and math.gcd(step, volume.voxels.shape[0]) > 1:
        step += 1  # a step that divides a row would see the same columns again and again
    values = np.concatenate(list(_values(volume, step)))
    values = values[np.isfinite(values)]
    if not values.size:
        return _full_range(volume, file), WindowUse.FULL
    low, high = (float(value) for value in np.percentile(values, (1, 99)))
    asked = volume.file_window
    if asked and (window is WindowMode.STORED or (window is WindowMode.FILE and _fits(asked, values))):
        return asked, WindowUse.FILE
    use = WindowUse.UNFIT if asked and window is WindowMode.FILE else WindowUse.ROBUST
    # A small bright object in an empty volume is not nothing.
    return ((low, high), use) if high > low else (_full_range(volume, file), WindowUse.FULL)


def _fits(asked: Range, values: NDArray[np.float64]) -> bool:
    if values.size < _MIN_VALUES or values.min() == values.max():
        return True
    return window_fits(_shade(values.copy(), asked), values)


def _full_range(volume: Volume, file: str) -> Range:
    low, high = math.inf, -math.inf
    for values in _values(volume):
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise ScanError(file, Problem.NO_FINITE_VOXEL)
    return low, high


def _values(volume: Volume, step: int = 1) -> Iterator[NDArray[np.float64]]:
    """Every voxel, or one in so many, piece by piece in the order of the file."""
    flat = volume.voxels.reshape(-1, order="F")  # as stored, so nothing is copied
    piece = -(-_PIECE_VOXELS // step) * step
    for start in range(0, flat.size, piece):
        yield _scale(volume, flat[start : start + piece : step])
        volume.release()


def _scale(volume: Volume, stored: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):  # what is no finite number becomes black
        values: NDArray[np.float64] = stored.astype(np.float64)
        values *= volume.slope
        values += volume.intercept
    return values


def _read_slice(volume: Volume, plane: Plane, index: int, shades: Range, use: WindowUse | None) -> Scan:
    normal = volume.axes[_NORMAL[plane]]
    selection = tuple(
        index if axis == normal else slice(None) for axis in range(3)
    )  # not np.take: it copies the volume
    stored = _orient(volume, plane, volume.voxels[selection])
    if volume.is_colour:
        grey, chroma = to_luma_and_chroma(np.stack([stored[channel] for channel in "RGB"], axis=-1))
    else:
        grey, chroma = np.empty(stored.shape, np.float32), 0.0
        for band in bands(*stored.shape):
            grey[band] = _shade(_scale(volume, stored[band]), shades)
    volume.release()
    rows, columns, spacing_mm = _picture_size(volume, plane)
    if grey.shape != (rows, columns):
        grey = np.array(Image.fromarray(grey).resize((columns, rows), Image.Resampling.BILINEAR))
    values = None if volume.is_colour else shades
    sides = _sides(volume, plane) if volume.is_placed else None
    return Scan(
        np.clip(grey, 0, 1, out=grey),
        chroma,
        volume.file_format,
        spacing_mm,
        volume.modality,
        value_range=values,
        is_label_map=volume.is_label_map,
        sides=sides,
        window=use,
    )


def _orient(volume: Volume, plane: Plane, stored: NDArray[Any]) -> NDArray[Any]:
    rows, columns = _PICTURE[plane]
    upright = stored if volume.axes[rows] < volume.axes[columns] else stored.T
    return upright[:: -1 if volume.forward[rows] else 1, :: -1 if volume.forward[columns] else 1]


def _sides(volume: Volume, plane: Plane) -> Sides:
    """What the edges of a picture are; both directions of a picture run against the world's axes."""
    to_bottom, to_right = (
        volume.affine[:3, volume.axes[world]] * (-1 if volume.forward[world] else 1) for world in _PICTURE[plane]
    )
    # DICOM's x and y run the other way.
    return to_sides(to_right * _TO_DICOM, to_bottom * _TO_DICOM)


def _shade(values: NDArray[np.float64], shades: Range) -> FloatArray:
    low, high = shades
    values[~np.isfinite(values)] = low
    with np.errstate(over="ignore", invalid="ignore"):
        values -= low
        values /= (high - low) or 1.0
    return np.clip(np.nan_to_num(values, copy=False), 0, 1).astype(np.float32)


def _picture_size(volume: Volume, plane: Plane) -> tuple[int, int, tuple[float, float]]:
    """Rows and columns once pixels are square, as small as the finer of both spacings, and the spacing in mm then."""
    axes = [volume.axes[world] for world in _PICTURE[plane]]
    extents = [volume.voxels.shape[axis] * volume.spacing_mm[axis] for axis in axes]
    side = min(volume.spacing_mm[axis] for axis in axes)
    rows, columns = (max(1, round(extent / side)) for extent in extents)
    return rows, columns, (extents[0] / rows, extents[1] / columns)


def _positions_mm(volume: Volume, plane: Plane) -> list[float]:
    """Where each slice lies along the normal that points to superior, anterior or left; by stored index."""
    world = _NORMAL[plane]
    rows, columns = (volume.affine[:3, volume.axes[axis]] for axis in _PICTURE[plane])
    normal = np.cross(rows, columns)
    normal /= np.linalg.norm(normal)
    if (normal[world] < 0) != (plane is Plane.SAGITTAL):
        normal = -normal
    axis = volume.axes[world]
    origin, step = float(normal @ volume.affine[:3, 3]), float(normal @ volume.affine[:3, axis])
    return [origin + step * index for index in range(volume.voxels.shape[axis])]
