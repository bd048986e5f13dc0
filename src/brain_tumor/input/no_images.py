"""Which of the files that a search finds are no images: counted, never read. One rule for commands and the page."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Kind
from brain_tumor.input.matlab import may_hold_slice
from brain_tumor.input.source_file import SourceFile

# A file with such a name was meant as an image, or as a packed one, so that one that is none is an error.
_IMAGE_ENDINGS = frozenset(
    "png jpg jpeg jpe jfif bmp dib tif tiff webp gif jp2 j2k j2c jpc jpf jpx heic heif hif avif jxl "
    "nii hdr img mgh mgz nrrd nhdr mha mhd mnc brik head par fits pbm pgm ppm pnm "
    "zip tar tgz tbz2 txz gz bz2 xz zst rar 7z".split()
)
_DICOM_ENDINGS = frozenset("dcm dicom dic ima acr".split())
# Documents and programs that are ZIP archives inside.
_ZIP_DOCUMENTS = frozenset("jar war apk whl egg docx docm xlsx xlsm pptx odt ods odp epub npz nupkg xpi".split())
_TEXT_NAMES = frozenset("readme changes license licence notice authors version copying makefile".split())
# Endings of files with voxels -> those of their headers.
_VOXEL_ENDINGS = {
    ".img": (".hdr", ".HDR"), ".img.gz": (".hdr", ".hdr.gz"),
    ".raw": (".mhd", ".nhdr"), ".zraw": (".mhd",), ".raw.gz": (".nhdr",),
}  # fmt: skip
# DICOM discs call files IM0001, or by their identifiers: what stands behind the last dot is a number then.
_NO_ENDING = re.compile(r"\d*")
_KNOWN_ENDING = re.compile(r"[a-z][a-z0-9_-]{0,9}")
# Formats that hold whatever their names say.
_OF_ANY_CONTENT = ("hdf5", "git_lfs")
# An ending that is no kind of files may be part of a patient's name.
OTHER, HIDDEN, LINKED_FOLDERS = "others", "hidden", "linked folders"


@dataclass(slots=True)
class LeftOut:
    """What a search found and left out, counted by kind."""

    kinds: Counter[str] = field(default_factory=Counter)  # by ending, such as ".json", or one of the names above

    @property
    def files(self) -> int:
        """How many files there were."""
        return self.kinds.total() - self.kinds[LINKED_FOLDERS]

    def add(self, name: str) -> None:
        """Count a file.

        Args:
            name: its path, of which no more than the ending is kept.
        """
        ending = find_ending(name)
        self.kinds[f".{ending}" if _KNOWN_ENDING.fullmatch(ending) else OTHER] += 1


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Whether a path, given by its parts, is or lies in what no person put there: a dot file, or __MACOSX."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def find_ending(name: str) -> str:
    """What stands behind the last dot of a file's name, in small letters; empty where there is none."""
    return PurePath(name).suffix[1:].lower()


def is_part_of_volume(file: SourceFile) -> bool:
    """Whether a file that was found holds the voxels of a volume whose header lies beside it, and is read with that."""
    name = PurePath(file.name).name
    for ending, headers in _VOXEL_ENDINGS.items():
        if name.lower().endswith(ending):
            stem = name[: -len(ending)]
            return any(file.find_beside(f"{stem}{header}") is not None for header in headers)
    return False


def is_no_image(file: SourceFile) -> bool:
    """Whether a file that was found, not named, is no image and was not meant as one.

    What a file holds decides first, then what its name says it should hold: a damaged ``slice.png`` is an image. No
    more than its first bytes are read, and not even these where the name says enough.
    """
    ending = find_ending(file.name.lower().removesuffix(".gz"))
    if ending in _ZIP_DOCUMENTS or PurePath(file.name).name.lower() in _TEXT_NAMES:
        return True
    if ending in _IMAGE_ENDINGS and ending not in _DICOM_ENDINGS:
        return False
    is_named_image = ending in _DICOM_ENDINGS
    has_no_ending = _NO_ENDING.fullmatch(ending) is not None
    try:
        found = file.find_format()
    except ScanError:
        return not (is_named_image or has_no_ending)
    if found is None or found.name == "gzip":
        return not (is_named_image or has_no_ending)
    if found.kind is Kind.NO_IMAGE or found.name in _OF_ANY_CONTENT:
        return not is_named_image
    if found.kind is Kind.MATLAB:
        return not _may_be_slice(file)
    return found.kind is Kind.DICOM and found.name != "DICOM"


def _may_be_slice(file: SourceFile) -> bool:
    """Whether a MATLAB file may hold a slice; one that is damaged may, and reading it says why it cannot be read."""
    try:
        return may_hold_slice(file.content(), file.find_format())
    except ScanError:
        return True
