"""Slices of the figshare set of brain tumors, ``.mat`` files with a structure ``cjdata``; only its image is read.

Source: figshare 1512427, README.txt: cjdata.image, with the label, the patient and the tumor's outline beside it.
Versions from 7.3 on are HDF5, through h5py; older ones: matlab5.py.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.extras import install_command
from brain_tumor.input.formats import MAX_SCAN_BYTES, Format
from brain_tumor.input.matlab5 import TooLargeError, list_variables, read_field
from brain_tumor.input.raster import check_pixels
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import WindowMode
from brain_tumor.input.voi import GreyScale, to_grey_and_range
from brain_tumor.problems import Problem

_STRUCTURE, _IMAGE = "cjdata", "image"
_FORMAT = "MATLAB"


def read_matlab(data: bytes, name: str, file_format: str, window: WindowMode) -> Scan:
    """The image of a slice, its smallest value black and its largest white where the window asks for nothing else.

    Args:
        data: the whole file.
        name: used in messages only.
        file_format: ``MATLAB 7.3`` or ``MATLAB 5``.
        window: ROBUST or, for every other one, the full range, since these files have no window.

    Raises:
        ScanError: what reads such files is not installed, the file is damaged or holds something else, or the image is
            too large.
    """
    try:
        stored = _read_hdf5(data, name) if file_format == "MATLAB 7.3" else _read_older(data, name)
    except ScanError:
        raise
    except ImportError:
        raise ScanError(name, Problem.NEEDS_EXTRA, format=_FORMAT, command=install_command("formats")) from None
    except Exception as error:
        # Damaged files raise nearly any type; the library's words may quote the file.
        raise ScanError(name, Problem.DAMAGED, format=_FORMAT, found=type(error).__name__) from None
    mode = WindowMode.ROBUST if window is WindowMode.ROBUST else WindowMode.FULL
    pixels, values = to_grey_and_range(stored, GreyScale(), mode)
    return Scan(pixels, 0.0, _FORMAT, value_range=values)


def may_hold_slice(data: bytes, found: Format | None) -> bool:
    """Whether a MATLAB file has a variable ``cjdata``, as far as is known without reading its image.

    Args:
        data: the whole file.
        found: its format.
    """
    if found is not None and found.name == "MATLAB 7.3":
        return _STRUCTURE.encode() in data  # HDF5 stores names as they are; no library is needed to see that
    try:
        return _STRUCTURE in list_variables(data)
    except Exception:
        return True


def _read_hdf5(data: bytes, name: str) -> NDArray[Any]:
    import h5py

    with h5py.File(io.BytesIO(data), "r") as file:
        parent: Any = file
        for part in (_STRUCTURE, _IMAGE):
            # A link may lead to another file, and so may what a data set is stored as.
            if not isinstance(parent, h5py.Group) or not isinstance(parent.get(part, getlink=True), h5py.HardLink):
                raise ScanError(name, Problem.NO_CJDATA)
            parent = parent[part]
        if not isinstance(parent, h5py.Dataset) or parent.external is not None or parent.is_virtual:
            raise ScanError(name, Problem.NO_CJDATA)
        _check(parent.shape, parent.dtype, name)
        # A chunk is unpacked whole.
        if parent.chunks and int(np.prod(parent.chunks)) * parent.dtype.itemsize > MAX_SCAN_BYTES:
            raise ScanError(name, Problem.DAMAGED, format=_FORMAT, found="its parts are larger than any image")
        # MATLAB stores columns, and HDF5 names its axes the other way round.
        return np.ascontiguousarray(np.asarray(parent[()]).T)


def _read_older(data: bytes, name: str) -> NDArray[Any]:
    try:
        image = read_field(data, _STRUCTURE, _IMAGE, MAX_SCAN_BYTES)
    except TooLargeError:
        raise ScanError(name, Problem.INFLATED_PACKED, limit_mib=MAX_SCAN_BYTES // 2**20) from None
    if image is None:
        raise ScanError(name, Problem.NO_CJDATA)
    _check(image.shape, image.dtype, name)
    return image


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
    if len(shape) != 2 or min(shape) < 1 or dtype.kind not in "iuf":
        raise ScanError(name, Problem.NO_CJDATA)
    check_pixels(shape[0], shape[1], name)
