"""DICOM files -> series: those that belong together, wherever they lie, each volume in the order of its slices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brain_tumor.input.dicom import DicomFrame, DicomHeader, list_frames, read_header, to_slices
from brain_tumor.input.dicom_facts import FrameFacts
from brain_tumor.input.dicom_frames import Orientation
from brain_tumor.input.dicom_volumes import FrameVolume, VolumeFrame, drop_duplicates, split_volumes
from brain_tumor.input.file_names import find_folder
from brain_tumor.input.orientation import nearest_plane
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.input.source_file import SourceFile

# Direction cosines of one stack differ by rounding only; those of a localizer's three planes by one.
_SAME_DIRECTION = 0.01
_NOTHING = FrameFacts()


@dataclass(slots=True)
class _Stack:
    """Frames of one series, size and orientation, in the order given."""

    orientation: Orientation | None
    frames: list[VolumeFrame] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    """A DICOM file of one frame."""

    source: SourceFile
    header: DicomHeader


class DicomFiles:
    """Takes DICOM files one by one; those of several frames are opened at once, the others when all are there."""

    def __init__(self, options: ReadOptions) -> None:
        """Begin without files."""
        self._options = options
        self._stacks: dict[Any, list[_Stack]] = {}
        self._order: list[_Stack] = []
        self._seen: set[tuple[str, bytes]] = set()  # files of several frames
        self._concatenations: dict[Any, list[_File]] = {}  # images that lie in several files
        self._shared: dict[Any, Any] = {}  # equal values of many headers, held once

    def add(self, file: SourceFile, data: bytes) -> Iterator[Series]:
        """Take a file.

        Args:
            file: where it lies.
            data: its content, which is not held.

        Returns:
            The series that it holds alone, if it has several frames; nothing for one that is there already, and for
            a part of an image in several files.

        Raises:
            ScanError: its header cannot be read.
        """
        header = read_header(data, file.name)
        if header.concatenation is not None:
            key = header.series_uid, header.study_uid, header.patient, header.size, header.concatenation[0]
            self._concatenations.setdefault(key, []).append(_File(file, header))
            return iter(())
        if header.frames > 1:
            return self._open_frames(file, header)
        frame = _to_frame(_File(file, self._share(header)), header, 0, file.name)
        self._find_stack(header).frames.append(replace(frame, facts=self._intern(frame.facts)))
        return iter(())

    def series(self) -> Iterator[Series]:
        """The series of all files of one frame, in the order of their first files."""
        volumes: list[tuple[FrameVolume, Orientation | None, int, bool]] = []
        for stack in self._order:
            frames, duplicates = drop_duplicates(stack.frames)
            volumes += _with_origin(self._split(frames), stack.orientation, duplicates)
        for parts in self._concatenations.values():
            for stack in _stack_frames(_whole(parts)):
                volumes += _with_origin(self._split(stack.frames), stack.orientation, 0)
        sources = [find_folder(frame.name for frame in volume.frames) for volume, *_ in volumes]
        several = _count_stacks(sources, [volume for volume, *_ in volumes])
        numbers: dict[str, int] = {}
        for source, (volume, orientation, duplicates, has_original) in zip(sources, volumes, strict=True):
            opened = [_to_dicom_frame(frame.source) for frame in volume.frames]
            name = opened[0].name
            if len(opened) > 1:
                numbers[source] = numbers.get(source, 0) + 1
                is_alone = source and several[source] == 1
                name = source if is_alone else f"{source} series {numbers[source]}".strip()
            yield self._to_series(name, opened, volume, orientation, duplicates, has_original)

    def _open_frames(self, file: SourceFile, header: DicomHeader) -> Iterator[Series]:
        """The frames of one file, volumes per orientation: positions along different normals cannot be compared."""
        if header.sop_instance_uid and header.pixel_digest:
            if (copy := (header.sop_instance_uid, header.pixel_digest)) in self._seen:
                return
            self._seen.add(copy)
        stacks = _stack_frames([_File(file, header)])
        volumes = [each for stack in stacks for each in _with_origin(self._split(stack.frames), stack.orientation, 0)]
        several = sum(len(volume.frames) > 1 for volume, *_ in volumes) > 1
        number = 0
        for volume, orientation, _, has_original in volumes:
            opened: list[DicomFrame] = [frame.source for frame in volume.frames]
            name = opened[0].name
            if len(opened) > 1:
                number += 1
                name = f"{file.name} series {number}" if several else file.name
            yield self._to_series(name, opened, volume, orientation, 0, has_original)

    def _split(self, frames: Sequence[VolumeFrame]) -> list[FrameVolume]:
        return split_volumes(frames, self._options)

    def _to_series(
        self,
        name: str,
        frames: Sequence[DicomFrame],
        volume: FrameVolume,
        orientation: Orientation | None,
        duplicates: int,
        has_original: bool,
    ) -> Series:
        kind = volume.frames[0].facts.kind
        slices = to_slices(frames, self._options, has_original)
        if not volume.is_placed:
            slices = tuple(replace(slice_, position_mm=None) for slice_ in slices)
        return Series(
            name,
            slices,
            nearest_plane(orientation[:3], orientation[3:]) if orientation else None,
            kind,
            self._options.answers(kind, has_original),
            frames[0].header.about,
            volume.differs,
            duplicates,
        )

    def _find_stack(self, header: DicomHeader) -> _Stack:
        if header.series_uid is None:
            stack = _Stack(header.orientation)
            self._order.append(stack)
            return stack
        key = (header.series_uid, header.study_uid, header.patient, header.size)
        stacks = self._stacks.setdefault(key, [])
        known = len(stacks)
        stack = _find_parallel(stacks, header.orientation)
        if len(stacks) > known:
            self._order.append(stack)
        return stack

    def _share(self, header: DicomHeader) -> DicomHeader:
        """The header with what many headers say alike held once, and without what the volume's frame holds."""
        return replace(
            header,
            **{
                name: self._intern(getattr(header, name))
                for name in (
                    "series_uid", "modality", "orientation", "frame_orientations", "study_uid",
                    "sop_class_uid", "about", "size",
                )
            },
            facts=tuple(map(self._intern, header.facts)),
        )  # fmt: skip

    def _intern(self, value: Any) -> Any:
        return self._shared.setdefault(value, value)


def _whole(parts: Sequence[_File]) -> list[_File]:
    """The parts of one image in their order, each once; source: DICOM PS3.3, C.7.6.16.2.2.4."""
    by_number: dict[int, _File] = {}
    for part in parts:
        by_number.setdefault(part.header.concatenation[1] if part.header.concatenation else 0, part)
    return [by_number[number] for number in sorted(by_number)]


def _stack_frames(files: Sequence[_File]) -> list[_Stack]:
    """All frames of the files, by orientation; their names are for the order only."""
    stacks: list[_Stack] = []
    for part, file in enumerate(files):
        header = file.header
        folder = find_folder([file.source.name])
        begin = f"{folder.rstrip('/')}/" if folder else ""
        for frame in list_frames(file.source.content, header, file.source.name):
            stack = _find_parallel(stacks, header.frame_orientations[frame.index])
            name = f"{begin}{part:06}-{frame.index:08}"
            stack.frames.append(_to_frame(frame, header, frame.index, name))
    return stacks


def _to_dicom_frame(source: "_File | DicomFrame") -> DicomFrame:
    if isinstance(source, DicomFrame):
        return source
    return list_frames(source.source.content, source.header, source.source.name)[0]


def _to_frame(source: Any, header: DicomHeader, index: int, name: str) -> VolumeFrame:
    return VolumeFrame(
        source,
        name,
        header.facts[index],
        header.frame_positions_mm[index],
        header.slice_location if header.frames == 1 else None,
        header.instance_number if header.frames == 1 else header.places_in_stack[index],
        header.sop_instance_uid if header.frames == 1 else None,
        header.pixel_digest if header.frames == 1 else None,
        header.content_time if header.frames == 1 else None,
    )


def _find_parallel(stacks: list[_Stack], orientation: Orientation | None) -> _Stack:
    """The stack of this orientation, a new one at the end if there is none yet."""
    for stack in reversed(stacks):
        if _is_parallel(stack.orientation, orientation):
            return stack
    stacks.append(_Stack(orientation))
    return stacks[-1]


def _is_parallel(first: Orientation | None, second: Orientation | None) -> bool:
    if first is None or second is None:
        return first is second
    return all(abs(a - b) < _SAME_DIRECTION for a, b in zip(first, second, strict=True))


def _with_origin(
    volumes: Sequence[FrameVolume], orientation: Orientation | None, duplicates: int
) -> list[tuple[FrameVolume, Orientation | None, int, bool]]:
    """Each with whether an original image stands beside it; the first one knows of the duplicates."""
    kinds = [volume.frames[0].facts.kind for volume in volumes]
    has_original = any(kind is not None and kind.is_answered and kind is not SeriesKind.DERIVED for kind in kinds)
    return [
        (volume, orientation, duplicates if index == 0 else 0, has_original) for index, volume in enumerate(volumes)
    ]


def _count_stacks(sources: Sequence[str], volumes: Sequence[FrameVolume]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for source, volume in zip(sources, volumes, strict=True):
        counts[source] = counts.get(source, 0) + (len(volume.frames) > 1)
    return counts
