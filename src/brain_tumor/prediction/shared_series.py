"""Which blocks hold parts of one DICOM series, so that they are answered as one block."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Kind
from brain_tumor.input.no_images import LeftOut, find_ending
from brain_tumor.input.series_builder import unpack_archives
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import Found, keep_images
from brain_tumor.prediction.work_blocks import WorkBlock

# No DICOM file is looked for behind these names: opening millions of pictures would take as long as reading them.
_NO_DICOM = frozenset(
    "png jpg jpeg jpe jfif bmp dib tif tiff webp gif jp2 j2k heic heif avif "
    "nii img hdr mgh mgz nrrd nhdr mha mhd".split()
)


@dataclass(frozen=True, slots=True)
class SeriesLocation:
    """Where a series lies within a block."""

    series: bytes  # digest of its SeriesInstanceUID
    folder: str  # that holds all of its files


def may_hold_dicom(block: WorkBlock) -> bool:
    """Whether a file of the block may be a DICOM file or an archive, by its name."""
    return any(find_ending(file.name.lower().removesuffix(".gz")) not in _NO_DICOM for file in block.files)


def find_series(block: WorkBlock, note: Callable[[str], bool]) -> tuple[SeriesLocation, ...]:
    """The DICOM series of a block, from the headers of its files; what cannot be read is left to who answers it.

    Args:
        block: whose files are opened.
        note: called with the name of each file before it is opened; False leaves the file out.
    """
    folders: dict[bytes, PurePath] = {}
    found = (file for file in block.files if may_hold_dicom(WorkBlock((file,))))
    for source in unpack_archives(keep_images(found, LeftOut())):
        if note(source.name) and (series := _read_series(source)):
            folder = PurePath(source.name).parent
            folders[series] = _common(folders.get(series, folder), folder)
    return tuple(SeriesLocation(series, str(folder)) for series, folder in folders.items())


def _read_series(source: SourceFile) -> bytes | None:
    from brain_tumor.input.dicom import read_header  # pydicom is slow, and most runs read no DICOM file

    try:
        found = source.find_format()
        if found is None or found.kind is not Kind.DICOM:
            return None
        uid = read_header(source.content(), source.name).series_uid
    except ScanError:
        return None
    return hashlib.blake2b(uid.encode(), digest_size=8).digest() if uid else None


def _common(item: PurePath, other: PurePath) -> PurePath:
    return next((path for path in (item, *item.parents) if other.is_relative_to(path)), PurePath())


class BlockGroups:
    """Blocks that belong together: they hold parts of one series, or series that are named after the same folder.

    What is held grows with the number of series, not of files.
    """

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._series: dict[bytes, tuple[str, PurePath]] = {}  # a block that holds it, and the folder of all of it

    def add(self, key: str, locations: Iterable[SeriesLocation]) -> None:
        """Note what a block holds.

        Args:
            key: of the block.
        """
        for location in locations:
            self._parents.setdefault(key, key)
            block, folder = self._series.get(location.series, (key, PurePath(location.folder)))
            self._series[location.series] = block, _common(folder, PurePath(location.folder))
            self._join(block, key)

    def members(self) -> dict[str, str]:
        """Of each block that belongs to others, the name of their group; blocks that stand alone are left out."""
        by_folder: dict[PurePath, str] = {}
        for block, folder in self._series.values():
            self._join(by_folder.setdefault(folder, block), block)
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for key in self._parents:
            groups[self._root(key)].append(key)
        return {key: group for group, keys in groups.items() if len(keys) > 1 for key in keys}

    def _join(self, item: str, other: str) -> None:
        self._parents[self._root(item)] = self._root(other)

    def _root(self, key: str) -> str:
        while (parent := self._parents[key]) != key:
            self._parents[key] = self._parents[parent]
            key = parent
        return key


def merge_blocks(blocks: Iterable[WorkBlock], members: Mapping[str, str]) -> Iterator[WorkBlock]:
    """The same files, blocks of one group as one block; it comes with the last of them.

    Args:
        blocks: in the order of their files.
        members: of BlockGroups.
    """
    left: defaultdict[str, set[str]] = defaultdict(set)
    for key, name in members.items():
        left[name].add(key)
    held: defaultdict[str, list[Found]] = defaultdict(list)
    for block in blocks:
        group = members.get(block.key)
        if group is None:
            yield block
        elif block.key in left[group]:  # the same files may be given twice
            left[group].remove(block.key)
            held[group] += block.files
            if not left[group]:
                yield WorkBlock(tuple(held.pop(group)))
    for files in held.values():  # a file was added or went between two listings
        yield WorkBlock(tuple(files))
