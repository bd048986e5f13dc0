"""Siemens mosaics: all slices of a volume as tiles of one picture, cut apart again; their headers through nibabel."""

import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.tag import Tag

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

_TILES = Tag(0x0019, 0x100A)  # NumberOfImagesInMosaic, in Siemens' block
_CSA = Tag(0x0029, 0x1010)  # CSA Image Header Info, which says it too, and which way the slices run
_CREATORS = {Tag(0x0019, 0x0010): "SIEMENS MR HEADER", Tag(0x0029, 0x0010): "SIEMENS CSA HEADER"}
# Of a mosaic of 1024 x 1024 pixels at 64 a side, twice over.
_MAX_TILES = 512


@dataclass(frozen=True, slots=True)
class Mosaic:
    """How the tiles lie in the picture: row by row from the upper left, in a square that is not full at its end."""

    tiles: int
    normal: tuple[float, float, float] | None  # direction in which they follow each other; None where unknown

    @property
    def per_side(self) -> int:
        """Tiles in a row and in a column."""
        return math.isqrt(self.tiles - 1) + 1

    def cut(self, picture: NDArray[Any], index: int, name: str) -> NDArray[Any]:
        """One slice.

        Args:
            picture: (rows, columns), of all slices.
            index: of the slice, from 0.
            name: used in messages only.

        Raises:
            ScanError: the picture cannot be divided into as many tiles.
        """
        rows, columns = (size // self.per_side for size in picture.shape[:2])
        if min(rows, columns) < 1 or picture.ndim != 2:
            raise ScanError(name, Problem.BAD_PIXELS, found="mosaic")
        row, column = divmod(index, self.per_side)
        return picture[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]


def read_mosaic(data: bytes, rows: int, columns: int) -> Mosaic | None:
    """How the slices of a file lie in its picture; None where the file does not say, or not in a way that can be right.

    Args:
        data: the whole file, whose ImageType says that it is a mosaic.
        rows: of the picture.
        columns: of the picture.
    """
    try:
        found = dcmread(io.BytesIO(data), force=True, stop_before_pixels=True, specific_tags=[_TILES, _CSA, *_CREATORS])
        blocks = {tag.group for tag, creator in _CREATORS.items() if tag in found and str(found[tag].value) == creator}
        tiles = int(found[_TILES].value) if 0x0019 in blocks and _TILES in found else 0
        csa = _read_csa(bytes(found[_CSA].value)) if 0x0029 in blocks and _CSA in found else {}
        tiles = tiles or int(csa["NumberOfImagesInMosaic"][0])
        normal = csa.get("SliceNormalVector")
    except Exception:  # damaged private elements raise nearly any type; the picture is then left as it is
        return None
    mosaic = Mosaic(tiles, (normal[0], normal[1], normal[2]) if normal and np.isfinite(normal).all() else None)
    if not 1 < tiles <= _MAX_TILES or rows % mosaic.per_side or columns % mosaic.per_side:
        return None
    return mosaic


def _read_csa(block: bytes) -> dict[str, list[float]]:
    # It warns of its DICOM readers as a whole; this one is compared with what nibabel's own tests hold.
    warnings.filterwarnings("ignore", message="The DICOM readers are highly experimental")
    from nibabel.nicom import csareader  # takes half a second, and few files are mosaics

    try:
        tags: dict[str, Any] = csareader.read(block)["tags"]  # type: ignore[no-untyped-call]
    except Exception:
        return {}  # where another element says how many tiles there are, these can do without
    return {
        name: [float(item) for item in tags[name]["items"]]
        for name in ("NumberOfImagesInMosaic", "SliceNormalVector")
        if tags.get(name, {}).get("items")
    }
