"""MetaImage headers, ``.mha`` and ``.mhd``. Source: itk.org/Wiki/ITK/MetaIO/Documentation."""

import math
from pathlib import PurePath
from typing import BinaryIO

import numpy as np

from brain_tumor.errors import ScanError
from brain_tumor.input.text_header import Lines
from brain_tumor.input.volume_header import LPS_TO_RAS, RGB, RGBA, Packing, VolumeHeader, to_affine
from brain_tumor.problems import Problem

_FORMAT = "MetaImage"
_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
# Other names that writers have used for the same.
_SAME = {
    "Position": "Offset", "Origin": "Offset", "Rotation": "TransformMatrix", "Orientation": "TransformMatrix",
    "BinaryDataByteOrderMSB": "ElementByteOrderMSB",
}  # fmt: skip
_COLOURS = {3: RGB, 4: RGBA}


def read_metaimage_header(stream: BinaryIO, file: str) -> VolumeHeader:
    """The header; the stream stands behind it afterwards.

    Raises:
        ScanError: it is damaged, or the voxels are text, or lie in several files.
        ValueError: a number is none.
    """
    lines, fields = Lines(stream, _FORMAT, file), dict[str, str]()
    while "ElementDataFile" not in fields:
        line = lines.next()
        if line is None:
            raise ScanError(file, Problem.DAMAGED, format=_FORMAT, found="its header has no ElementDataFile")
        key, _, value = line.partition("=")
        fields[_SAME.get(key.strip(), key.strip())] = value.strip()
    sizes = [int(size) for size in fields.get("DimSize", "").split()]
    element, channels = fields.get("ElementType", ""), int(fields.get("ElementNumberOfChannels", 1))
    if element.endswith("_ARRAY"):
        element = element.removesuffix("_ARRAY")
    if element not in _TYPES:
        raise ScanError(file, Problem.BAD_VOXEL_TYPE, found=element or None)
    if not sizes or min(sizes) < 1 or channels < 1 or len(sizes) != int(fields.get("NDims", len(sizes))):
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=" x ".join(map(str, sizes)) or None)
    if not _is(fields, "BinaryData", "True"):
        raise ScanError(file, Problem.DATA_ELSEWHERE, found="its voxels are text")
    dtype = np.dtype(f"{'>' if _is(fields, 'ElementByteOrderMSB', 'False') else '<'}{_TYPES[element]}")
    colour = _COLOURS.get(channels) if element == "MET_UCHAR" else None
    i, j, k, *more = (*sizes, 1, 1)[: max(3, len(sizes))]
    data_file, header_bytes = fields["ElementDataFile"], int(fields.get("HeaderSize", 0))
    is_local = data_file.upper() == "LOCAL"
    if not is_local and (data_file.startswith("LIST") or "%" in data_file):
        raise ScanError(file, Problem.DATA_ELSEWHERE, found="its voxels lie in several files")
    return VolumeHeader(
        _FORMAT,
        (i, j, k),
        colour or dtype,
        *_affine(fields, len(sizes)),
        offset=lines.at if is_local else max(0, header_bytes),
        volumes=math.prod(more) * (1 if colour else channels),
        is_interleaved=channels > 1 and colour is None,
        data_files=() if is_local else (PurePath(data_file).name if _is_beside(data_file) else data_file,),
        packing=Packing.DEFLATE if _is(fields, "CompressedData", "False") else Packing.NONE,
        from_end=header_bytes == -1 and not is_local,
    )


def _is(fields: dict[str, str], key: str, default: str) -> bool:
    return fields.get(key, default).lower() in ("true", "1")


def _is_beside(name: str) -> bool:
    return name in (PurePath(name).name, f"./{PurePath(name).name}")


def _affine(fields: dict[str, str], dimensions: int) -> tuple[np.ndarray, bool]:
    """Rows of TransformMatrix are the directions of the axes, towards left, posterior and superior."""

    def numbers(key: str, default: np.ndarray) -> np.ndarray:
        given = np.array(fields[key].split(), np.float64) if key in fields else default
        if given.size != default.size:
            raise ValueError(f"{key} has {given.size} numbers")
        return given

    spacings = np.ones(3)
    given = numbers("ElementSpacing", numbers("ElementSize", np.ones(dimensions)))
    matrix = numbers("TransformMatrix", np.eye(dimensions).ravel()).reshape(dimensions, dimensions)
    origin = numbers("Offset", np.zeros(dimensions))
    kept = min(3, dimensions)
    directions, start = np.eye(3), np.zeros(3)
    spacings[:kept], start[:kept] = np.abs(given[:kept]), origin[:kept]
    directions[:kept, :kept] = matrix[:kept, :kept]
    affine, is_usable = to_affine(LPS_TO_RAS[:3, :3] @ (directions.T * spacings), LPS_TO_RAS[:3, :3] @ start)
    return affine, is_usable and "TransformMatrix" in fields
