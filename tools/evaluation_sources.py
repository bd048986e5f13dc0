"""Answers on other sources -> rows per source and sequence, and pooled rows; pure functions on evaluation.json."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from brain_tumor.evaluation.metrics import Estimate, proportion_ci

Figures = dict[str, Any]
Row = Mapping[str, str]

NOT_KNOWN = "not known"
_LABELS = {"a tumor": "tumor", "another lesion": "other lesion"}
_TUMORS = {"glioma", "meningioma", "pituitary", "tumor"}
_T1_CONTRAST, _FLUID = {"T1 with contrast"}, {"T2", "FLAIR"}


class Group(StrEnum):
    """What is pooled; the order is the table's."""

    TUMOR_T1_CONTRAST = "tumors on T1 with contrast"
    TUMOR_FLUID = "tumors on T2 and FLAIR"
    TUMOR_T1 = "tumors on T1"
    TUMOR_OTHER = "tumors, sequence mixed or not known"
    TUMOR_FREE = "without a tumor"
    OTHER_LESION = "lesions that are no tumor"
    UNJUDGED = "brain MRI without a label"
    NOT_BRAIN = "not brain MRI"

    @property
    def is_tumor(self) -> bool:
        """Whether all its images show a tumor."""
        return self.startswith("tumors")


@dataclass(frozen=True, slots=True)
class Look:
    """How the images of one source with one label were taken."""

    sequence: str = NOT_KNOWN  # several are joined by a comma
    skull: str = NOT_KNOWN  # yes, removed, or both


# Sources that no index describes: slices of NiChart's demonstration set and of the public Alzheimer set.
_LOOKS = {
    "healthy-t1": Look("T1", "yes"),
    "healthy-flair": Look("FLAIR", "yes"),
    "healthy-skull-stripped-t1": Look("T1", "removed"),
    "healthy-volumes": Look("FLAIR, T1", "yes"),
    "healthy-stripped-volumes": Look("FLAIR, T1", "removed"),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Images by answer; None where an older evaluation.json did not count them, or no class is right."""

    images: int
    read: int  # files that could be read
    accepted: int
    called_tumor: int
    sure_tumor: int  # called a tumor and classified
    sure_no_tumor: int | None  # analysed, and No Tumor without doubt
    uncertain: int
    right: int | None
    rejections: Mapping[str, int] = field(default_factory=dict)  # code of the reason -> images

    def share(self, name: str) -> Estimate | None:
        """A count's share of the images that could be read; None where it was not counted, or none could be read."""
        hits = getattr(self, name)
        return None if hits is None else proportion_ci(hits, self.read)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source's images with one label."""

    source: str
    origin: str  # the list or folder that named the files
    label: str  # as an index spells it; empty where only the gate is judged
    look: Look
    group: Group
    counts: Counts


@dataclass(frozen=True, slots=True)
class PooledRow:
    """Several sources together."""

    title: str
    sources: int
    counts: Counts


def read_looks(index: Iterable[Row]) -> dict[tuple[str, str], Look]:
    """Source and label -> how those images were taken, from the rows of index.csv."""
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for row in index:
        sequences, skulls = found.setdefault((row["source"], row["label"]), (set(), set()))
        sequences.add(row["sequence"] or NOT_KNOWN)
        skulls.add("removed" if row["skull_stripped"] == "1" else "yes")
    return {
        key: Look(", ".join(sorted(sequences)), "both" if len(skulls) > 1 else skulls.pop())
        for key, (sequences, skulls) in found.items()
    }


def to_rows(evaluation: Figures | None, looks: Mapping[tuple[str, str], Look]) -> list[SourceRow]:
    """A row per source and label; none where there is no evaluation, or it has no images of other sources."""
    sources = (evaluation or {}).get("sources") or {"families": []}
    return [_to_row(family, looks) for family in sources["families"]]


def join_rows(*tables: Iterable[SourceRow]) -> list[SourceRow]:
    """All rows, those of one source and label once: an evaluation may repeat what another one has."""
    found: dict[tuple[str, str, str], SourceRow] = {}
    for row in (row for table in tables for row in table):
        # Pictures that are not brain MRI are named after their kind, which several lists can have.
        origin = row.origin if row.group is Group.NOT_BRAIN else ""
        found.setdefault((row.source, row.label, origin), row)
    return list(found.values())


def sort_rows(rows: Iterable[SourceRow], trained: Collection[str] = ()) -> list[SourceRow]:
    """In the order of the pooled rows, then by name; sources that are not among those that trained come first."""
    order = [*Group]
    return sorted(rows, key=lambda row: (row.source in trained, order.index(row.group), row.source, row.label))


def pool(rows: Sequence[SourceRow], title: str) -> PooledRow:
    """The sum over rows; a count that one of them lacks is None."""
    counts = [row.counts for row in rows]
    rejections = Counter[str]()
    for count in counts:
        rejections.update(count.rejections)
    summed = Counts(
        images=sum(count.images for count in counts),
        read=sum(count.read for count in counts),
        accepted=sum(count.accepted for count in counts),
        called_tumor=sum(count.called_tumor for count in counts),
        sure_tumor=sum(count.sure_tumor for count in counts),
        sure_no_tumor=_sum(count.sure_no_tumor for count in counts),
        uncertain=sum(count.uncertain for count in counts),
        right=_sum(count.right for count in counts),
        rejections=dict(rejections.most_common()),
    )
    return PooledRow(title, len({row.source for row in rows}), summed)


def pool_groups(rows: Sequence[SourceRow]) -> list[PooledRow]:
    """A row for each group that has images, and one for all tumors where they are in several."""
    parts = {group: [row for row in rows if row.group is group] for group in Group}
    pooled = [pool(found, group) for group, found in parts.items() if found]
    tumors = [group for group in Group if group.is_tumor and parts[group]]
    if len(tumors) > 1:
        pooled.insert(len(tumors), pool([row for group in tumors for row in parts[group]], "all tumors"))
    return pooled


def pool_types(rows: Sequence[SourceRow]) -> list[PooledRow]:
    """A row for each type of tumor on T1 with contrast, the sequence in which types are told apart best."""
    parts: dict[str, list[SourceRow]] = {}
    for row in rows:
        if row.group is Group.TUMOR_T1_CONTRAST and row.label != "tumor":
            parts.setdefault(row.label, []).append(row)
    return [pool(found, label) for label, found in sorted(parts.items())]


def sure_and_wrong(rows: Sequence[SourceRow]) -> dict[str, Estimate | None]:
    """Tumors classified as No Tumor, and tumor-free slices classified as a tumor; None where it was not counted."""
    tumors = pool([row for row in rows if row.group.is_tumor], "").counts
    healthy = pool([row for row in rows if row.group is Group.TUMOR_FREE], "").counts
    return {"tumors": tumors.share("sure_no_tumor"), "tumor_free": healthy.share("sure_tumor")}


def find_siblings(rows: Sequence[SourceRow], index: Iterable[Row]) -> list[str]:
    """Sources of the collections of these rows that trained: other sequences, perhaps of the same people.

    A collection is what stands before the first hyphen of a source's name.
    """
    own = {row.source for row in rows}
    collections = {name.partition("-")[0] for name in own}
    trained = {row["source"] for row in index if row["split"] == "train" and row["label"] != "not-brain-mri"}
    return sorted(name for name in trained - own if name.partition("-")[0] in collections)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [*counts]
    return None if None in known else sum(item for item in known if item is not None)


def _to_row(family: Figures, looks: Mapping[tuple[str, str], Look]) -> SourceRow:
    kind = family["kind"]
    # Sources with several labels, or of the same name in two lists, are distinguished by what stands around their name.
    name = family["family"].removesuffix(f": {kind}").removeprefix(f"{family['origin']}/")
    _, _, words = kind.partition(", ")
    label = _LABELS.get(words, words.lower())
    look = looks.get((name, label)) or _LOOKS.get(name) or Look()
    return SourceRow(name, family["origin"], label, look, _group_of(family, label, look), _count(family))


def _group_of(family: Figures, label: str, look: Look) -> Group:
    if not family["is_brain_mri"]:
        return Group.NOT_BRAIN
    if label not in _TUMORS:
        return {"no tumor": Group.TUMOR_FREE, "other lesion": Group.OTHER_LESION}.get(label, Group.UNJUDGED)
    sequences = set(look.sequence.split(", "))
    for group, wanted in (
        (Group.TUMOR_T1_CONTRAST, _T1_CONTRAST),
        (Group.TUMOR_FLUID, _FLUID),
        (Group.TUMOR_T1, {"T1"}),
    ):
        if sequences <= wanted:
            return group
    return Group.TUMOR_OTHER


def _count(family: Figures) -> Counts:
    def hits(name: str) -> int | None:
        estimate = family.get(name)
        return estimate["hits"] if estimate else None

    # Shares are null where no file could be read.
    return Counts(
        images=family["images"],
        read=family["images"] - family["unreadable"],
        accepted=hits("accepted") or 0,
        called_tumor=hits("called_tumor") or 0,
        sure_tumor=hits("called_tumor_classified") or 0,
        sure_no_tumor=hits("no_tumor_classified"),
        uncertain=hits("uncertain") or 0,
        right=hits("right") if family.get("expected") else None,
        rejections=family["rejections"],
    )


def list_rejections(pooled: Iterable[PooledRow]) -> Iterator[tuple[str, str, int]]:
    """Group, code of the reason, images."""
    for row in pooled:
        for code, images in row.counts.rejections.items():
            yield row.title, code, images
