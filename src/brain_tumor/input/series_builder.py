"""Files in, the series they hold out: one image, a volume, DICOM files that belong together, or an archive of these."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from brain_tumor.errors import ScanError
from brain_tumor.input.archive import archives_last, list_members
from brain_tumor.input.formats import Kind
from brain_tumor.input.nifti import open_nifti
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.orientation import nearest_plane
from brain_tumor.input.reader import check_size, read_scan_of
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice
from brain_tumor.input.source_file import SourceFile, refuse
from brain_tumor.input.tiff_stack import open_tiff
from brain_tumor.input.unpacked import unpacked_source

if TYPE_CHECKING:  # pydicom is slow to import, and most runs read no DICOM file
    from brain_tumor.input.dicom import DicomHeader
    from brain_tumor.input.dicom_frames import Orientation

# Slices of one stack in the order of their position, and what they are parallel to.
_InOrder: TypeAlias = "tuple[tuple[Slice, ...], Orientation | None]"

# Direction cosines of one stack differ by rounding only; those of a localizer's three planes by one.
_SAME_DIRECTION = 0.01


def open_series(files: Iterable[SourceFile], options: ReadOptions, left_out: LeftOut | None = None) -> Iterator[Series]:
    """The series that files hold, opened one after the other; no more than one folder's headers are held.

    DICOM files of one frame that follow each other in a folder, or in a folder of an archive, are one series when they
    share SeriesInstanceUID and orientation: ordered by position, then instance number, then name. They come last of
    their folder, in the order of their first files, and only what its archives hold comes after them; all else comes
    in the order given, archives as list_members says. A DICOM file of many frames is one series per orientation.
    Names hold paths and numbers only: a series of several files is called after its folder, one of several frames after
    its file, with "series N" where that holds several. A file that cannot be read is a series of one slice, whose
    read() raises the ScanError.
    """
    for folder, members in groupby(unpack_archives(files, left_out), lambda file: str(PurePath(file.name).parent)):
        stacks: list[_Stack] = []
        for file in members:
            try:
                opened = _open(file, options)
            except ScanError as error:
                yield Series(file.name, (Slice(file.name, None, refuse(error)),))
                continue
            if isinstance(opened, _Single):
                _put(opened, stacks)
            else:
                yield from opened
        # Files given by their bare names lie in no folder that could give its name.
        in_order = [(_in_order(stack, options), stack.files[0].header.orientation) for stack in stacks]
        yield from _name(in_order, "" if folder == "." else folder)


@dataclass(frozen=True, slots=True)
class _Single:
    """A DICOM file of one frame."""

    source: SourceFile
    header: "DicomHeader"


@dataclass(frozen=True, slots=True)
class _Stack:
    """DICOM files of one series and orientation, in the order given."""

    files: list[_Single] = field(default_factory=list)

    def takes(self, file: _Single) -> bool:
        first, header = self.files[0].header, file.header
        return (
            header.series_uid is not None
            and header.series_uid == first.series_uid
            and _is_parallel(header.orientation, first.orientation)
        )


def unpack_archives(files: Iterable[SourceFile], left_out: LeftOut | None = None) -> Iterator[SourceFile]:
    """The same files, archives replaced by what they hold; of the others, no more than the first bytes are read.

    left_out: counts what archives hold and is no image.
    """
    for file, is_archive in archives_last(files):
        if is_archive:
            yield from map(_unpack, list_members(file, left_out))
        else:
            yield _unpack(file)


def _unpack(file: SourceFile) -> SourceFile:
    try:
        found = file.find_format()
    except ScanError:
        return file  # reading it will say why
    return unpacked_source(file) if found is not None and found.kind is Kind.PACKED else file


def _open(file: SourceFile, options: ReadOptions) -> Iterable[Series] | _Single:
    found = file.find_format()
    if found is not None and found.kind is Kind.VOLUME:
        with file.stream() as stream:
            return [open_nifti(stream, file.name, options)]
    if found is not None and found.kind is Kind.PAGES:
        return [open_tiff(file)]
    if found is not None and found.kind is Kind.DICOM:
        return _open_dicom(file, options)
    return [Series(file.name, (Slice(file.name, None, partial(_read, file, options)),))]


def _read(file: SourceFile, options: ReadOptions) -> Scan:
    return read_scan_of(file.find_format(), file.content(), file.name, options)


def _open_dicom(file: SourceFile, options: ReadOptions) -> Iterable[Series] | _Single:
    from brain_tumor.input.dicom import list_slices, read_header

    data = file.content()
    check_size(data, file.name, file.find_format())
    header = read_header(data, file.name)
    if header.frames == 1:
        return _Single(file, header)
    return _name(list(_split(list_slices(file.content, header, file.name, options), header)), file.name)


def _split(slices: tuple[Slice, ...], header: "DicomHeader") -> "Iterator[_InOrder]":
    """The frames of one file, a stack per orientation: positions along different normals cannot be compared."""
    # (frames, 6); lengths of 0 span no plane, so they stand for None.
    directions = np.array([orientation or (0.0,) * 6 for orientation in header.frame_orientations])
    left = np.arange(len(slices))
    while left.size:
        alike = (np.abs(directions[left] - directions[left[0]]) < _SAME_DIRECTION).all(axis=1)
        stack = sorted((slices[index] for index in left[alike]), key=_position)
        yield tuple(stack), header.frame_orientations[left[0]]
        left = left[~alike]


def _put(file: _Single, stacks: list[_Stack]) -> None:
    stack = next((stack for stack in reversed(stacks) if stack.takes(file)), None)
    if stack is None:
        stacks.append(stack := _Stack())
    stack.files.append(file)


def _name(stacks: "list[_InOrder]", source: str) -> Iterator[Series]:
    several = sum(len(slices) > 1 for slices, _ in stacks) > 1
    number = 0
    for slices, orientation in stacks:
        name = slices[0].name
        if len(slices) > 1:
            number += 1
            name = f"{source} series {number}".strip() if several or not source else source
        yield Series(name, slices, _plane(orientation))


def _in_order(stack: _Stack, options: ReadOptions) -> tuple[Slice, ...]:
    from brain_tumor.input.dicom import list_slices

    numbered: list[tuple[Slice, int | None]] = []
    for file in stack.files:
        (slice_,) = list_slices(file.source.content, file.header, file.source.name, options)
        numbered.append((slice_, file.header.instance_number))
    numbered.sort(key=lambda each: (*_position(each[0]), *_last_if_none(each[1]), each[0].file))
    return tuple(slice_ for slice_, _ in numbered)


def _position(slice_: Slice) -> tuple[bool, float]:
    return _last_if_none(slice_.position_mm)


def _last_if_none(value: float | None) -> tuple[bool, float]:
    return value is None, value or 0.0


def _plane(orientation: "Orientation | None") -> Plane | None:
    return nearest_plane(orientation[:3], orientation[3:]) if orientation else None


def _is_parallel(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return first is second
    return all(abs(a - b) < _SAME_DIRECTION for a, b in zip(first, second, strict=True))
