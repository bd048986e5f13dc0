"""Folders and lists of images from elsewhere -> Sources: what the images truly are, and which files they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.labelled import ImageFile, ListedFile, find_families, read_rows
from brain_tumor.labels import TUMORS, USUAL_NAMES, ClassNames, Label, finding_word
from brain_tumor.model.card import BRAIN_MRI

_KINDS = {"": True, "brain_mri": True, "not_brain_mri": False}
# A finding of unknown type, in the words of this project's classes and of any others.
_ANY_FINDING = ("tumor", "tumour", "finding")
_OTHER_LESION, _NOT_BRAIN_MRI = "other lesion", "not-brain-mri"


@dataclass(frozen=True, slots=True)
class Source:
    """Images of one family from outside the data set."""

    name: str
    origin: str  # the folder or list that names the files, never where it lies
    is_brain_mri: bool  # or, for a model of something else, whether they show its subject
    expected: tuple[Label, ...]  # the final classes that are right; none when only the gate is judged
    files: tuple[ImageFile, ...]
    is_other_lesion: bool = False  # a disease that is no tumor; no class is right for it
    subject: str = BRAIN_MRI  # what the model looks at

    @property
    def kind(self) -> str:
        """What the images truly are, in words."""
        if not self.is_brain_mri:
            return f"not {self.subject}"
        if self.is_other_lesion:
            return f"{self.subject}, another lesion"
        if len(self.expected) > 1:
            return f"{self.subject}, {'a tumor' if self.expected == TUMORS else 'a finding'}"
        return ", ".join((self.subject, *self.expected))


def find_sources(
    folder: Path, is_brain_mri: bool, names: ClassNames = USUAL_NAMES, subject: str = BRAIN_MRI
) -> tuple[Source, ...]:
    """The sources of a folder, one per subfolder with files; images directly in it are one with its name.

    Brain MRI whose name is a class or begins with healthy, tumor or finding has expected classes, other sources have
    none.

    Args:
        folder: of the images.
        is_brain_mri: what they truly are; for a model of something else, whether they show its subject.
        names: what the names of folders mean, and the model's classes.
        subject: what the model looks at.

    Raises:
        DatasetError: there is no such folder, or it holds no files.
    """
    origin = folder.resolve().name
    return tuple(
        Source(name, origin, is_brain_mri, _expected_of(name, names) if is_brain_mri else (), files, subject=subject)
        for name, files in find_families(folder)
    )


def read_sources(
    table: Path, folder: Path, names: ClassNames = USUAL_NAMES, subject: str = BRAIN_MRI
) -> tuple[tuple[Source, ...], str]:
    """The sources of a list. A source whose rows differ in label or kind becomes one Source for each.

    Args:
        table: a CSV with the columns path, source and label: a class, ``tumor`` or ``finding`` for one of unknown type,
            ``other lesion`` for a disease that is no tumor, or nothing when only the gate is judged. The column kind,
            ``brain_mri`` or ``not_brain_mri``, may be left out and then says brain MRI; the label ``not-brain-mri``
            says the other. A column family, where it is filled, names the source then.
        folder: what the paths are relative to.
        names: what the labels mean, and the model's classes.
        subject: what the model looks at.

    Returns:
        The sources, and a sentence on the rows that were chosen, as read_rows chooses them.

    Raises:
        DatasetError: as read_rows does, for a row without source, and for an unknown label or kind.
    """
    rows, note = read_rows(table, folder, ("path", "source", "label"), "--sources-list")
    families: dict[Source, list[ImageFile]] = {}
    for row in rows:
        family = replace(_family_of(row, names), origin=table.name, subject=subject)
        families.setdefault(family, []).append(row.file)
    kinds = Counter(family.name for family in families)
    sources = tuple(
        replace(
            family,
            name=family.name if kinds[family.name] == 1 else f"{family.name}: {family.kind}",
            files=tuple(files),
        )
        for family, files in families.items()
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


def _expected_of(name: str, names: ClassNames) -> tuple[Label, ...]:
    if label := names.find(name):
        return (label,)
    if name.lower().startswith("healthy"):
        return tuple(label for label in names.classes if not label.is_finding)
    return _findings(names) if name.lower().startswith(_ANY_FINDING) else ()


def _findings(names: ClassNames) -> tuple[Label, ...]:
    return tuple(label for label in names.classes if label.is_finding)


def _family_of(row: ListedFile, names: ClassNames) -> Source:
    """What the rows of one source have in common, without files."""
    source, label, kind = row.cells["source"], row.cells["label"], row.cells.get("kind", "").lower()
    if not source:
        raise DatasetError(f"{row.where}: names no source; write where the image comes from")
    if kind not in _KINDS:
        raise DatasetError(f"{row.where}: the kind {kind!r} is neither brain_mri nor not_brain_mri")
    if label.lower() == _NOT_BRAIN_MRI:
        return Source(row.cells.get("family") or source, "", False, (), ())
    if not label:
        return Source(source, "", _KINDS[kind], (), ())
    if not _KINDS[kind]:
        raise DatasetError(f"{row.where}: is {kind} and yet has the label {label!r}; leave one of them empty")
    if label.lower() == _OTHER_LESION:
        return Source(source, "", True, (), (), is_other_lesion=True)
    if label.lower() in _ANY_FINDING:
        return Source(source, "", True, _findings(names), ())
    if found := names.find(label):
        return Source(source, "", True, (found,), ())
    raise DatasetError(
        f"{row.where}: the label {label!r} is none of {', '.join(names.classes)}, {finding_word(names.classes)}, "
        f"{_OTHER_LESION} or {_NOT_BRAIN_MRI}; or leave it empty"
    )
