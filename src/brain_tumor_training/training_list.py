"""Index of a data set and folders of other sources -> one training list that keeps copies and patients together."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from scipy.cluster.hierarchy import DisjointSet

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import COLUMNS as BOX_COLUMNS
from brain_tumor.input.scan import Box
from brain_tumor.labels import LABELS, Label, label_from_name
from brain_tumor_training.dataset import find_images
from brain_tumor_training.examples import ANY_TUMOR, Example
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, Groups, hash_share

# Slices of one patient follow each other in the figshare set, 13 of them on average. A stretch of validation
# slices that holds several patients shares at most the two at its ends with the training set.
STRETCH = 60
VALIDATION_SHARE = 0.12
# Of other sources more is held back, as they are small and the test must be able to show one per cent.
OTHER_SHARES = {TRAIN: 0.6, VALIDATION: 0.1, TEST: 0.3}
# Images of one subject are named after it: "s01_t1_ax0" is subject s01, "MPX1012_synpic22949" is case MPX1012.
SUBJECT = r"^([A-Za-z]+\d+)_"
# The label of an image that shows a disease which is no tumor.
OTHER_LESION = "other lesion"
# Behind the name of a source: those images of it.
OF_OTHER_LESIONS = ", other lesions"
NOT_BRAIN_MRI = "not-brain-mri"
FURTHER_COLUMNS = {"path", "source", "label", "family", "patient", "skull_stripped", "split"}


def build_own(
    index: Path, groups: Path, prefix: str, hold_out: Sequence[str] = (), *, spare_testing: bool = False
) -> list[Example]:
    """Examples of the data set that index describes.

    All copies of a picture that trains are listed, in one group, of which an epoch takes one; of a picture that
    validates, one is. Groups whose copies have different labels are left out of training.

    Args:
        index: CSV with path, label and fold, as ``brain-tumor-train index`` writes it; and, where they are known,
            official_split, source, group, mirrored, near_fold_edge and the tumor box.
        groups: the groups.csv of an audit of the same folder; copies are what either of the two calls a group.
        prefix: put before each path.
        hold_out: these folds are the test part, and nothing near their edges or with a copy in them trains; without
            any, official Testing is the test part.
        spare_testing: with held-out folds too, no official Testing image trains, so that a network for release may
            start from this one.

    Raises:
        DatasetError: a file is no such CSV, or index lacks a fold.
    """
    rows = {row["path"]: row for row in _read_own(index)}
    folds = {row["fold"] for row in rows.values()}
    if unknown := sorted(set(hold_out) - folds):
        raise DatasetError(
            f"{index}: has no fold {', '.join(unknown)}, but {', '.join(sorted(folds))}; give the option once per fold"
        )
    united = _unite(rows, groups)
    parts = {path: _own_part(row, hold_out, spare_testing) for path, row in rows.items()}
    tested = {united[path] for path, part in parts.items() if part == TEST}
    labels = defaultdict(set)
    for path, row in rows.items():
        labels[united[path]].add(row["label"])
    examples = []
    chosen: dict[str, str] = {}  # group -> the part that its first copy is in
    # The original before its mirror image.
    for path, row in sorted(rows.items(), key=lambda item: (item[1]["mirrored"], item[0])):
        group, part = united[path], parts[path]
        if part == TRAIN:
            if len(labels[group]) > 1 or (hold_out and group in tested) or chosen.get(group) == VALIDATION:
                continue
            part = chosen.setdefault(group, _with_validation(row["group"]))
        if part is not None:
            examples.append(_own_example(row, prefix, group, part))
    return sorted(examples, key=lambda example: example.path)


def _read_own(index: Path) -> list[dict[str, str]]:
    """The rows of an index of the data set, columns that may be left out filled with what says nothing."""
    rows = read_csv(index, ("path", "label", "fold"), "--index")
    usual = {"official_split": "", "source": index.parent.name, "mirrored": "0", "near_fold_edge": "0"}
    return [{**usual, **dict.fromkeys(BOX_COLUMNS, ""), "group": row["path"], **row} for row in rows]


def build_other(folder: Path, root: Path, label: str, groups: Sequence[Path]) -> list[Example]:
    """Examples of another source: all images of a folder, with one label.

    Copies and subjects stay in one part, chosen by the hash of their name; of each group one image trains or validates,
    all are tested.

    Args:
        folder: of the source.
        root: the folder that the paths of the list are below.
        label: a class, or "tumor" where the type is unknown.
        groups: the groups.csv of audits, one of them of the folder above, so that copies across folders are known; the
            first that lists the folder counts.

    Raises:
        DatasetError: the label means no class, or the audit does not have an image.
    """
    found = None if label == ANY_TUMOR else label_from_name(label)
    if found is None and label != ANY_TUMOR:
        raise DatasetError(f"{folder}: is given the label {label!r}; {', '.join(LABELS)} and {ANY_TUMOR} are known")
    images = find_images(folder)
    known = _find_audit(folder, groups)
    names = _kept_together(known)
    examples, seen = [], set()
    for image in images:
        audited = known.get(f"{folder.name}/{image.name}")
        if audited is None:
            raise DatasetError(f"the audit lacks {folder.name}/{image.name}; audit the folder above {folder}")
        part = _other_part(names[audited])
        if part != TEST and audited in seen:
            continue
        seen.add(audited)
        # One name for all folders of the audit, unlike those of the data set itself.
        group = f"{folder.parent.name}/{audited}"
        examples.append(Example(image.relative_to(root).as_posix(), found, group, folder.name, part, None))
    return examples


def build_further(
    indexes: Mapping[Path, str], left_out: Sequence[str] = (), no_tumor: Sequence[str] = ()
) -> list[Example]:
    """Examples of the sources that indexes list one by one, with patients, sequences and a split of their own.

    What is held back is the test part; of the patients that train one in eight validates, by the hash of its name.
    Images that are no brain MRI have no part here, nor have lesions that are no tumor: they would teach either "no
    tumor" what is not healthy or a tumor what is none. The group is the image, as the indexes list no copies.

    Args:
        indexes: as read_further reads them, and what to put before the paths of each.
        left_out: sources of which every image is tested.
        no_tumor: sources whose lesions that are no tumor count as no tumor all the same.

    Raises:
        DatasetError: a file is no such index, or all of them lack a source.
    """
    listed = [(prefix, row) for index, prefix in indexes.items() for row in read_further(index)]
    sources = {row["source"] for _, row in listed}
    if unknown := sorted({*left_out, *no_tumor} - sources):
        names = ", ".join(map(str, indexes)) or "no --further"
        raise DatasetError(f"{names}: lists no source {', '.join(unknown)}; known are {', '.join(sorted(sources))}")
    examples = []
    for prefix, row in listed:
        found = None if row["label"] == ANY_TUMOR else label_from_name(row["label"])
        if row["label"] == OTHER_LESION and row["source"] in no_tumor:
            found = Label.NO_TUMOR
        if found is None and row["label"] != ANY_TUMOR:
            continue
        if row["source"] in left_out or row["split"] != TRAIN:
            part = TEST
        else:
            part = VALIDATION if hash_share(row["patient"]) < VALIDATION_SHARE else TRAIN
        path = prefix + row["path"]
        stripped = row["skull_stripped"] == "1"
        examples.append(Example(path, found, path, row["source"], part, None, skull_stripped=stripped))
    return examples


def read_further(index: Path) -> list[dict[str, str]]:
    """The rows of an index of further sources.

    Args:
        index: CSV with the columns FURTHER_COLUMNS, others are kept. split: "train" or "held-back". label: a class,
            "tumor", OTHER_LESION or NOT_BRAIN_MRI. skull_stripped: "1" where only the brain is left. family: of images
            that are no brain MRI.

    Raises:
        DatasetError: the file is no such CSV.
    """
    rows = read_csv(index)
    if not rows or not rows[0].keys() >= FURTHER_COLUMNS:
        raise DatasetError(
            f"{index}: is not an index of further sources with the columns {', '.join(sorted(FURTHER_COLUMNS))}"
        )
    return rows


def drop_copies_of_tested(examples: Sequence[Example], groups: Groups) -> list[Example]:
    """The list without those training and validation images of which a copy is tested, in whatever source.

    Args:
        examples: the list.
        groups: of every example, by an audit of all sources together.
    """
    tested = {groups[example.path] for example in examples if example.split == TEST}
    return [example for example in examples if example.split == TEST or groups[example.path] not in tested]


def drop_copies_of(own: Sequence[Example], others: Sequence[Example], groups: Groups) -> list[Example]:
    """The images of other sources without copies of the data set's own, whatever part those are in.

    Args:
        own: images of the data set.
        others: images of other sources.
        groups: of every example, by an audit of all sources together.
    """
    copied = {groups[item.path] for item in own}
    return [other for other in others if groups[other.path] not in copied]


def _find_audit(folder: Path, groups: Sequence[Path]) -> dict[str, str]:
    """Path below the audited folder -> group, of the first audit that lists an image of the folder."""
    for audit in groups:
        known = {record["path"]: record["group"] for record in read_csv(audit)}
        if any(path.startswith(f"{folder.name}/") for path in known):
            return known
    raise DatasetError(
        f"{', '.join(map(str, groups))}: list no image of {folder.name}; audit the folder above {folder}"
    )


def _kept_together(known: Mapping[str, str]) -> dict[str, str]:
    """Audited group -> one name for all groups and subjects that are tied to it, a subject's where there is one."""
    subjects = {path: match[1] for path in known if (match := re.match(SUBJECT, PurePosixPath(path).stem))}
    sets: DisjointSet = DisjointSet(("group", group) for group in known.values())
    for path, subject in subjects.items():
        sets.add(("subject", subject))
        sets.merge(("group", known[path]), ("subject", subject))
    tied = {group: sets.subset(("group", group)) for group in set(known.values())}
    return {
        group: min((name for kind, name in members if kind == "subject"), default=group)
        for group, members in tied.items()
    }


def _unite(rows: Mapping[str, Mapping[str, str]], groups: Path) -> dict[str, str]:
    audited = {record["path"]: record["group"] for record in read_csv(groups)}
    if missing := [path for path in rows if path not in audited]:
        raise DatasetError(f"{groups}: lacks {len(missing)} images of the index, {missing[0]} first; audit this folder")
    sets: DisjointSet = DisjointSet()
    for path, row in rows.items():
        # Look-alikes that are no copies form chains of other patients; figshare's groups are slices.
        for name in (audited[path], row["group"]) if row["source"] == "figshare" else (audited[path],):
            sets.add(name)
        if row["source"] == "figshare":
            sets.merge(audited[path], row["group"])
    return {path: str(sets[audited[path]]) for path in rows}


def _own_part(row: Mapping[str, str], hold_out: Sequence[str], spare_testing: bool) -> str | None:
    if not hold_out:
        return TEST if row["official_split"] == "Testing" else TRAIN
    if row["fold"] in hold_out:
        return TEST
    spared = row["near_fold_edge"] != "0" or (spare_testing and row["official_split"] == "Testing")
    return None if spared else TRAIN


def _with_validation(group: str) -> str:
    name = match[1] if (match := re.match(r"^figshare-(\d+)$", group)) else None
    series = f"stretch {int(name) // STRETCH}" if name else group
    return VALIDATION if hash_share(series) < VALIDATION_SHARE else TRAIN


def _own_example(row: Mapping[str, str], prefix: str, group: str, part: str) -> Example:
    label = label_from_name(row["label"])
    if label is None:
        raise DatasetError(f"the index has the label {row['label']!r}; {', '.join(LABELS)} are known")
    numbers = [row[column] for column in BOX_COLUMNS]
    box: Box | None = tuple(map(float, numbers)) if all(numbers) else None  # type: ignore[assignment]  # four of them
    return Example(prefix + row["path"], label, group, row["source"], part, box)


def _other_part(subject: str) -> str:
    share = hash_share(subject)
    if share < OTHER_SHARES[TRAIN]:
        return TRAIN
    return VALIDATION if share < OTHER_SHARES[TRAIN] + OTHER_SHARES[VALIDATION] else TEST
