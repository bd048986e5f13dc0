"""A folder tree or a list -> the image files to evaluate. What was chosen or left out is said in notes."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.input.files import find_files, to_source
from brain_tumor.input.no_images import LeftOut, is_hidden, is_no_image
from brain_tumor.labels import LABELS, USUAL_NAMES, ClassNames, Label
from brain_tumor.presentation.wording import render_count, render_left_out, to_sentence, to_valid_text

_TEST_NAMES = ("testing", "test")
_TESTED = ("test", "held-back")
_TRAINING_NAMES = ("training", "train")
# Names of folders and labels that say that there is a tumor, and not which.
_ANY_TUMOR = ("yes", "tumor", "tumour", "tumors", "tumours", "positive")
NO_NAME = "(empty)"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file to classify."""

    path: Path
    name: str  # below the data folder, with slashes; what reports and messages show


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One row of a list."""

    file: ImageFile
    where: str  # list and row, for messages
    cells: dict[str, str]  # column -> text, no blanks around it; empty where the row is too short


@dataclass(frozen=True, slots=True)
class Dataset:
    """The labelled files of one evaluation."""

    name: str  # the data folder's own name, never where it lies
    files: tuple[tuple[ImageFile, Label], ...]
    notes: tuple[str, ...]  # what was chosen and what was left out, for the report
    left_out: int = 0  # files that a person left out, because no class stands for them
    classes: tuple[Label, ...] = LABELS  # of the model that is measured


def open_dataset(
    folder: Path, table: Path | None, names: ClassNames = USUAL_NAMES, elsewhere: Collection[Path] = ()
) -> Dataset:
    """The images of a list where one is given, else those below the folder; as read_list and find_labelled.

    Args:
        folder: the data.
        table: the list, or None.
        names: what folders or labels mean.
        elsewhere: as for find_labelled.

    Raises:
        DatasetError: as these do.
    """
    return read_list(table, folder, names) if table else find_labelled(folder, names, elsewhere)


def find_labelled(folder: Path, names: ClassNames = USUAL_NAMES, elsewhere: Collection[Path] = ()) -> Dataset:
    """The images below a folder whose subfolders name the classes, in any spelling and any depth below them.

    Where the folder holds ``Testing/<class>`` instead, those are taken; ``Training`` is only ever taken when it
    is the folder itself.

    Args:
        folder: the data.
        names: what the names of its folders mean.
        elsewhere: files that are measured as images of other sources, which need no class folder.

    Raises:
        DatasetError: there are no class folders, no images, a folder with files whose name means no class, or two
            ways to read the tree.
    """
    name = _name(folder)
    classes, others = _split_folders(folder, names)
    tests = [path for path in others if path.name.lower() in _TEST_NAMES and _split_folders(path, names)[0]]
    if len(tests) > 1 or (tests and classes):
        raise DatasetError(
            f"{name}: holds class folders in several places ({_listed([*tests, *classes])}); "
            "give the one folder that is meant"
        )
    notes = []
    if tests:
        classes, others = _split_folders(tests[0], names)
        notes.append(f"The test part, {tests[0].name}, was evaluated; other parts of the folder were not.")
    if not classes:
        raise DatasetError(f"{name}: {_missing_classes(others, names)}")
    if name.lower() in _TRAINING_NAMES:
        notes.append("The folder's name says that these are training images; their figures prove little.")
    found = {path: [file for file in _images(path, folder) if file.path not in elsewhere] for path in others}
    unnamed = {path: len(files) for path, files in found.items() if files}
    if unknown := [path for path in unnamed if not names.leaves_out(path.name)]:
        raise DatasetError(f"{name}: {describe_unknown({path.name: unnamed[path] for path in unknown}, names.classes)}")
    if unnamed:
        notes.append(
            f"Left out, as was asked: {_listed(list(unnamed))}, {render_count(sum(unnamed.values()), 'file')}."
        )
    left_out = LeftOut()
    files = tuple(
        (file, label)
        for child in classes
        if (label := names.find(child.name))
        for file in _images(child, folder, left_out)
    )
    if left_out.kinds:
        notes.append(to_sentence(render_left_out(left_out)))
    if not files:
        raise DatasetError(f"{name}: its class folders ({_listed(classes)}) hold no files; give a filled folder")
    return Dataset(name, files, tuple(notes), sum(unnamed.values()), names.classes)


def describe_unknown(found: Mapping[str, int], classes: Iterable[Label] = LABELS) -> str:
    """What is wrong with names that mean no class, and what to do.

    Args:
        found: name -> files.
        classes: of the model.
    """
    shown = ", ".join(f"{name or NO_NAME} ({render_count(count, 'file')})" for name, count in sorted(found.items()))
    first = min(found)
    hint = ""
    if any(name.strip().lower() in _ANY_TUMOR for name in found):
        hint = "; a tumor of unknown type is measured with --brain-mri, and trains in a list of finetune"
    return (
        f"the names {shown} mean none of the classes {', '.join(classes)}; say what they are with "
        f"--label {first!r}=CLASS, or leave them out with --label {first!r}=leave-out{hint}"
    )


def read_list(table: Path, folder: Path, names: ClassNames = USUAL_NAMES) -> Dataset:
    """The test rows of a list such as the training's split file.

    Args:
        table: a CSV with the columns path, label and split.
        folder: what the paths are relative to.
        names: what its labels mean.

    Raises:
        DatasetError: as read_rows does, and for unknown labels.
    """
    rows, note = read_rows(table, folder, ("path", "label"), "--list")
    files, left_out = [], 0
    unknown: Counter[str] = Counter()
    where = ""
    for row in rows:
        if label := names.find(row.cells["label"]):
            files.append((row.file, label))
        elif names.leaves_out(row.cells["label"]):
            left_out += 1
        else:
            unknown[row.cells["label"]] += 1
            where = where or row.where
    if unknown:
        raise DatasetError(f"{where}: {describe_unknown(unknown, names.classes)}")
    if not files:
        raise DatasetError(f"{table.name}: all of its {left_out} test rows are left out; nothing is left to measure")
    notes = (note, f"Left out, as was asked: {render_count(left_out, 'file')}.") if left_out else (note,)
    return Dataset(_name(folder), tuple(files), notes, left_out, names.classes)


def read_rows(table: Path, folder: Path, needed: tuple[str, ...], option: str) -> tuple[tuple[ListedFile, ...], str]:
    """The test rows of a CSV of files. Files are not opened yet.

    Only rows whose split is "test" or "held-back" are taken, all rows without that column.

    Args:
        table: the CSV; its paths are relative to the folder.
        folder: the data.
        needed: columns that it must have.
        option: how a person gave the list, for messages.

    Returns:
        The rows, and a sentence on what was chosen.

    Raises:
        DatasetError: columns are missing, a path leaves the folder, a file is named twice, or no row is a test row.
    """
    if not folder.is_dir():
        raise _no_folder(folder)
    rows = read_csv(table, needed, option)
    files: dict[str, ListedFile] = {}
    for number, cells in enumerate(rows, start=2):
        if cells.get("split", "test").lower() not in _TESTED:
            continue
        path, where = PurePosixPath(cells["path"]), f"{table.name}, row {number}"
        if not path.name or path.is_absolute() or ".." in path.parts:
            raise DatasetError(f"{where}: the path {str(path)!r} must name a file below the data folder")
        if str(path) in files:
            raise DatasetError(f"{where}: {path} is listed a second time, it would count twice; remove one row")
        files[str(path)] = ListedFile(ImageFile(folder / path, str(path)), where, cells)
    if not files:
        raise DatasetError(f"{table.name}: none of its {len(rows)} rows has the split test; list test images")
    return tuple(files.values()), f"The list {table.name} chose {len(files)} of its {len(rows)} rows."


def find_families(folder: Path) -> tuple[tuple[str, tuple[ImageFile, ...]], ...]:
    """Images of the gate's test by family, one family per subfolder with files.

    Images that lie directly in the folder are a family with the folder's own name.

    Returns:
        (family, files).

    Raises:
        DatasetError: there is no such folder, or it holds no files.
    """
    _, subfolders = _split_folders(folder, None)
    loose = tuple(
        _image(path, folder)
        for path in _entries(folder)
        if path.is_file() and not is_no_image(to_source(str(path), is_found=True))
    )
    families = [
        (_name(folder), loose),
        *((child.name, tuple(_images(child, folder))) for child in subfolders),
    ]
    if not any(files for _, files in families):
        raise DatasetError(f"{_name(folder)}: holds no image files; give a folder with one subfolder per source")
    return tuple((name, files) for name, files in families if files)


def _split_folders(folder: Path, names: ClassNames | None = USUAL_NAMES) -> tuple[list[Path], list[Path]]:
    if not folder.is_dir():
        raise _no_folder(folder)
    folders = [path for path in _entries(folder) if path.is_dir()]
    named = [path for path in folders if names and names.find(path.name)]
    return named, [path for path in folders if path not in named]


def _entries(folder: Path) -> list[Path]:
    # Hidden entries are what systems leave behind, such as .DS_Store and .ipynb_checkpoints.
    return sorted(path for path in folder.iterdir() if not is_hidden((path.name,)))


def _images(folder: Path, root: Path, left_out: LeftOut | None = None) -> Iterator[ImageFile]:
    return (_image(Path(file), root) for file in find_files([str(folder)], left_out=left_out))


def _image(path: Path, root: Path) -> ImageFile:
    return ImageFile(path, to_valid_text(path.relative_to(root).as_posix()))


def _name(folder: Path) -> str:
    return folder.resolve().name


def _listed(paths: list[Path]) -> str:
    return ", ".join(sorted(path.name for path in paths))


def _no_folder(folder: Path) -> DatasetError:
    return DatasetError(f"{folder}: is not a folder; give the folder that holds the images")


def _missing_classes(others: list[Path], names: ClassNames) -> str:
    wanted = f"has no folder named after a class ({', '.join(names.classes)})"
    if training := [path.name for path in others if path.name.lower() in _TRAINING_NAMES]:
        return f"{wanted} and no Testing; to measure on training images all the same, give {training[0]} itself"
    return f"{wanted}; put the images into one folder per class, or give a list with --list"
