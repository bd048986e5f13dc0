"""A file that holds a volume: its header read, its voxels in memory or in a nameless file, its slices cut."""

import contextlib
import gzip
import io
import mmap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import HEAD_BYTES, Format, find_format
from brain_tumor.input.label_map import holds_labels, is_named_label_map
from brain_tumor.input.metaimage import read_metaimage_header
from brain_tumor.input.mgh import read_mgh_header
from brain_tumor.input.nifti import closest_orientation, read_nifti_header
from brain_tumor.input.nrrd import read_nrrd_header
from brain_tumor.input.series import ALL_VOLUMES, ReadOptions, Series, Slice, leave_out
from brain_tumor.input.source_file import SourceFile, refuse
from brain_tumor.input.unpacked import IN_MEMORY_BYTES, copy_unpacked
from brain_tumor.input.volume import Volume, acquired_plane, reslice
from brain_tumor.input.volume_header import Packing, VolumeHeader, check_layout
from brain_tumor.input.volume_kind import VolumeFacts, find_volume_facts
from brain_tumor.problems import Problem

_CHUNK_BYTES = 2**20
_GZIP = b"\x1f\x8b"
_READERS: dict[str, Callable[[BinaryIO, str], VolumeHeader]] = {
    "NRRD": read_nrrd_header,
    "MetaImage": read_metaimage_header,
    "MGH": read_mgh_header,
}
# The voxels, (i, j, k), and what lets go of the memory that reading them took.
_Stored: TypeAlias = tuple[NDArray[Any], Callable[[], object]]
# So many volumes are looked through for one that is not blank.
_MAX_BLANK_VOLUMES = 16


def open_volume(file: SourceFile, options: ReadOptions) -> Iterator[Series]:
    """The volumes of a file that a person wants, each a series whose slices are read when they are asked for.

    Slices are cut along the stored axes and oriented by the closest canonical orientation; see volume.py. Of several
    volumes (time points, directions, echoes) the first that is not blank is read, or those that the options name; the
    series' name says which. Scale and intercept are applied, a window of the file's own counts. RGB voxels become
    luma. Voxels that lie in a file of their own are read from the folder of the header only.

    Args:
        file: whose content is a volume's, compressed by gzip or not.
        options: the plane, by default the acquired one, the window, and which volumes.

    Yields:
        Series. Nothing is raised: a file that is damaged or cut off, one of two files, complex, or above
        MAX_VOLUME_BYTES, is a series of one slice, whose read() raises the ScanError.
    """
    try:
        yield from read_volumes(file, options)
    except ScanError as error:
        yield Series(file.name, (Slice(file.name, None, refuse(error)),))


def read_volume(content: bytes | BinaryIO, file: str, options: ReadOptions) -> Series:
    """The first series of open_volume, from a file's content alone; what cannot be read raises its ScanError."""
    data = content if isinstance(content, bytes) else content.read()
    return next(read_volumes(SourceFile(file, lambda: data), options))


def read_volumes(file: SourceFile, options: ReadOptions) -> Iterator[Series]:
    """As open_volume, but what cannot be read raises its ScanError."""
    try:
        with file.stream() as stream, _unpack(stream) as unpacked:
            found = find_format(unpacked.read(HEAD_BYTES))
            unpacked.seek(0)
            header = _READERS.get(found.name if found else "", read_nifti_header)(unpacked, file.name)
            check_layout(header, file.name)
            with _open_voxels(header, unpacked, file) as voxels:
                stored = _store_all(header, voxels, file.name)
                facts = find_volume_facts(file)
                # As in DICOM, what is not answered is one series, however many volumes it has.
                if options.volume == ALL_VOLUMES and options.answers(facts.kind):
                    for number, volume in enumerate(stored, start=1):
                        yield _to_series(header, number, volume, file, options, facts)
                    return
                chosen = _choose(header, stored, file, options, facts)
                voxels.read(1)  # at its end, gzip compares the checksum
        yield chosen
    except ScanError:
        raise
    except Exception as error:
        # Damaged data and headers raise nearly any type, and one bad file must never end a batch.
        why = str(error) or type(error).__name__
        raise ScanError(file.name, Problem.DAMAGED, format=_name(_find_format(file)), found=why) from None


def _find_format(file: SourceFile) -> Format | None:
    try:
        return file.find_format()
    except ScanError:
        return None


def _name(found: Format | None) -> str:
    known = found.name if found else ""
    return known if known in _READERS else "NIfTI"


def _choose(
    header: VolumeHeader, stored: Iterator[_Stored], file: SourceFile, options: ReadOptions, facts: VolumeFacts
) -> Series:
    """The volume that was asked for, else the first that is not blank, and the very first where none is found."""
    if isinstance(options.volume, int) and header.volumes > 1:
        if options.volume > header.volumes:
            raise ScanError(file.name, Problem.NO_SUCH_VOLUME, found=header.volumes, wanted=options.volume)
        number, volume = options.volume, next(islice(stored, options.volume - 1, None))
        return _to_series(header, number, volume, file, options, facts)
    first = volume = next(stored)
    if header.volumes == 1:
        return _to_series(header, 1, first, file, options, facts)
    for number in range(1, _MAX_BLANK_VOLUMES + 1):
        if not _is_blank(volume[0]):
            return _to_series(header, number, volume, file, options, facts)
        try:
            volume = next(stored)
        except (ScanError, StopIteration):
            break
    return _to_series(header, 1, first, file, options, facts)


def _is_blank(voxels: NDArray[Any]) -> bool:
    if voxels.dtype.names:
        return False
    flat = voxels.reshape(-1, order="A")
    first = flat[0]
    pieces = (flat[start : start + _CHUNK_BYTES] for start in range(0, flat.size, _CHUNK_BYTES))
    return all(bool(((piece == first) | (piece != piece)).all()) for piece in pieces)


def _to_series(
    header: VolumeHeader,
    number: int,
    stored: _Stored,
    file: SourceFile,
    options: ReadOptions,
    facts: VolumeFacts,
) -> Series:
    is_label_map = header.is_label_map or is_named_label_map(file.name) or holds_labels(stored[0])
    volume = _to_volume(header, stored, is_label_map, facts.modality)
    plane = options.plane or acquired_plane(volume)
    slices = reslice(volume, plane, options.window, file.name)
    if options.volume == ALL_VOLUMES and header.volumes > 1:
        # Within a file, each slice has a number of its own.
        before = (number - 1) * len(slices)
        slices = tuple(replace(slice_, number=before + index) for index, slice_ in enumerate(slices, start=1))
    kind = None if is_label_map else facts.kind
    is_answered = options.answers(kind)
    if not is_answered:
        slices = tuple(leave_out(slice_, kind) for slice_ in slices)
    name = file.name if header.volumes == 1 else f"{file.name} volume {number} of {header.volumes}"
    return Series(name, slices, plane, kind, is_answered, volume=number if header.volumes > 1 else None)


@contextlib.contextmanager
def _unpack(stream: BinaryIO) -> Iterator[BinaryIO]:
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if not packed:
        yield stream
        return
    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield cast(BinaryIO, unpacked)


@contextlib.contextmanager
def _open_voxels(header: VolumeHeader, opened: BinaryIO, file: SourceFile) -> Iterator[BinaryIO]:
    """A stream that stands at the first voxel of the first volume; opened: the file itself."""
    with contextlib.ExitStack() as stack:
        source = opened
        if header.data_files:
            beside = next(filter(None, map(file.find_beside, header.data_files)), None)
            if beside is None:
                raise ScanError(file.name, Problem.HALF_A_VOLUME, found=header.data_files[0])
            source = stack.enter_context(beside.stream())
            if header.packing is Packing.NONE:
                source = stack.enter_context(_unpack(source))
        if header.from_end:
            total = header.volume_bytes * (1 if header.is_interleaved else header.volumes)
            source.seek(max(0, source.seek(0, io.SEEK_END) - total))
        else:
            source.seek(header.offset)
        yield cast(BinaryIO, Inflating(source)) if header.packing is Packing.DEFLATE else source


class Inflating:
    """What a stream holds from where it stands, unpacked piece by piece; one piece never grows beyond what is asked."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._packed, self._inflate = stream, b"", zlib.decompressobj(wbits=47)

    def read(self, size: int) -> bytes:
        """Up to so many bytes; fewer only at the end."""
        found = bytearray()
        while len(found) < size and not self._inflate.eof:
            self._packed = self._packed or self._stream.read(_CHUNK_BYTES)
            if not self._packed:
                break
            found += self._inflate.decompress(self._packed, size - len(found))
            self._packed = self._inflate.unconsumed_tail
        return bytes(found)


def _store_all(header: VolumeHeader, voxels: BinaryIO, file: str) -> Iterator[_Stored]:
    """The volumes of a stream, one after the other."""
    if header.is_interleaved:
        together, release = _store(voxels, header.volume_bytes, header.dtype, file)
        by_volume = together.reshape((header.volumes, *header.shape), order="F")
        yield from ((volume, release) for volume in by_volume)
        return
    for _ in range(header.volumes):
        flat, release = _store(voxels, header.volume_bytes, header.dtype, file)
        yield flat.reshape(header.shape, order="F"), release


def _store(voxels: BinaryIO, size: int, dtype: np.dtype[Any], file: str) -> _Stored:
    """The next voxels, in memory or in a file without a name that goes when nothing reads it any more.

    Voxels are the same after their memory was let go.
    """
    if size <= IN_MEMORY_BYTES:
        content = voxels.read(size)
        _expect(len(content), size, file)
        return np.frombuffer(content, dtype), bool
    with copy_unpacked(voxels, size, file) as copy:
        _expect(copy.seek(0, io.SEEK_END), size, file)
        mapped = mmap.mmap(copy.fileno(), size, access=mmap.ACCESS_READ)
    # Windows takes pages back by itself.
    release = partial(mapped.madvise, mmap.MADV_DONTNEED) if hasattr(mmap, "MADV_DONTNEED") else bool
    return np.frombuffer(mapped, dtype), release


def _expect(found: int, announced: int, file: str) -> None:
    if found < announced:
        raise ScanError(file, Problem.MISSING_VOXELS, found=found, announced=announced)


def _to_volume(header: VolumeHeader, stored: _Stored, is_label_map: bool, modality: str | None) -> Volume:
    voxels, release = stored
    orientation = closest_orientation(header.affine)
    i, j, k = (int(axis) for axis in np.argsort(orientation[:, 0]))
    forward = (bool(orientation[i, 1] > 0), bool(orientation[j, 1] > 0), bool(orientation[k, 1] > 0))
    return Volume(
        voxels,
        header.affine,
        (i, j, k),
        forward,
        header.slope,
        header.intercept,
        header.window,
        release,
        header.file_format,
        is_label_map,
        header.is_placed,
        modality,
    )
