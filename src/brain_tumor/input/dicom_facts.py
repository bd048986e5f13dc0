"""What a DICOM file says of a frame that tells the volumes of one series apart."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from brain_tumor.input.dicom_file import sequence_items
from brain_tumor.input.dicom_frames import Frames
from brain_tumor.input.series_kind import SeriesKind, find_kind

# Elements of vendors, of dicom_file.PRIVATE_TAGS, and the creators of their blocks.
_SIEMENS, _GE, _GE_ACQUISITION = "SIEMENS MR HEADER", "GEMS_PARM_01", "GEMS_ACQU_01"
_PHILIPS, _PHILIPS_MR = "Philips Imaging DD 001", "Philips MR Imaging DD 001"
_SIEMENS_B_VALUE, _SIEMENS_DIRECTION = (0x0019, 0x100C), (0x0019, 0x100E)
_GE_B_VALUE, _GE_COMPONENT = (0x0043, 0x1039), (0x0043, 0x102F)
_GE_DIRECTION = ((0x0019, 0x10BB), (0x0019, 0x10BC), (0x0019, 0x10BD))
_PHILIPS_B_VALUE, _PHILIPS_DIRECTION = (0x2001, 0x1003), ((0x2005, 0x10B0), (0x2005, 0x10B1), (0x2005, 0x10B2))
_GE_COMPONENTS = {1: "PHASE", 2: "REAL", 3: "IMAGINARY"}
# GE adds it to the b-value of images with several directions. Source: dcm2niix, "nii_dicom.cpp".
_GE_B_OFFSET = 10**9
# Siemens names its sequences so: ep_b1000#12 has a b-value of 1000 and the twelfth direction.
_SIEMENS_SEQUENCE = re.compile(r"\*?ep_b(\d{1,5})(?:#(\d{1,4})|t)?")
# What ImageType leaves open of images that a functional group may tell more of.
_ORIGINAL = (SeriesKind.MAGNITUDE, SeriesKind.DIFFUSION, SeriesKind.DERIVED)
_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame siblings, 7.1 to 7.4
# Dimension indices that only say where in its stack a frame lies. Source: DICOM PS3.3, C.7.6.17.
_PLACE_INDICES = {Tag(word) for word in ("InStackPositionNumber", "ImagePositionPatient", "SliceLocation")}
_POSITION_INDICES = {*_PLACE_INDICES, Tag("StackID")}


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Of one frame; None where the file does not say. Fields but the first are in the order in which they split."""

    kind: SeriesKind | None = None  # None of other modalities
    stack: str | None = None
    echo_number: int | None = None
    echo_time_ms: float | None = None
    b_value: int | None = None  # s/mm2
    direction: tuple[float, ...] | None = None  # of diffusion weighting
    time_index: int | None = None
    inversion_time_ms: float | None = None
    flip_angle: float | None = None
    image_type: tuple[str, ...] | None = None
    trigger_time_ms: float | None = None
    dimensions: tuple[int, ...] | None = None  # dimension index of a multi-frame file, without the place in the stack
    acquisition: int | None = None
    acquisition_time: str | None = None


class FactsReader:
    """Reads the facts of a file's frames; values that are of a wrong kind count as missing."""

    def __init__(self, dataset: Dataset, frames: Frames) -> None:
        self._dataset, self._frames = dataset, frames
        self._names = [text_of(dataset, word) for word in ("SeriesDescription", "ProtocolName")]
        self._modality = (text_of(dataset, "Modality") or "MR").upper()
        self._sequence = _SIEMENS_SEQUENCE.match(text_of(dataset, "SequenceName") or "")
        self._pointers = [
            item.get("DimensionIndexPointer") for item in sequence_items(dataset, "DimensionIndexSequence")
        ]
        self._seen: tuple[int, dict[str, list[Dataset]]] = (-1, {})  # of the frame that was looked at last
        self._is_capture = (text_of(dataset, "SOPClassUID") or "").startswith(_CAPTURE)

    def read(self, index: int) -> FrameFacts:
        """The facts of one frame, by its index from 0."""
        b_value = self._b_value(index)
        image_type = self._image_type(index)
        kind: SeriesKind | None = None
        if self._modality == "MR":
            kind = find_kind(image_type or (), self._component(index), self._names, b_value, self._is_capture)
            if kind in _ORIGINAL and self._find(index, "MRArterialSpinLabelingSequence", "ASLContext") is not None:
                kind = SeriesKind.ASL
            if image_type and "MOSAIC" in image_type and kind.is_answered:
                kind = SeriesKind.MOSAIC
        return FrameFacts(
            kind,
            stack=text_of(self._dataset, "StackID") or _text(self._find(index, "FrameContentSequence", "StackID")),
            echo_number=_whole(self._dataset.get("EchoNumbers")),
            echo_time_ms=_rounded(self._find(index, "MREchoSequence", "EffectiveEchoTime", "EchoTime")),
            b_value=None if b_value is None else round(b_value),
            direction=self._direction(index),
            time_index=_whole(
                self._find(index, "FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIdentifier")
            ),
            inversion_time_ms=_rounded(self._find(index, "MRModifierSequence", "InversionTimes", "InversionTime")),
            flip_angle=_rounded(self._find(index, "MRTimingAndRelatedParametersSequence", "FlipAngle")),
            image_type=image_type,
            trigger_time_ms=_rounded(
                self._find(index, "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "TriggerTime")
            ),
            dimensions=self._dimensions(index),
            acquisition=_whole(
                self._find(index, "FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber")
            ),
            acquisition_time=_text(self._dataset.get("AcquisitionTime")),
        )

    def place_in_stack(self, index: int) -> int | None:
        """Which slice of its stack a frame is, for files that state no positions; None where they do not say."""
        stated = _whole(self._find(index, "FrameContentSequence", "InStackPositionNumber"))
        if stated is not None:
            return stated
        found = (value for value, pointer in self._dimension_values(index) if pointer in _PLACE_INDICES)
        return next(found, None)

    def _image_type(self, index: int) -> tuple[str, ...] | None:
        own = _texts(self._find(index, "MRImageFrameTypeSequence", "FrameType"))
        found = own or _texts(self._dataset.get("ImageType"))
        return tuple(found) or None

    def _component(self, index: int) -> str | None:
        stated = _text(self._find(index, "MRImageFrameTypeSequence", "ComplexImageComponent"))
        if stated and stated != "MIXED":
            return stated.upper()
        return _GE_COMPONENTS.get(int(number_of(self._private(_GE_COMPONENT, _GE)) or 0))

    def _b_value(self, index: int) -> float | None:
        stated = number_of(self._find(index, "MRDiffusionSequence", "DiffusionBValue"))
        if stated is None:
            stated = number_of(self._private(_SIEMENS_B_VALUE, _SIEMENS))
        if stated is None:
            stated = number_of(self._private(_PHILIPS_B_VALUE, _PHILIPS))
        if stated is None and (found := number_of(self._private(_GE_B_VALUE, _GE))) is not None:
            stated = found % _GE_B_OFFSET
        if stated is None and self._sequence:
            stated = float(self._sequence[1])
        return stated if stated is not None and 0 <= stated < 10**6 else None

    def _direction(self, index: int) -> tuple[float, ...] | None:
        for statement in self._statements(index, "MRDiffusionSequence"):
            for item in (*sequence_items(statement, "DiffusionGradientDirectionSequence")[:1], statement):
                if found := _numbers(item.get("DiffusionGradientOrientation")):
                    return found
        if found := _numbers(self._private(_SIEMENS_DIRECTION, _SIEMENS)):
            return found
        if self._sequence and self._sequence[2]:
            return (float(self._sequence[2]),)
        for tags, creator in ((_PHILIPS_DIRECTION, _PHILIPS_MR), (_GE_DIRECTION, _GE_ACQUISITION)):
            parts = [number_of(self._private(tag, creator)) for tag in tags]
            if None not in parts:
                return tuple(round(part or 0.0, 3) for part in parts)
        return None

    def _dimensions(self, index: int) -> tuple[int, ...] | None:
        found = (value for value, pointer in self._dimension_values(index) if pointer not in _POSITION_INDICES)
        return tuple(found) or None

    def _dimension_values(self, index: int) -> list[tuple[int, Any]]:
        """Each dimension index with what it counts."""
        values = _numbers(self._find(index, "FrameContentSequence", "DimensionIndexValues"))
        if values is None or len(values) != len(self._pointers):
            return []
        return [(int(value), pointer) for value, pointer in zip(values, self._pointers, strict=True)]

    def _find(self, index: int, group: str, *keywords: str) -> Any:
        found = (statement.get(word) for word in keywords for statement in self._statements(index, group))
        return next((value for value in found if value is not None), None)

    def _statements(self, index: int, group: str) -> list[Dataset]:
        if self._seen[0] != index:
            self._seen = index, {}
        groups = self._seen[1]
        if group not in groups:  # a sequence is parsed again at every access
            groups[group] = list(self._frames.statements(index, group))
        return groups[group]

    def _private(self, tag: tuple[int, int], creator: str) -> Any:
        """The value of a vendor's element, where its block says that it is that vendor's."""
        try:
            if _text(self._dataset[tag[0], 0x0010].value) != creator:
                return None
            return self._dataset[tag].value
        except Exception:
            return None


def text_of(dataset: Dataset, keyword: str) -> str | None:
    """A text element without the fill around it; None where it is missing or empty."""
    return _text(dataset.get(keyword))


def number_of(value: Any) -> float | None:
    """A number, the first of several; None where it is none."""
    if isinstance(value, bytes):  # pydicom does not know the element's type
        value = value.split(b"\\")[0].decode("ascii", "ignore").strip(" \x00")
    elif isinstance(value, Iterable) and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None


def _text(value: Any) -> str | None:
    return str(value if value is not None else "").strip(" \x00") or None


def _texts(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value if isinstance(value, Iterable) else []
    return [str(value).strip().upper() for value in values]


def _whole(value: Any) -> int | None:
    number = number_of(value)
    return None if number is None else int(number)


def _rounded(value: Any) -> float | None:
    number = number_of(value)
    return None if number is None else round(number, 2)


def _numbers(value: Any) -> tuple[float, ...] | None:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return None
    found = [number_of(item) for item in value]
    return None if None in found else tuple(round(item or 0.0, 3) for item in found) or None
