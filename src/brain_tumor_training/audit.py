"""Folders of labelled images -> what is wrong with them: copies, leaks across splits, conflicts, shortcuts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tqdm import tqdm

from brain_tumor.errors import DatasetError, ScanError
from brain_tumor.input.files import read_file
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import Label, label_from_name
from brain_tumor.presentation.wording import to_valid_text
from brain_tumor_training.dataset import OFFICIAL_SPLITS, find_images
from brain_tumor_training.duplicates import Pair, find_pairs
from brain_tumor_training.fingerprint import Fingerprint, to_fingerprint
from brain_tumor_training.groups import to_groups
from brain_tumor_training.shortcuts import FileFacts, Shortcuts, measure_shortcuts, to_facts

# Pillow and NumPy release the interpreter lock, so two threads keep two cores busy.
_READERS = 2
_SPLITS = OFFICIAL_SPLITS | {"validation": "Validation", "valid": "Validation", "val": "Validation"}


@dataclass(frozen=True, slots=True)
class AuditFile:
    """One file of the folders."""

    path: Path
    name: str  # below its folder, with slashes; with the folder's name in front where there are several folders
    part: str  # the split that its path names, else the folder's own name
    label: Label | None  # of the nearest folder above it that names a class


@dataclass(frozen=True)
class Audit:
    """Everything that a report states. Positions count the images that could be read, in the order of images."""

    folders: tuple[str, ...]  # names, never where they lie
    images: tuple[AuditFile, ...]
    unreadable: tuple[tuple[AuditFile, str], ...]  # and why
    copies: tuple[Pair, ...]
    groups: tuple[int, ...]  # of every image; images without a copy are groups of their own
    shortcuts: Shortcuts | None  # None where there is nothing to cross-validate

    @cached_property
    def clusters(self) -> dict[int, tuple[int, ...]]:
        """The members of every group that has two or more, by group."""
        members: dict[int, list[int]] = defaultdict(list)
        for position, group in enumerate(self.groups):
            members[group].append(position)
        return {group: tuple(inside) for group, inside in members.items() if len(inside) > 1}

    @cached_property
    def conflicts(self) -> dict[int, tuple[int, ...]]:
        """The clusters whose members have different labels."""
        return {group: inside for group, inside in self.clusters.items() if len(self._labels(inside)) > 1}

    @cached_property
    def copies_across(self) -> tuple[Pair, ...]:
        """The pairs of copies whose two images belong to different parts."""
        return tuple(pair for pair in self.copies if self.images[pair.first].part != self.images[pair.second].part)

    def is_conflict(self, pair: Pair) -> bool:
        """Whether the two images of a pair have different labels."""
        return len(self._labels((pair.first, pair.second))) > 1

    @cached_property
    def parts(self) -> Counter[str]:
        """The number of images of every part, in the order of the images."""
        return Counter(image.part for image in self.images)

    def leaked(self, part: str, other: str) -> int:
        """How many images of one part have a member of their group in the other part."""
        there = {self.groups[position] for position, image in enumerate(self.images) if image.part == other}
        return sum(image.part == part and group in there for image, group in zip(self.images, self.groups, strict=True))

    def _labels(self, positions: Sequence[int]) -> set[Label]:
        return {label for position in positions if (label := self.images[position].label)}


def audit(folders: Sequence[Path], left_out: LeftOut | None = None) -> Audit:
    """Read every image below the folders and compare all with all; one that cannot be read is listed.

    Args:
        folders: of images.
        left_out: counts the files that are no images.

    Raises:
        DatasetError: there is no such folder, two folders have one name, or no image is readable at all.
    """
    files = list_files(folders, left_out)
    images: list[AuditFile] = []
    unreadable: list[tuple[AuditFile, str]] = []
    prints: list[Fingerprint] = []
    facts: list[FileFacts] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for file, found in zip(files, tqdm(pool.map(_look, files), "read", len(files), disable=None), strict=True):
            if isinstance(found, str):
                unreadable.append((file, found))
                continue
            images.append(file)
            prints.append(found[0])
            facts.append(found[1])
    if not images:
        why = f"; {unreadable[0][0].name}: {unreadable[0][1]}" if unreadable else ""
        raise DatasetError(
            f"{', '.join(str(folder) for folder in folders)}: no file could be read{why}; give folders that hold images"
        )
    pairs = find_pairs(prints)
    groups = to_groups(pairs, len(images))
    labelled = [(fact, image.label, group) for fact, image, group in zip(facts, images, groups, strict=True)]
    known = [(fact, label.value, group) for fact, label, group in labelled if label]
    shortcuts = measure_shortcuts(*zip(*known, strict=True)) if known else None
    copies = tuple(pair for pair in pairs if pair.is_copy)
    names = tuple(_name(folder) for folder in folders)
    return Audit(names, tuple(images), tuple(unreadable), copies, groups, shortcuts)


def list_files(folders: Sequence[Path], left_out: LeftOut | None = None) -> list[AuditFile]:
    """The images below the folders, sorted by name; raises DatasetError as audit does."""
    names = [_name(folder) for folder in folders]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DatasetError(f"{', '.join(twice)}: several folders have this name; give the folder above them, or rename")
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: is not a folder; give folders that hold images")
    return sorted(
        (file for folder in folders for file in _list_folder(folder, len(folders) > 1, left_out)),
        key=lambda file: file.name,
    )


def _list_folder(folder: Path, several: bool, left_out: LeftOut | None) -> Iterator[AuditFile]:
    own = _name(folder)
    for path in find_images(folder, left_out):
        below = path.relative_to(folder)
        above = (own, *below.parts[:-1])
        name = "/".join((own, *below.parts) if several else below.parts)
        part = next((split for item in above if (split := _SPLITS.get(item.lower()))), own)
        label = next((label for item in reversed(above) if (label := label_from_name(item))), None)
        yield AuditFile(path, to_valid_text(name), part, label)


def _look(file: AuditFile) -> tuple[Fingerprint, FileFacts] | str:
    try:
        data = read_file(str(file.path))
        scan = read_scan(data, file.name)
    except ScanError as error:
        # The report names the file below its folder, never where that folder lies.
        return error.message
    return to_fingerprint(data, scan), to_facts(data, scan)


def _name(folder: Path) -> str:
    return folder.resolve().name
