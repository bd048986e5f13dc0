"""NRRD headers, ``.nrrd`` and ``.nhdr``. Source: teem.sourceforge.net/nrrd/format.html."""

import math
import re
from pathlib import PurePath
from typing import BinaryIO

import numpy as np

from brain_tumor.errors import ScanError
from brain_tumor.input.text_header import Lines
from brain_tumor.input.volume_header import LPS_TO_RAS, RGB, RGBA, Packing, VolumeHeader, to_affine
from brain_tumor.problems import Problem

_FORMAT = "NRRD"
_TYPES = {
    "i1": "signed char|int8|int8_t",
    "u1": "uchar|unsigned char|uint8|uint8_t",
    "i2": "short|short int|signed short|signed short int|int16|int16_t",
    "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
    "i4": "int|signed int|int32|int32_t",
    "u4": "uint|unsigned int|uint32|uint32_t",
    "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
    "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {word: code for code, words in _TYPES.items() for word in words.split("|")}
# How the three axes of space run; of others, such as those of a scanner, nothing is known.
_SPACES = {
    "right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1), "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1),
}  # fmt: skip
_COLOUR_KINDS = {"rgb-color": RGB, "rgba-color": RGBA}
_VECTOR = re.compile(r"\(([^()]*)\)|none")
# What 3D Slicer writes of the first segment of a segmentation.
_SEGMENT = "Segment0_"


def read_nrrd_header(stream: BinaryIO, file: str) -> VolumeHeader:
    """The header; the stream stands behind it afterwards.

    Raises:
        ScanError: it is damaged, or the voxels are packed in an unusual way, or lie in several files.
        ValueError: a number is none.
    """
    lines = Lines(stream, _FORMAT, file)
    fields, is_segmentation = _read_fields(lines)
    sizes = [int(size) for size in fields.get("sizes", "").split()]
    kind = _DTYPES.get(fields.get("type", "").lower())
    if kind is None:
        raise ScanError(file, Problem.BAD_VOXEL_TYPE, found=fields.get("type"))
    if not sizes or min(sizes) < 1 or len(sizes) != int(fields.get("dimension", len(sizes))):
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=" x ".join(map(str, sizes)) or None)
    encoding = fields.get("encoding", "").lower()
    if encoding not in ("raw", "gzip", "gz"):
        raise ScanError(file, Problem.DATA_ELSEWHERE, found=f"its voxels are encoded as {encoding or 'nothing'}")
    data_file = fields.get("data file") or fields.get("datafile")
    if data_file and (data_file.startswith("LIST") or "%" in data_file):
        raise ScanError(file, Problem.DATA_ELSEWHERE, found="its voxels lie in several files")
    byte_skip = int(fields.get("byte skip", fields.get("byteskip", 0)))
    if int(fields.get("line skip", fields.get("lineskip", 0))):
        raise ScanError(file, Problem.DATA_ELSEWHERE, found="lines stand before its voxels")
    dtype = np.dtype(f"{'>' if fields.get('endian', 'little').lower() == 'big' else '<'}{kind}")
    shape, volumes, is_interleaved, colour, affine, is_placed = _lay_out(fields, sizes, file)
    return VolumeHeader(
        _FORMAT,
        shape,
        colour if colour is not None and kind == "u1" else dtype,
        affine,
        is_placed,
        offset=(0 if data_file else lines.at) + max(0, byte_skip if encoding == "raw" else 0),
        volumes=volumes if colour is None or kind != "u1" else 1,
        is_interleaved=is_interleaved and not (colour is not None and kind == "u1"),
        data_files=(_beside(data_file),) if data_file else (),
        packing=Packing.NONE if encoding == "raw" else Packing.DEFLATE,
        from_end=byte_skip == -1 and encoding == "raw",
        is_label_map=is_segmentation,
    )


def _read_fields(lines: Lines) -> tuple[dict[str, str], bool]:
    fields, is_segmentation = dict[str, str](), False
    lines.next()  # the version
    while line := lines.next():  # an empty line ends the header
        if line.startswith("#"):
            continue
        if ":=" in line and not re.match(r"[a-z ]+: ", line):
            is_segmentation = is_segmentation or line.startswith(_SEGMENT)
            continue
        key, _, value = line.partition(":")
        fields[key.strip().lower()] = value.strip()
        if fields.get("data file", fields.get("datafile", "")).startswith("LIST"):
            break
    return fields, is_segmentation


def _beside(name: str) -> str:
    return PurePath(name).name if name == f"./{PurePath(name).name}" else name


def _lay_out(
    fields: dict[str, str], sizes: list[int], file: str
) -> tuple[tuple[int, int, int], int, bool, np.dtype | None, np.ndarray, bool]:
    """Shape, volumes, whether they are interleaved, colours, the affine, and whether the file states it."""
    vectors = _read_vectors(fields.get("space directions", ""))
    kinds = fields.get("kinds", "").lower().split()
    if len(vectors) == len(sizes):
        spatial = [axis for axis, vector in enumerate(vectors) if vector is not None]
    elif len(kinds) == len(sizes):
        spatial = [axis for axis, kind in enumerate(kinds) if kind in ("domain", "space", "???", "none")]
    else:
        spatial = list(range(min(3, len(sizes))))
    others = [axis for axis in range(len(sizes)) if axis not in spatial]
    # Values that are no axis of space stand before it or behind it.
    if not spatial or len(spatial) > 3 or spatial != list(range(spatial[0], spatial[-1] + 1)) or len(others) > 1:
        raise ScanError(file, Problem.BAD_DIMENSIONS, found=" x ".join(map(str, sizes)))
    first, *_ = others or [len(sizes)]
    i, j, k = ([sizes[axis] for axis in spatial] + [1, 1])[:3]
    colour = _COLOUR_KINDS.get(kinds[first]) if others and len(kinds) == len(sizes) and first == 0 else None
    if colour is not None and sizes[first] != len(colour.names or ()):
        colour = None
    volumes = math.prod(sizes[axis] for axis in others)
    return (i, j, k), volumes, bool(others) and first == 0, colour, *_affine(fields, vectors, spatial, len(sizes))


def _read_vectors(text: str) -> list[list[float] | None]:
    return [
        None if found[0] == "none" else [float(item) for item in found[1].split(",")]
        for found in _VECTOR.finditer(text.lower())
    ]


def _affine(
    fields: dict[str, str], vectors: list[list[float] | None], spatial: list[int], dimensions: int
) -> tuple[np.ndarray, bool]:
    # Without a space, axes run as those of ITK and DICOM do.
    space = _SPACES.get(fields.get("space", "").lower(), (-1, -1, 1))
    to_ras = np.diag(np.array(space, np.float64)) if "space" in fields else LPS_TO_RAS[:3, :3]
    directions = np.eye(3)
    if len(vectors) == dimensions:
        steps = [vector for axis in spatial if (vector := vectors[axis]) is not None and len(vector) == 3]
        if len(steps) == len(spatial):
            directions[:, : len(steps)] = np.array(steps).T
    elif len(spacings := [float(item) for item in fields.get("spacings", "").split()]) == dimensions:
        directions = np.diag([*(abs(spacings[axis]) for axis in spatial), 1.0, 1.0][:3])
    origin = next(iter(_read_vectors(fields.get("space origin", ""))), None)
    start = np.array(origin if origin is not None and len(origin) == 3 else [0.0, 0.0, 0.0])
    affine, is_usable = to_affine(to_ras @ directions, to_ras @ start)
    return affine, is_usable and fields.get("space", "").lower() in _SPACES and len(vectors) == dimensions
