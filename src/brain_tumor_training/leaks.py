"""Groups of copies from files, and the splits that tear them apart."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from scipy.cluster.hierarchy import DisjointSet

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, Groups, SplitRow, read_index

# A part that measures or chooses, and the parts that it must share no group with.
_HELD_OUT = {TEST: (TRAIN, VALIDATION), VALIDATION: (TRAIN,)}
_REMEDY = {
    TEST: "split the images anew by group with --split-anew",
    VALIDATION: "let fit carve the validation set by group, without --split, or with --split-anew",
}


def read_groups(files: Sequence[Path], paths: Collection[str], patients: Mapping[str, str] | None = None) -> Groups:
    """The groups that several files agree on together: what one of them joins is joined, through others too.

    Args:
        files: CSVs with the columns path and group, as an audit writes them; an image with an empty group stands alone.
            No files give no groups.
        paths: the images that each of the files must list.
        patients: image -> patient, which joins images as a file does; of every image, or None.

    Raises:
        DatasetError: a file is no such CSV, or lacks an image.
    """
    united: DisjointSet[tuple[str, ...]] = DisjointSet()
    for file in files:
        records = read_csv(file)
        if not records or not {"path", "group"} <= records[0].keys():
            raise DatasetError(f"{file}: is not the groups.csv of an audit; it needs the columns path and group")
        listed = {record["path"] for record in records}
        if missing := [path for path in paths if path not in listed]:
            raise DatasetError(
                f"{file}: lacks {len(missing)} images of the split, {missing[0]} first; audit this data set"
            )
        for record in records:
            # Two files may use one name for two groups, so a group's name goes with its file.
            image, group = (record["path"],), (record["group"], str(file))
            united.add(image)
            if record["group"]:
                united.add(group)
                united.merge(image, group)
    for path, patient in (patients or {}).items():
        united.add((path,))
        united.add((patient, "patient"))
        united.merge((path,), (patient, "patient"))
    numbers: dict[tuple[str, ...], int] = {}
    return {path: numbers.setdefault(united[path,], len(numbers)) for path in paths} if files or patients else {}


def read_fold_groups(index: Path, files: Sequence[Path]) -> Groups:
    """The groups of all images of an index of folds: those of its own column group, if it has one, and of the files."""
    rows = read_index(index)
    own = [index] if "group" in rows[0] else []
    return read_groups([*files, *own], [row["path"] for row in rows])


def refuse_leaks(rows: Sequence[SplitRow], groups: Groups, allowed: Collection[str] = ()) -> None:
    """Refuse a split where test shares a group with train or validation, or validation with train.

    Args:
        rows: the split.
        groups: of every row; without any there is nothing to find.
        allowed: the parts, TEST or VALIDATION, whose leaks are meant.

    Raises:
        DatasetError: a group is torn apart.
    """
    members: dict[int, list[SplitRow]] = defaultdict(list)
    for row in rows if groups else ():
        members[groups[row.path]].append(row)
    for part, others in _HELD_OUT.items():
        torn = [
            (outside, inside)
            for group in members.values()
            if (inside := [row for row in group if row.split == part])
            and (outside := [row for row in group if row.split in others])
        ]
        if torn and part not in allowed:
            (first, *_), (second, *_) = torn[0]
            raise DatasetError(
                f"the split tears {len(torn)} groups of copies apart: {sum(len(inside) for _, inside in torn)} {part} "
                f"images have a copy in {' or '.join(others)}, such as {second.path} that of {first.path}; "
                f"{_REMEDY[part]}, or say --allow-leaks-into {part} if this is meant"
            )
