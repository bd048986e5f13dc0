"""A folder tree or a list -> the image files to evaluate. What was chosen or left out is said in notes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.csv_table import read_csv
from brain_tumor.input.files import find_files
from brain_tumor.labels import LABELS, Label, label_from_name

_TEST_NAMES = ("testing", "test")
_TESTED = ("test", "held-back")
_TRAINING_NAMES = ("training", "train")


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


def find_labelled(folder: Path) -> Dataset:
    """The images below a folder whose subfolders name the classes, in any spelling and any depth below them.

    Where the folder holds ``Testing/<class>`` instead, those are taken; ``Training`` is only ever taken when it
    is the folder itself.

    Raises:
        DatasetError: there are no class folders, no images, or two ways to read the tree.
    """
    name = _name(folder)
    classes, others = _split_folders(folder)
    tests = [path for path in others if path.name.lower() in _TEST_NAMES and _split_folders(path)[0]]
    if len(tests) > 1 or (tests and classes):
        raise DatasetError(
            f"{name}: holds class folders in several places ({_listed([*tests, *classes])}); "
            "give the one folder that is meant"
        )
    notes = []
    if tests:
        classes, others = _split_folders(tests[0])
        notes.append(f"The test part, {tests[0].name}, was evaluated; other parts of the folder were not.")
    if not classes:
        raise DatasetError(f"{name}: {_missing_classes(others)}")
    if name.lower() in _TRAINING_NAMES:
        notes.append("The folder's name says that these are training images; their figures prove little.")
    if others:
        notes.append(f"Left out, as their names are no class: {_listed(others)}.")
    files = tuple(
        (file, label) for child in classes if (label := label_from_name(child.name)) for file in _images(child, folder)
    )
    if not files:
        raise DatasetError(f"{name}: its class folders ({_listed(classes)}) hold no files; give a filled folder")
    return Dataset(name, files, tuple(notes))


def read_list(table: Path, folder: Path) -> Dataset:
    """The test rows of a list such as the training's split file.

    Args:
        table: a CSV with the columns path, label and split.
        folder: what the paths are relative to.

    Raises:
        DatasetError: as read_rows does, and for unknown labels.
    """
    rows, note = read_rows(table, folder, ("path", "label"), "--list")
    files = []
    for row in rows:
        if (label := label_from_name(row.cells["label"])) is None:
            raise DatasetError(f"{row.where}: the label {row.cells['label']!r} is none of {', '.join(LABELS)}")
        files.append((row.file, label))
    return Dataset(_name(folder), tuple(files), (note,))


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
    _, subfolders = _split_folders(folder, classes=False)
    loose = tuple(_image(path, folder) for path in _entries(folder) if path.is_file())
    families = [
        (_name(folder), loose),
        *((child.name, tuple(_images(child, folder))) for child in subfolders),
    ]
    if not any(files for _, files in families):
        raise DatasetError(f"{_name(folder)}: holds no image files; give a folder with one subfolder per source")
    return tuple((name, files) for name, files in families if files)


def _split_folders(folder: Path, classes: bool = True) -> tuple[list[Path], list[Path]]:
    if not folder.is_dir():
        raise _no_folder(folder)
    folders = [path for path in _entries(folder) if path.is_dir()]
    named = [path for path in folders if classes and label_from_name(path.name)]
    return named, [path for path in folders if path not in named]


def _entries(folder: Path) -> list[Path]:
    # Hidden entries are what systems leave behind, such as .DS_Store and .ipynb_checkpoints.
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _images(folder: Path, root: Path) -> Iterator[ImageFile]:
    return (_image(Path(file), root) for file in find_files([str(folder)]))


def _image(path: Path, root: Path) -> ImageFile:
    # A name that is no valid text on this system must not stop the report from being written.
    return ImageFile(path, path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode())


def _name(folder: Path) -> str:
    return folder.resolve().name


def _listed(paths: list[Path]) -> str:
    return ", ".join(sorted(path.name for path in paths))


def _no_folder(folder: Path) -> DatasetError:
    return DatasetError(f"{folder}: is not a folder; give the folder that holds the images")


def _missing_classes(others: list[Path]) -> str:
    wanted = f"has no folder named after a class ({', '.join(LABELS)})"
    if training := [path.name for path in others if path.name.lower() in _TRAINING_NAMES]:
        return f"{wanted} and no Testing; to measure on training images all the same, give {training[0]} itself"
    return f"{wanted}; put the images into one folder per class, or give a list with --list"
