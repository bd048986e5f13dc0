"""What a DICOM file says about one of its frames: position, size, meaning of the grey values.

Classic images say it once for all frames. Enhanced ones say it in functional groups, for one frame or shared by all;
the most particular statement counts. Source: DICOM PS3.3, C.7.6.16.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from brain_tumor.input.dicom_file import held_bytes, sequence_items
from brain_tumor.input.orientation import ascending_normal
from brain_tumor.input.voi import GreyScale, LookupTable, VoiWindow

Orientation = tuple[float, float, float, float, float, float]
Position = tuple[float, float, float]

_DIRECTIONS = {
    "L": (1.0, 0.0, 0.0),
    "R": (-1.0, 0.0, 0.0),
    "P": (0.0, 1.0, 0.0),
    "A": (0.0, -1.0, 0.0),
    "H": (0.0, 0.0, 1.0),
    "F": (0.0, 0.0, -1.0),
}
# Shorter than any direction that a normalised row or column can have.
_NO_DIRECTION = 0.1


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """Where a frame lies in the patient's coordinates, in mm; None where the file does not say."""

    orientation: Orientation | None  # direction of the rows, then of the columns
    position: Position | None  # of the first pixel

    @property
    def along_normal_mm(self) -> float | None:
        """Distance from the origin along the normal of the frame, towards superior, anterior or left."""
        if self.orientation is None or self.position is None:
            return None
        return float(ascending_normal(self.orientation[:3], self.orientation[3:]) @ np.array(self.position))


class Frames:
    """The statements of one file about its frames; each method takes a frame's index, from 0."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._shared = sequence_items(dataset, "SharedFunctionalGroupsSequence")[:1]
        self._own = sequence_items(dataset, "PerFrameFunctionalGroupsSequence")

    @property
    def held_bytes(self) -> int:
        """How much memory the file's elements take at most, about."""
        return sum(map(held_bytes, (self._dataset, *self._shared, *self._own)))

    def plane(self, index: int) -> ImagePlane:
        """Orientation and position of a frame."""
        orientation = _numbers(self.find(index, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
        if orientation is not None and np.linalg.norm(np.cross(orientation[:3], orientation[3:])) < _NO_DIRECTION:
            orientation = None
        if orientation is None:
            orientation = _named_directions(self._dataset.get("PatientOrientation"))
        position = _numbers(self.find(index, "PlanePositionSequence", "ImagePositionPatient"), 3)
        return ImagePlane(orientation, position)  # type: ignore[arg-type]  # _numbers has counted them

    def spacing_mm(self, index: int) -> tuple[float, float] | None:
        """Distance from row to row and from column to column; None where it is unknown or not above zero."""
        found = _numbers(self.find(index, "PixelMeasuresSequence", "PixelSpacing"), 2)
        found = found or _numbers(self._dataset.get("ImagerPixelSpacing"), 2)
        return (found[0], found[1]) if found and min(found) > 0 else None

    def pixel_aspect(self) -> tuple[float, float] | None:
        """Height and width of a pixel in proportion to each other; None where it is unknown or not above zero."""
        found = _numbers(self._dataset.get("PixelAspectRatio"), 2)
        return (found[0], found[1]) if found and min(found) > 0 else None

    def thickness_mm(self, index: int) -> float | None:
        """Nominal thickness of a slice; None where it is unknown or not above zero."""
        value = self.find(index, "PixelMeasuresSequence", "SliceThickness")
        return float(value) if value is not None and float(value) > 0 else None

    def grey_scale(self, index: int) -> GreyScale:
        """What the stored values of a frame mean.

        Raises:
            ValueError: its rescale is no number.
        """
        signed = self._dataset.get("PixelRepresentation") == 1
        rescale = ("PixelValueTransformationSequence", "RescaleSlope", "RescaleIntercept")
        slope, intercept = (self.find(index, rescale[0], keyword) for keyword in rescale[1:])
        scale = float(1 if slope is None else slope), float(0 if intercept is None else intercept)
        if not np.isfinite(scale).all():
            raise ValueError("slope and intercept")
        windows = self._windows(index)
        return GreyScale(
            *scale,
            modality_table=_table(self._dataset, "ModalityLUTSequence", signed),
            window=windows[0] if windows else None,
            other_windows=windows[1:],
            window_table=_table(self._dataset, "VOILUTSequence", signed),
            padding=_padding(self._dataset, signed),
            white_is_low=self._dataset.get("PhotometricInterpretation") == "MONOCHROME1",
        )

    def _windows(self, index: int) -> tuple[VoiWindow, ...]:
        centers = _several(self.find(index, "FrameVOILUTSequence", "WindowCenter"))
        widths = _several(self.find(index, "FrameVOILUTSequence", "WindowWidth"))
        function = str(self.find(index, "FrameVOILUTSequence", "VOILUTFunction") or "LINEAR").strip().upper()
        windows = (
            VoiWindow(float(center), float(width), function) for center, width in zip(centers, widths, strict=False)
        )
        return tuple(window for window in windows if window.is_usable)

    def find(self, index: int, group: str, keyword: str) -> Any:
        """The most particular value of an element; None where the file does not say.

        Args:
            index: of the frame.
            group: keyword of the functional group that has the element.
            keyword: of the element.
        """
        for statement in self.statements(index, group):
            if (value := statement.get(keyword)) is not None:
                return value
        return None

    def statements(self, index: int, group: str) -> Iterator[Dataset]:
        """What is said under a functional group's name: of the frame, of all frames, of the file."""
        for groups in (*self._own[index : index + 1], *self._shared):
            yield from sequence_items(groups, group)[:1]
        yield self._dataset


def _named_directions(value: Any) -> tuple[float, ...] | None:
    """PatientOrientation, such as L and P, as direction cosines; source: DICOM PS3.3, C.7.6.1.1.1."""
    words = [str(word).strip().upper()[:1] for word in _several(value)]
    if len(words) != 2 or not all(word in _DIRECTIONS for word in words):
        return None
    along_row, along_column = (_DIRECTIONS[word] for word in words)
    # One axis twice spans no plane.
    return None if any(a and b for a, b in zip(along_row, along_column, strict=True)) else (*along_row, *along_column)


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    if not isinstance(value, Iterable) or isinstance(value, str):
        return None
    numbers = tuple(float(item) for item in value)
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None


def _padding(dataset: Dataset, signed: bool) -> tuple[int, int] | None:
    value = dataset.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    bits = int(dataset.get("BitsAllocated") or 16)
    ends = [_as_stored(item, signed, bits) for item in (value, limit if isinstance(limit, int) else value)]
    return min(ends), max(ends)


def _as_stored(value: int, signed: bool, bits: int) -> int:
    # Writers confuse the signed and the unsigned element: 63536 stands for -2000 and the other way round.
    value %= 2**bits
    return value - 2**bits if signed and value >= 2 ** (bits - 1) else value


def _table(dataset: Dataset, keyword: str, signed: bool) -> LookupTable | None:
    """The first table of a sequence; source: DICOM PS3.3, C.11.1.1."""
    for item in sequence_items(dataset, keyword)[:1]:
        count, first, bits = (int(entry) for entry in item["LUTDescriptor"].value)
        count = count % 2**16 or 2**16  # 65536 entries do not fit and stand as 0
        entries = _table_entries(item["LUTData"].value, count, "<" if item.original_encoding[1] else ">")
        if not 1 <= bits <= 16 or len(entries) < count:
            raise ValueError("lookup table")
        return LookupTable(_as_stored(first, signed, 16) if signed else first, entries[:count].astype(np.float64), bits)
    return None


def _table_entries(data: Any, count: int, byte_order: str) -> np.ndarray:
    if not isinstance(data, bytes):
        words = np.atleast_1d(np.asarray(data, np.int64)).astype(np.uint16)
        if len(words) >= count:
            return words
        data, byte_order = words.astype("<u2").tobytes(), "<"  # two entries of 8 bits share a word
    return np.frombuffer(data, f"{byte_order}u2" if len(data) >= 2 * count else "u1")
