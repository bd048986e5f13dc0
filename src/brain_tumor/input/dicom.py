"""DICOM files: what their header says, and their frames as slices that are read when they are asked for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from pydicom.dataset import FileDataset

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_file import damaged, read_elements, told_as_scan_error
from brain_tumor.input.dicom_frames import Frames, Orientation, Place, Position, normal
from brain_tumor.input.dicom_kinds import check_is_image
from brain_tumor.input.dicom_pixels import decode_frame
from brain_tumor.input.grey import to_grey
from brain_tumor.input.raster import MAX_SCAN_PIXELS, to_luma_and_chroma
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Plane, ReadOptions, Slice, Window

# Functional series have some thousand volumes, stored as files of their own; a file of more frames is a mistake.
MAX_FRAMES = 10_000
_PLANES = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)  # across the patient's x, y and z


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What tells DICOM files of one series apart and puts them in order; None where a file does not say."""

    series_uid: str | None
    series_description: str | None
    modality: str | None  # in capitals, such as "MR"
    instance_number: int | None
    frames: int
    orientation: Orientation | None  # of the first frame: direction of its rows, then of its columns
    position: Position | None  # of the first frame's first pixel, mm
    frame_positions_mm: tuple[float | None, ...] = ()  # of every frame, along its normal
    frame_orientations: tuple[Orientation | None, ...] = ()  # of every frame, as orientation


def read_header(data: bytes, file: str) -> DicomHeader:
    """Read what a DICOM file says about itself; pixels are not decoded.

    data: the whole file. file: used in messages only.
    Raises ScanError when the file is damaged, holds no image, or announces more than MAX_SCAN_PIXELS or MAX_FRAMES.
    """
    dataset = read_elements(data, file, pixels=False)
    with told_as_scan_error(file, "its header holds values of a wrong kind"):
        check_is_image(dataset, file)
        frames = _count_frames(dataset, file)
        about = Frames(dataset)
        places = [about.place(index) for index in range(frames)]
        return DicomHeader(
            series_uid=_text(dataset, "SeriesInstanceUID"),
            series_description=_text(dataset, "SeriesDescription"),
            modality=_modality(dataset),
            instance_number=_whole_number(dataset, "InstanceNumber"),
            frames=frames,
            orientation=places[0].orientation,
            position=places[0].position,
            frame_positions_mm=tuple(place.along_normal_mm for place in places),
            frame_orientations=tuple(place.orientation for place in places),
        )


def list_slices(read: Callable[[], bytes], header: DicomHeader, file: str, options: ReadOptions) -> tuple[Slice, ...]:
    """The frames of one DICOM file, in the file's order; nothing is read before a slice's own read() is called.

    read: gives the file's content, the same at every call. header: from read_header. file: names the slices.
    """
    if header.frames == 1:
        position = header.frame_positions_mm[0] if header.frame_positions_mm else _position_mm(header)
        return (Slice(file, None, partial(_read_frame, read, 0, file, options.window), position),)
    positions = header.frame_positions_mm or (None,) * header.frames
    frames = _FramesOfOneFile(read, header.frames, options.window)
    return tuple(
        Slice(file, index + 1, partial(frames.read, index, f"{file} slice {index + 1}"), position)
        for index, position in enumerate(positions)
    )


def nearest_plane(orientation: Orientation) -> Plane:
    """The plane of the body that is nearest to a slice's rows and columns, given in the patient's coordinates."""
    return _PLANES[int(np.abs(normal(orientation)).argmax())]


class _FramesOfOneFile:
    """Frames of a file that holds several. The file that was read last stays parsed until all were, and no other."""

    _lock = threading.Lock()
    _parsed: "tuple[_FramesOfOneFile, FileDataset, Frames] | None" = None

    def __init__(self, read: Callable[[], bytes], frames: int, window: Window) -> None:
        self._read, self._frames, self._window = read, frames, window
        self._unread = set(range(frames))

    def read(self, index: int, name: str) -> Scan:
        dataset, about = self._parse(name)
        try:
            return _render(dataset, about, index, name, self._window)
        finally:
            self._tick_off(index)

    def _parse(self, name: str) -> tuple[FileDataset, Frames]:
        shared = _FramesOfOneFile
        with shared._lock:
            if shared._parsed is None or shared._parsed[0] is not self:
                shared._parsed = None  # before the next one is read: two would need twice the memory
                shared._parsed = (self, *_parse(self._read(), name))
            return shared._parsed[1:]

    def _tick_off(self, index: int) -> None:
        shared = _FramesOfOneFile
        with shared._lock:
            self._unread.discard(index)
            if self._unread:
                return
            self._unread.update(range(self._frames))
            if shared._parsed is not None and shared._parsed[0] is self:
                shared._parsed = None


def _read_frame(read: Callable[[], bytes], index: int, name: str, window: Window) -> Scan:
    dataset, about = _parse(read(), name)
    return _render(dataset, about, index, name, window)


def _parse(data: bytes, name: str) -> tuple[FileDataset, Frames]:
    dataset = read_elements(data, name, pixels=True)
    with told_as_scan_error(name, "its header holds values of a wrong kind"):
        check_is_image(dataset, name)
        _count_frames(dataset, name)
        return dataset, Frames(dataset)


def _render(dataset: FileDataset, about: Frames, index: int, name: str, window: Window) -> Scan:
    stored = decode_frame(dataset, index, name)
    with told_as_scan_error(name, "what it says about its grey values cannot be used"):
        if stored.ndim == 2:
            pixels, chroma = to_grey(stored, about.grey_scale(index), window), 0.0
        else:
            pixels, chroma = to_luma_and_chroma(stored)
        return Scan(pixels, chroma, "DICOM", about.spacing_mm(index), _modality(dataset))


def _count_frames(dataset: FileDataset, name: str) -> int:
    rows, columns = int(dataset.Rows or 0), int(dataset.Columns or 0)
    if rows < 1 or columns < 1:
        raise damaged(name, f"it announces an image of {columns} x {rows} pixels")
    if rows * columns > MAX_SCAN_PIXELS:
        raise ScanError(
            f"{name}: announces {columns} x {rows} pixels, at most {MAX_SCAN_PIXELS // 10**6} million are read; "
            "export the slice at its own size"
        )
    stated = dataset.get("NumberOfFrames")
    frames = 1 if stated is None else int(stated)
    if frames < 1:
        raise damaged(name, f"it announces {frames} frames")
    if frames > MAX_FRAMES:
        raise ScanError(
            f"{name}: announces {frames} frames, at most {MAX_FRAMES} are read; export the series in several files"
        )
    return frames


def _position_mm(header: DicomHeader) -> float | None:
    return Place(header.orientation, header.position).along_normal_mm


def _text(dataset: FileDataset, keyword: str) -> str | None:
    return str(dataset.get(keyword) or "").strip(" \x00") or None


def _modality(dataset: FileDataset) -> str | None:
    modality = _text(dataset, "Modality")
    return modality and modality.upper()


def _whole_number(dataset: FileDataset, keyword: str) -> int | None:
    value = dataset.get(keyword)
    return value if isinstance(value, int) else None
