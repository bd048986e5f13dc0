"""DICOM files: what their header says, and their frames as slices that are read when they are asked for."""

import hashlib
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_facts import FactsReader, FrameFacts, number_of
from brain_tumor.input.dicom_file import (
    HeaderElements,
    as_scan_error,
    read_header_elements,
    read_pixel_elements,
)
from brain_tumor.input.dicom_frames import Frames, ImagePlane, Orientation, Position
from brain_tumor.input.dicom_identity import is_uid
from brain_tumor.input.dicom_pixels import decode_frame
from brain_tumor.input.dicom_window import SeriesWindow, WindowChoice
from brain_tumor.input.orientation import ascending_normal, normal, radiological_view
from brain_tumor.input.raster import MAX_SCAN_PIXELS, to_luma_and_chroma, too_many_pixels
from brain_tumor.input.scan import Scan, WindowUse
from brain_tumor.input.series import (
    NOTHING_KNOWN,
    DicomReference,
    ReadOptions,
    SeriesAbout,
    Slice,
    WindowMode,
    leave_out,
)
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.input.siemens_mosaic import Mosaic, read_mosaic
from brain_tumor.input.sop_classes import check_is_image
from brain_tumor.input.voi import GreyScale
from brain_tumor.problems import Problem

# Functional series have some thousand volumes, stored as files of their own; a file of more frames is a mistake.
MAX_FRAMES = 10_000
# Parsed headers stay until their slices are gone, so that a file is parsed once: those of some 900 slices. Beyond this
# much memory, later files are parsed again when they are read.
_MAX_KEPT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class ParsedHeader:
    """A file parsed up to its pixel data."""

    elements: HeaderElements
    statements: Frames
    held_bytes: int


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What tells DICOM files of one series apart and puts them in order; None where a file does not say."""

    series_uid: str | None
    modality: str | None  # in capitals, such as "MR"
    instance_number: int | None
    frames: int
    orientation: Orientation | None  # of the first frame: direction of its rows, then of its columns
    position: Position | None  # of the first frame's first pixel, mm
    frame_positions_mm: tuple[float | None, ...] = ()  # of every frame, along its normal
    frame_orientations: tuple[Orientation | None, ...] = ()  # of every frame, as orientation
    study_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    facts: tuple[FrameFacts, ...] = ()  # of every frame
    about: SeriesAbout = NOTHING_KNOWN
    places_in_stack: tuple[int | None, ...] = ()  # of every frame, counted by the file
    slice_location: float | None = None  # as the file states it, mm
    size: tuple[int, int] | None = None  # rows, columns
    patient: int | None = None  # equal for the same patient, in one run of the program
    pixel_digest: bytes | None = None  # of the pixel data as stored
    content_time: str | None = None
    concatenation: tuple[str, int] | None = None  # of one image in several files: its identifier, which part this is
    mosaic: Mosaic | None = None  # where the frames are tiles of one picture
    parsed: ParsedHeader | None = field(default=None, compare=False, repr=False)  # where there was room to keep it


def read_header(data: bytes, file: str) -> DicomHeader:
    """Read what a DICOM file says about itself; pixels are not decoded.

    Args:
        data: the whole file.
        file: used in messages only.

    Raises:
        ScanError: the file is damaged, holds no image, or announces more than MAX_SCAN_PIXELS or MAX_FRAMES.
    """
    parsed = _parse(data, file)
    dataset = parsed.elements.dataset
    with as_scan_error(file, Problem.BAD_HEADER):
        frames = _count_frames(dataset, file)
        planes = [parsed.statements.plane(index) for index in range(frames)]
        reader = FactsReader(dataset, parsed.statements)
        facts = tuple(reader.read(index) for index in range(frames))
        header = DicomHeader(
            series_uid=_text(dataset, "SeriesInstanceUID"),
            modality=_modality(dataset),
            instance_number=_whole_number(dataset, "InstanceNumber"),
            frames=frames,
            orientation=planes[0].orientation,
            position=planes[0].position,
            frame_positions_mm=tuple(plane.along_normal_mm for plane in planes),
            frame_orientations=tuple(plane.orientation for plane in planes),
            study_uid=_text(dataset, "StudyInstanceUID"),
            sop_instance_uid=_text(dataset, "SOPInstanceUID"),
            sop_class_uid=_text(dataset, "SOPClassUID"),
            facts=facts,
            places_in_stack=tuple(reader.place_in_stack(index) for index in range(frames)) if frames > 1 else (),
            about=SeriesAbout(
                _text(dataset, "SeriesDescription"),
                _whole_number(dataset, "SeriesNumber"),
                _text(dataset, "ProtocolName"),
                _text(dataset, "SequenceName") or _text(dataset, "PulseSequenceName"),
            ),
            slice_location=number_of(dataset.get("SliceLocation")),
            size=(int(dataset.Rows), int(dataset.Columns)),
            patient=parsed.elements.patient,
            pixel_digest=_digest(data, parsed.elements.pixels_at),
            content_time=_text(dataset, "ContentTime"),
            concatenation=_concatenation(dataset),
            parsed=parsed if _keep(parsed) else None,
        )
        if frames == 1 and facts[0].kind is SeriesKind.MOSAIC:
            return _split_mosaic(header, read_mosaic(data, int(dataset.Rows), int(dataset.Columns)), dataset)
        return header


def list_slices(read: Callable[[], bytes], header: DicomHeader, file: str, options: ReadOptions) -> tuple[Slice, ...]:
    """The frames of one DICOM file, in the file's order; nothing is read before a slice's own read() is called.

    Args:
        read: gives the file's content, the same at every call.
        header: from read_header.
        file: names the slices.
        options: whether kinds that are not answered are, and the window; it is chosen for all frames together.
    """
    return to_slices(list_frames(read, header, file), options)


def _split_mosaic(header: DicomHeader, mosaic: Mosaic | None, dataset: FileDataset) -> DicomHeader:
    """The header with a frame for each tile; as it is where nobody knows how to cut it."""
    if mosaic is None or header.orientation is None:
        return header
    facts = replace(header.facts[0], kind=SeriesKind.DIFFUSION if header.facts[0].b_value else SeriesKind.MAGNITUDE)
    first = header.frame_positions_mm[0]
    spacing = number_of(dataset.get("SpacingBetweenSlices")) or number_of(dataset.get("SliceThickness"))
    positions: list[float | None] = [None] * mosaic.tiles
    if first is not None and spacing:
        along = ascending_normal(header.orientation[:3], header.orientation[3:])
        runs = normal(header.orientation[:3], header.orientation[3:]) if mosaic.normal is None else mosaic.normal
        step = spacing if float(along @ np.array(runs)) > 0 else -spacing
        positions = [first + index * step for index in range(mosaic.tiles)]
    return replace(
        header,
        frames=mosaic.tiles,
        facts=(facts,) * mosaic.tiles,
        places_in_stack=(None,) * mosaic.tiles,
        frame_positions_mm=tuple(positions),
        frame_orientations=(header.orientation,) * mosaic.tiles,
        mosaic=mosaic,
    )


@dataclass(frozen=True, slots=True, eq=False)
class DicomFrame:
    """One frame that can be decoded; nothing of it is held."""

    file: str
    number: int | None  # counted from 1 within the file; None for a file of one frame
    index: int  # the same, from 0
    header: DicomHeader
    content: Callable[[], bytes]  # of the file
    parse: "Callable[[str, int | None], tuple[FileDataset, Frames]]"  # the file; the frame's index ticks it off as read

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.file if self.number is None else f"{self.file} slice {self.number}"

    @property
    def position_mm(self) -> float | None:
        """Along the normal of its plane."""
        positions = self.header.frame_positions_mm
        return positions[self.index] if positions else _position_mm(self.header)

    @property
    def kind(self) -> SeriesKind | None:
        """Of MR images; None where the file does not say."""
        return self.header.facts[self.index].kind if self.header.facts else None

    def grey_values(self) -> tuple[NDArray[Any], GreyScale] | None:
        """Stored values, (rows, columns), and what they mean; None of colours.

        Raises:
            ScanError: the pixels cannot be decoded.
        """
        dataset, statements = self.parse(self.name, None)
        stored, index = self._decode(dataset)
        with as_scan_error(self.name, Problem.BAD_GREY_SCALE):
            return (stored, statements.grey_scale(index)) if stored.ndim == 2 else None

    def read(self, window: SeriesWindow) -> Scan:
        """The frame as it is shown.

        Args:
            window: which values of its series become black and white.

        Raises:
            ScanError: the pixels cannot be decoded.
        """
        if not window.is_of_one:
            window.choose()  # it reads other frames, so it goes first
        dataset, statements = self.parse(self.name, self.index)
        stored, index = self._decode(dataset)
        with as_scan_error(self.name, Problem.BAD_GREY_SCALE):
            own = (stored, statements.grey_scale(index)) if stored.ndim == 2 else None
        choice = window.choose(own)
        return _render(stored, dataset, statements, index, self.name, choice)

    def _decode(self, dataset: FileDataset) -> tuple[NDArray[Any], int]:
        """Stored values, and the index of the frame that says what they mean."""
        mosaic = self.header.mosaic
        if mosaic is None:
            return decode_frame(dataset, self.index, self.name), self.index
        return mosaic.cut(decode_frame(dataset, 0, self.name), self.index, self.name), 0


def list_frames(read: Callable[[], bytes], header: DicomHeader, file: str) -> tuple[DicomFrame, ...]:
    """The frames of one DICOM file, in the file's order; the arguments are those of `list_slices`."""
    if header.frames == 1:

        def parse(name: str, _index: int | None) -> tuple[FileDataset, Frames]:
            return _parse_pixels(read(), header.parsed, name)

        return (DicomFrame(file, None, 0, header, read, parse),)
    shared = _FramesOfOneFile(read, header)
    return tuple(DicomFrame(file, index + 1, index, header, read, shared.parse) for index in range(header.frames))


def to_slices(frames: Sequence[DicomFrame], options: ReadOptions, has_original: bool = False) -> tuple[Slice, ...]:
    """Frames as slices that share one choice of window; read() of those whose kind is not answered says so.

    Args:
        frames: of one series.
        options: whether kinds that are not answered are, and the window.
        has_original: as in `ReadOptions.answers`.
    """
    mode = options.window
    if mode is WindowMode.FILE and any(frame.header.modality not in (None, "MR") for frame in frames):
        mode = WindowMode.STORED  # CT's windows are narrow on purpose
    window = SeriesWindow(mode, tuple(frame.grey_values for frame in frames))
    slices = (_to_slice(frame, window) for frame in frames)
    return tuple(
        slice_ if options.answers(frame.kind, has_original) else leave_out(slice_, frame.kind)
        for frame, slice_ in zip(frames, slices, strict=True)
    )


def _to_slice(frame: DicomFrame, window: SeriesWindow) -> Slice:
    return Slice(
        frame.file,
        frame.number,
        partial(frame.read, window),
        frame.position_mm,
        # No other object can refer to a tile.
        _to_reference(frame.header, frame.number) if frame.header.mosaic is None else None,
        frame.content if frame.header.mosaic is None else None,
    )


class _FramesOfOneFile:
    """Frames of a file that holds several.

    The file that was read last stays parsed, and no other, until all its frames were read or nothing refers to them.
    """

    _lock = threading.Lock()
    _last: "weakref.ref[_FramesOfOneFile] | None" = None

    def __init__(self, read: Callable[[], bytes], header: DicomHeader) -> None:
        self._read, self._header = read, header
        self._parsed: tuple[FileDataset, Frames] | None = None
        self._unread = set(range(header.frames))

    def parse(self, name: str, index: int | None) -> tuple[FileDataset, Frames]:
        """The parsed file; index: of the frame that is read now, None where it is looked at only."""
        shared = _FramesOfOneFile
        with shared._lock:
            found = self._parsed
            if found is None:
                # Before the next one is read: two would need twice the memory.
                if shared._last is not None and (last := shared._last()) is not None:
                    last._parsed = None
                shared._last = weakref.ref(self)
                found = self._parsed = _parse_pixels(self._read(), self._header.parsed, name)
            if index is not None:
                self._tick_off(index)
            return found

    def _tick_off(self, index: int) -> None:
        self._unread.discard(index)
        if not self._unread:
            self._unread.update(range(self._header.frames))
            self._parsed = None


_lock = threading.Lock()
_kept: weakref.WeakSet[ParsedHeader] = weakref.WeakSet()


def _keep(parsed: ParsedHeader) -> bool:
    """Whether there is room for it, which it then takes until the last reference to it goes."""
    with _lock:
        fits = sum(other.held_bytes for other in _kept) + parsed.held_bytes <= _MAX_KEPT_BYTES
        if fits:
            _kept.add(parsed)
        return fits


def _parse(data: bytes, name: str) -> ParsedHeader:
    elements = read_header_elements(data, name)
    with as_scan_error(name, Problem.BAD_HEADER):
        check_is_image(elements.dataset, name)
        _count_frames(elements.dataset, name)
        statements = Frames(elements.dataset)
        return ParsedHeader(elements, statements, statements.held_bytes)


def _parse_pixels(data: bytes, parsed: ParsedHeader | None, name: str) -> tuple[FileDataset, Frames]:
    parsed = parsed or _parse(data, name)
    return read_pixel_elements(data, parsed.elements, name), parsed.statements


def _render(
    stored: NDArray[Any], dataset: FileDataset, statements: Frames, index: int, name: str, choice: WindowChoice
) -> Scan:
    with as_scan_error(name, Problem.BAD_GREY_SCALE):
        use: WindowUse | None = None
        if stored.ndim == 2:
            pixels, values, use = choice.show(stored, statements.grey_scale(index))
            chroma = 0.0
        else:
            (pixels, chroma), values = to_luma_and_chroma(stored), None
        spacing_mm, orientation = statements.spacing_mm(index), statements.plane(index).orientation
        aspect = None if spacing_mm else statements.pixel_aspect()
        scan = Scan(pixels, chroma, "DICOM", spacing_mm, _modality(dataset), values, window=use, pixel_aspect=aspect)
        return scan if orientation is None else _reorient(scan, orientation)


def _reorient(scan: Scan, orientation: Orientation) -> Scan:
    """The scan as radiologists are shown it."""
    view, sides = radiological_view(orientation[:3], orientation[3:])
    spacing_mm, aspect = scan.spacing_mm, scan.pixel_aspect
    if view.is_transposed:
        spacing_mm, aspect = spacing_mm and spacing_mm[::-1], aspect and aspect[::-1]
    shown = np.ascontiguousarray(view.apply(scan.pixels))
    return replace(scan, pixels=shown, spacing_mm=spacing_mm, pixel_aspect=aspect, sides=sides, view=view)


def _digest(data: bytes, pixels_at: int) -> bytes:
    # Of a deflated file that place is one of the unpacked file; all of it stands for its pixels then.
    start = pixels_at if pixels_at < len(data) else 0
    return hashlib.blake2b(memoryview(data)[start:], digest_size=16).digest()


def _count_frames(dataset: FileDataset, name: str) -> int:
    rows, columns = int(dataset.Rows or 0), int(dataset.Columns or 0)
    if rows < 1 or columns < 1:
        raise ScanError(name, Problem.BAD_SIZE, found=f"{columns} x {rows}")
    if rows * columns > MAX_SCAN_PIXELS:
        raise too_many_pixels(name, f"{columns} x {rows}")
    stated = dataset.get("NumberOfFrames")
    frames = 1 if stated is None else int(stated)
    if frames < 1:
        raise ScanError(name, Problem.BAD_FRAME_COUNT, found=frames)
    if frames > MAX_FRAMES:
        raise ScanError(name, Problem.TOO_MANY_FRAMES, found=frames, limit=MAX_FRAMES)
    return frames


def _position_mm(header: DicomHeader) -> float | None:
    return ImagePlane(header.orientation, header.position).along_normal_mm


def _to_reference(header: DicomHeader, frame: int | None) -> DicomReference:
    study, series = _uid(header.study_uid), _uid(header.series_uid)
    return DicomReference(study, series, _uid(header.sop_instance_uid), _uid(header.sop_class_uid), frame)


def _uid(text: str | None) -> str | None:
    return text if text and is_uid(text) else None


def _text(dataset: FileDataset, keyword: str) -> str | None:
    return str(dataset.get(keyword) or "").strip(" \x00") or None


def _modality(dataset: FileDataset) -> str | None:
    modality = _text(dataset, "Modality")
    return modality and modality.upper()


def _concatenation(dataset: FileDataset) -> tuple[str, int] | None:
    uid, number = _text(dataset, "ConcatenationUID"), _whole_number(dataset, "InConcatenationNumber")
    return None if uid is None or number is None else (uid, number)


def _whole_number(dataset: FileDataset, keyword: str) -> int | None:
    value = dataset.get(keyword)
    return int(value) if isinstance(value, int) else None
