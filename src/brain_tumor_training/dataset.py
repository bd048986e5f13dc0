"""Labelled folder trees, and where the public one comes from."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.errors import DatasetError, MissingExtraError
from brain_tumor.evaluation.labelled import describe_unknown
from brain_tumor.extras import install_command
from brain_tumor.input.files import find_files
from brain_tumor.input.no_images import LeftOut, is_hidden
from brain_tumor.labels import USUAL_NAMES, ClassNames, Label, own_classes

PUBLIC_SET = "masoudnickparvar/brain-tumor-mri-dataset"
PUBLIC_SET_NOTE = f"""\
Brain Tumor MRI Dataset, kaggle.com/datasets/{PUBLIC_SET}
  7,023 JPEG slices in Training/ and Testing/, four classes each.
  Put together from figshare 1512427 (Cheng 2017, CC BY 4.0), the SARTAJ set and Br35H; Kaggle states CC0.
  Known flaw: half of the tumor images in Testing/ are mirrored copies of images in Training/.
  Read the licence on the page before you use or pass on the images."""

TRAINING, VALIDATION, TESTING, UNDIVIDED = "Training", "Validation", "Testing", ""
OFFICIAL_SPLITS = {
    "training": TRAINING,
    "train": TRAINING,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "testing": TESTING,
    "test": TESTING,
}


@dataclass(frozen=True, slots=True, order=True)
class LabelledImage:
    """One image file of a data set."""

    name: str  # path below the data set's root, with forward slashes
    label: Label
    official_split: str  # TRAINING, VALIDATION or TESTING, as the folders say; UNDIVIDED where they say nothing


def read_tree(root: Path, names: ClassNames = USUAL_NAMES, left_out: LeftOut | None = None) -> list[LabelledImage]:
    """List the images of a data set, sorted by name.

    The tree is ``Training/<class>/`` and, where they are there, ``Validation/<class>/`` and ``Testing/<class>/``; or
    ``<class>/`` alone, whose images are UNDIVIDED. Folders are matched by name whatever their spelling.

    Args:
        root: the data set.
        names: what its folders mean.
        left_out: counts files that are no images.

    Raises:
        DatasetError: Training or a class is missing, a split is there twice, or a folder's name means no class.
    """
    parts = _find_parts(root)
    return sorted(
        image for split, folder in parts.items() for image in _read_classes(root, folder, split, names, left_out)
    )


def read_own_classes(root: Path, no_finding: Collection[str]) -> tuple[Label, ...]:
    """The classes that the folders of a data set name, for one with its own.

    Args:
        root: the data set.
        no_finding: folders that hold nothing abnormal.

    Raises:
        DatasetError: a split is missing or there twice, or the folders' names cannot be classes.
    """
    folders = (p for part in _find_parts(root).values() for p in part.iterdir())
    try:
        return own_classes((p.name for p in folders if p.is_dir() and not is_hidden((p.name,))), no_finding)
    except ValueError as error:
        raise DatasetError(f"{root}: {error}") from None


def _find_parts(root: Path) -> dict[str, Path]:
    """The folders of the splits by their names; the root itself where no folder is named like one."""
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; give the folder that holds Training/ and Testing/, or the classes")
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not is_hidden((p.name,)))
    parts: dict[str, Path] = {}
    for folder in folders:
        split = OFFICIAL_SPLITS.get(folder.name.lower())
        if split in parts:
            both = f"{parts[split].name}, {folder.name}"
            raise DatasetError(f"{root}: has several {split}/ folders ({both}); leave the one that is meant")
        if split:
            parts[split] = folder
    if parts and TRAINING not in parts:
        found = ", ".join(p.name for p in parts.values())
        raise DatasetError(f"{root}: has no Training/ folder (found {found}); images to train on are needed")
    if not folders:
        raise DatasetError(f"{root}: has no folders; one per class is needed, or Training/ and Testing/ that hold them")
    return parts or {UNDIVIDED: root}


def find_images(folder: Path, left_out: LeftOut | None = None) -> list[Path]:
    """All images below folder, sorted; left_out counts what is none, as find_files tells."""
    return sorted(path for file in find_files([str(folder)], left_out=left_out) if (path := Path(file)).is_file())


def fetch_public_set() -> Path:
    """Download the public set through kagglehub and return its folder.

    Raises:
        MissingExtraError: kagglehub is not installed.
        DatasetError: the download fails.
    """
    try:
        import kagglehub
    except ModuleNotFoundError:
        raise MissingExtraError(f"data fetch needs kagglehub; install it with: {install_command('train')}") from None
    try:
        return Path(kagglehub.dataset_download(PUBLIC_SET))
    except Exception as error:  # kagglehub passes on whatever its HTTP client raises
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatasetError(
            f"kaggle.com: the download failed ({type(error).__name__}: {first_line}); check the network, or download "
            f"{PUBLIC_SET} in a browser, unpack it, and give its folder with --data"
        ) from None


def _read_classes(
    root: Path, split_folder: Path, split: str, names: ClassNames, left_out: LeftOut | None
) -> list[LabelledImage]:
    images: list[LabelledImage] = []
    unknown: dict[str, int] = {}
    for folder in sorted(p for p in split_folder.iterdir() if p.is_dir() and not is_hidden((p.name,))):
        label = names.find(folder.name)
        found = find_images(folder, left_out)
        if label:
            images += [LabelledImage(p.relative_to(root).as_posix(), label, split) for p in found]
        elif found and not names.leaves_out(folder.name):
            unknown[folder.name] = len(found)
    if unknown:
        raise DatasetError(
            f"{split_folder}: {describe_unknown(unknown, names.classes)}; or train the folders' own names with "
            "--own-classes"
        )
    if missing := [label.value for label in names.classes if label not in {image.label for image in images}]:
        raise DatasetError(
            f"{split_folder}: has no images of {', '.join(missing)}; every class needs images in every part"
        )
    return images
