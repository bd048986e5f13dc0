"""Which files are answered together: blocks for one worker each, cut at the same names in every run."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from pathlib import PurePath

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Kind
from brain_tumor.input.sources import Found
from brain_tumor.prediction.arguments import DEFAULT_BLOCK_FILES

# A folder of more files is looked into, so that its images need not wait for one worker.
_LARGE_FOLDER = 1024
# Endings of files that hold many slices; each counts as so many files.
_MANY_SLICES = (".nii", ".gz", ".zip", ".nrrd", ".nhdr", ".mha", ".mhd", ".mgh", ".mgz", ".mat", ".h5")
_WEIGHT = 32


@dataclass(frozen=True, slots=True)
class WorkBlock:
    """Files by name, in the order of their folders; those of one series are all in one block."""

    files: tuple[Found, ...]  # names, never pixels

    @property
    def key(self) -> str:
        """Names the block: 24 hexadecimal digits of a SHA-256 of its files' names."""
        names = "\0".join(file.name for file in self.files).encode("utf-8", "surrogateescape")
        return hashlib.sha256(names).hexdigest()[:24]


def cut_blocks(
    files: Iterable[Found], block_files: int = DEFAULT_BLOCK_FILES, by_folder: bool = False
) -> Iterator[WorkBlock]:
    """Cut a list of files into blocks; neither the list nor a large folder of images is held.

    A folder's files stay together, as a series of DICOM files or numbered pictures needs. Only a folder of more than
    _LARGE_FOLDER files is looked into: its images, volumes and archives then stand alone, and its DICOM files stay
    together. Where a block ends depends on the names before it and hardly on those far away, so a file that is added
    changes its own block and perhaps a few behind it.

    Args:
        files: folder by folder, as find_any gives them.
        block_files: about how many files a block holds; between a quarter and twice as many, unless they belong
            together.
        by_folder: whether the pictures of a folder are one series.
    """
    held: list[Found] = []
    held_weight = 0
    for unit in _units(files, by_folder):
        weight = sum(_WEIGHT if file.name.lower().endswith(_MANY_SLICES) else 1 for file in unit)
        if held and held_weight + weight > 2 * block_files:
            yield WorkBlock(tuple(held))
            held, held_weight = [], 0
        held += unit
        held_weight += weight
        if held_weight >= block_files // 4 and _ends_here(unit[-1].name, weight / block_files):
            yield WorkBlock(tuple(held))
            held, held_weight = [], 0
    if held:
        yield WorkBlock(tuple(held))


def _ends_here(name: str, share: float) -> bool:
    """True for this share of all names, always the same ones."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest) < share * 2**32


def _units(files: Iterable[Found], by_folder: bool) -> Iterator[list[Found]]:
    """Files that must stay together."""
    for _, together in groupby(files, lambda file: str(PurePath(file.name).parent)):
        folder = iter(together)
        first = list(islice(folder, None if by_folder else _LARGE_FOLDER))
        following = next(folder, None)
        if following is None:
            yield first
            continue
        dicom = []
        for file in chain(first, [following], folder):
            if _is_dicom(file):
                dicom.append(file)
            else:
                yield [file]
        if dicom:
            yield dicom


def _is_dicom(file: Found) -> bool:
    try:
        found = file.to_source().find_format()
    except ScanError:
        return False  # reading it will say why
    return found is not None and found.kind is Kind.DICOM
