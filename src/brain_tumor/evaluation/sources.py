"""Folders and lists of images from elsewhere -> Sources: what the images truly are, and which files they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.labelled import ImageFile, ListedFile, find_families, read_rows
from brain_tumor.labels import LABELS, TUMORS, Label, label_from_name

_KINDS = {"": True, "brain_mri": True, "not_brain_mri": False}
_ANY_TUMOR = ("tumor", "tumour")
_OTHER_LESION, _NOT_BRAIN_MRI = "other lesion", "not-brain-mri"


@dataclass(frozen=True, slots=True)
class Source:
    """Images of one family from outside the data set."""

    name: str
    origin: str  # the folder or list that names the files, never where it lies
    is_brain_mri: bool
    expected: tuple[Label, ...]  # the final classes that are right; none when only the gate is judged
    files: tuple[ImageFile, ...]
    is_other_lesion: bool = False  # a disease that is no tumor; no class is right for it

    @property
    def kind(self) -> str:
        """What the images truly are, in words."""
        return _describe(self.is_brain_mri, self.expected, self.is_other_lesion)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What the rows of one source have in common."""

    name: str
    is_brain_mri: bool
    expected: tuple[Label, ...]
    is_other_lesion: bool = False

    @property
    def kind(self) -> str:
        return _describe(self.is_brain_mri, self.expected, self.is_other_lesion)


def find_sources(folder: Path, is_brain_mri: bool) -> tuple[Source, ...]:
    """The sources of a folder, one per subfolder with files; images directly in it are one with its name.

    Brain MRI whose name is a class or begins with healthy or tumor has expected classes, other sources have none.

    Args:
        folder: of the images.
        is_brain_mri: what they truly are.

    Raises:
        DatasetError: there is no such folder, or it holds no files.
    """
    origin = folder.resolve().name
    return tuple(
        Source(name, origin, is_brain_mri, _expected_of(name) if is_brain_mri else (), files)
        for name, files in find_families(folder)
    )


def read_sources(table: Path, folder: Path) -> tuple[tuple[Source, ...], str]:
    """The sources of a list. A source whose rows differ in label or kind becomes one Source for each.

    Args:
        table: a CSV with the columns path, source and label: a class, ``tumor`` for one of unknown type, ``other
            lesion`` for a disease that is no tumor, or nothing when only the gate is judged. The column kind,
            ``brain_mri`` or ``not_brain_mri``, may be left out and then says brain MRI; the label ``not-brain-mri``
            says the other. A column family, where it is filled, names the source then.
        folder: what the paths are relative to.

    Returns:
        The sources, and a sentence on the rows that were chosen, as read_rows chooses them.

    Raises:
        DatasetError: as read_rows does, for a row without source, and for an unknown label or kind.
    """
    rows, note = read_rows(table, folder, ("path", "source", "label"), "--sources-list")
    families: dict[_Truth, list[ImageFile]] = {}
    for row in rows:
        families.setdefault(_family_of(row), []).append(row.file)
    truths = Counter(truth.name for truth in families)
    sources = tuple(
        Source(
            truth.name if truths[truth.name] == 1 else f"{truth.name}: {truth.kind}",
            table.name,
            truth.is_brain_mri,
            truth.expected,
            tuple(files),
            truth.is_other_lesion,
        )
        for truth, files in families.items()
    )
    return sources, note


def name_apart(sources: Iterable[Source]) -> tuple[Source, ...]:
    """The same sources, those of equal names with their origin in front; raises DatasetError where that is equal too.

    Several hospitals may have a folder ``glioma`` each, and a held-back part is called as the whole source is.
    """
    sources = tuple(sources)
    names = Counter(source.name for source in sources)
    apart = tuple(
        replace(source, name=f"{source.origin}/{source.name}") if names[source.name] > 1 else source
        for source in sources
    )
    for name, count in Counter(source.name for source in apart).items():
        if count > 1:
            raise DatasetError(f"{name}: {count} sources have this name; rename a folder, or a source in the list")
    return apart


def _describe(is_brain_mri: bool, expected: tuple[Label, ...], is_other_lesion: bool) -> str:
    if not is_brain_mri:
        return "not brain MRI"
    if is_other_lesion:
        return "brain MRI, another lesion"
    if not expected:
        return "brain MRI"
    return f"brain MRI, {'a tumor' if expected == TUMORS else expected[0]}"


def _expected_of(name: str) -> tuple[Label, ...]:
    if label := label_from_name(name):
        return (label,)
    if name.lower().startswith("healthy"):
        return (Label.NO_TUMOR,)
    return TUMORS if name.lower().startswith(_ANY_TUMOR) else ()


def _family_of(row: ListedFile) -> _Truth:
    source, label, kind = row.cells["source"], row.cells["label"], row.cells.get("kind", "").lower()
    if not source:
        raise DatasetError(f"{row.where}: names no source; write where the image comes from")
    if kind not in _KINDS:
        raise DatasetError(f"{row.where}: the kind {kind!r} is neither brain_mri nor not_brain_mri")
    if label.lower() == _NOT_BRAIN_MRI:
        return _Truth(row.cells.get("family") or source, False, ())
    if not label:
        return _Truth(source, _KINDS[kind], ())
    if not _KINDS[kind]:
        raise DatasetError(f"{row.where}: is no brain MRI and yet has the label {label!r}; leave one of them empty")
    if label.lower() == _OTHER_LESION:
        return _Truth(source, True, (), is_other_lesion=True)
    if label.lower() in _ANY_TUMOR:
        return _Truth(source, True, TUMORS)
    if found := label_from_name(label):
        return _Truth(source, True, (found,))
    raise DatasetError(
        f"{row.where}: the label {label!r} is none of {', '.join(LABELS)}, tumor, {_OTHER_LESION} or {_NOT_BRAIN_MRI}; "
        "or leave it empty"
    )
