"""Labelled folder trees, and where the public one comes from."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.errors import DatasetError, MissingExtraError
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

OFFICIAL_SPLITS = {"training": "Training", "train": "Training", "testing": "Testing", "test": "Testing"}


@dataclass(frozen=True, slots=True, order=True)
class LabelledImage:
    """One image file of a data set."""

    name: str  # path below the data set's root, with forward slashes
    label: Label
    official_split: str  # "Training" or "Testing"


def read_tree(root: Path, names: ClassNames = USUAL_NAMES, left_out: LeftOut | None = None) -> list[LabelledImage]:
    """List ``Training/<class>/`` and ``Testing/<class>/`` below root, sorted by name.

    Class folders are matched by name whatever their spelling.

    Args:
        root: the data set.
        names: what its folders mean.
        left_out: counts files that are no images.

    Raises:
        DatasetError: a split or a class is missing, a split is there twice, or a folder's name means no class.
    """
    parts = _find_parts(root)
    return sorted(
        image for split, folder in parts.items() for image in _read_classes(root, folder, split, names, left_out)
    )


def read_own_classes(root: Path, no_finding: Collection[str]) -> tuple[Label, ...]:
    """The classes that the folders below Training/ and Testing/ name, for a data set with its own.

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
    """The folders Training and Testing, by these names."""
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; give the folder that holds Training/ and Testing/")
    folders = sorted(p for p in root.iterdir() if p.is_dir())
    parts: dict[str, Path] = {}
    for split in ("Training", "Testing"):
        named = [p for p in folders if OFFICIAL_SPLITS.get(p.name.lower()) == split]
        if not named:
            found = ", ".join(p.name for p in folders[:8]) or "no folders"
            raise DatasetError(f"{root}: has no {split}/ folder (found {found}); Training/ and Testing/ are needed")
        if len(named) > 1:
            both = ", ".join(p.name for p in named)
            raise DatasetError(f"{root}: has several {split}/ folders ({both}); leave the one that is meant")
        parts[split] = named[0]
    return parts


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
    for folder in sorted(p for p in split_folder.iterdir() if p.is_dir() and not is_hidden((p.name,))):
        label = names.find(folder.name)
        if label is None:
            known = ", ".join(names.classes)
            raise DatasetError(f"{folder}: the folder's name means none of the classes {known}; rename or move it")
        images += [LabelledImage(p.relative_to(root).as_posix(), label, split) for p in find_images(folder, left_out)]
    if missing := [label.value for label in names.classes if label not in {image.label for image in images}]:
        raise DatasetError(
            f"{split_folder}: has no images of {', '.join(missing)}; every class needs images in both parts"
        )
    return images
