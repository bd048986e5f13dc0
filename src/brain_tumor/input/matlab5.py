"""MATLAB files before version 7.3: one array of one structure, found without unpacking more than an image needs.

Libraries that read such files end the program on some damaged ones. Source: MathWorks, MAT-File Format, R2023b.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STRUCTURE = 2
_COMPLEX = 0x08
# Data types of elements, table 1-1, and classes of numeric arrays, table 1-3.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC = range(6, 16)


# The flags, dimensions and name of an array stand at its beginning.
_BEGIN_BYTES = 4096


class TooLargeError(Exception):
    """A variable unpacks to more than is allowed."""


@dataclass(frozen=True, slots=True)
class _Element:
    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Matrix:
    """An array: what it is, its dimensions and name, and the elements behind these."""

    array_class: int
    is_complex: bool
    dimensions: tuple[int, ...]
    name: str
    rest: tuple[_Element, ...]


def list_variables(data: bytes) -> list[str]:
    """The names of a file's variables; no more than the beginning of each is unpacked.

    Raises:
        ValueError: the file is damaged, as struct.error, zlib.error and StopIteration say too.
    """
    order = ">" if data[126:128] == b"MI" else "<"
    names = []
    for element in _elements(data[_HEADER_BYTES:], order):
        if element.kind == _COMPRESSED:
            begin = zlib.decompressobj().decompress(element.data, _BEGIN_BYTES)
            kind, inside = struct.unpack_from(f"{order}I", begin)[0], begin[8:]
        else:
            kind, inside = element.kind, element.data
        if kind == _MATRIX:
            parts = _elements(inside, order)
            _flags, _dimensions, name = (next(parts) for _ in range(3))
            names.append(name.data.decode("latin-1"))
    return names


def read_field(data: bytes, variable: str, name: str, limit: int) -> NDArray[Any] | None:
    """A numeric field of a structure, rows and columns as MATLAB shows them.

    Args:
        data: the whole file.
        variable: the structure's name.
        name: of the field.
        limit: bytes that all variables may unpack to.

    Returns:
        None where there is no such field, or it is no plain numeric array.

    Raises:
        TooLargeError: a variable unpacks to more.
        ValueError: the file is damaged, as struct.error and zlib.error say too.
    """
    order = ">" if data[126:128] == b"MI" else "<"
    for element in _elements(data[_HEADER_BYTES:], order):
        if element.kind == _COMPRESSED:
            inflating = zlib.decompressobj()
            inflated = inflating.decompress(element.data, limit + 1)
            if len(inflated) > limit or inflating.unconsumed_tail:
                raise TooLargeError
            limit -= len(inflated)
            found = next(_elements(inflated, order))
        else:
            found = element
        if found.kind == _MATRIX and (matrix := _to_matrix(found.data, order)).name == variable:
            field = _find_field(matrix, name, order)
            return None if field is None else _to_array(field, order)
    return None


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start = at + 8
            # All but compressed elements are padded to eight bytes.
            end = start + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if start + size > len(data):
            raise ValueError("an element reaches beyond the end")
        yield _Element(kind, data[start : start + size])
        at = end


def _to_matrix(data: bytes, order: str) -> _Matrix:
    elements = _elements(data, order)
    flags, dimensions, name = (next(elements, None) for _ in range(3))
    if flags is None or dimensions is None or name is None:
        raise ValueError("an array without a name")
    (word,) = struct.unpack_from(f"{order}I", flags.data)
    sizes = struct.unpack(f"{order}{len(dimensions.data) // 4}i", dimensions.data[: len(dimensions.data) // 4 * 4])
    return _Matrix(word & 0xFF, bool(word >> 8 & _COMPLEX), sizes, name.data.decode("latin-1"), tuple(elements))


def _find_field(structure: _Matrix, name: str, order: str) -> _Matrix | None:
    if structure.array_class != _STRUCTURE or len(structure.rest) < 2:
        return None
    length_of_names, names, *fields = structure.rest
    (length,) = struct.unpack_from(f"{order}i", length_of_names.data)
    if length < 1:
        raise ValueError("names of no length")
    known = [names.data[at : at + length].split(b"\0")[0] for at in range(0, len(names.data), length)]
    for known_name, field in zip(known, fields, strict=False):
        if known_name == name.encode() and field.kind == _MATRIX:
            return _to_matrix(field.data, order)
    return None


def _to_array(matrix: _Matrix, order: str) -> NDArray[Any] | None:
    if matrix.array_class not in _NUMERIC or matrix.is_complex or not matrix.rest:
        return None
    values = matrix.rest[0]
    if values.kind not in _TYPES or not matrix.dimensions or min(matrix.dimensions) < 0:
        return None
    return np.frombuffer(values.data, f"{order}{_TYPES[values.kind]}").reshape(matrix.dimensions, order="F")
