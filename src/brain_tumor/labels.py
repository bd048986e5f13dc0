"""The four classes, and how people spell them on folders."""

import re
from enum import StrEnum


class Label(StrEnum):
    """A class of the model; the value is the name a person reads."""

    GLIOMA = "Glioma"
    MENINGIOMA = "Meningioma"
    NO_TUMOR = "No Tumor"
    PITUITARY = "Pituitary"

    @property
    def slug(self) -> str:
        """The name in column headings and file names: lower case, no blanks, e.g. ``no_tumor``."""
        return self.value.lower().replace(" ", "_")


TUMORS = tuple(label for label in Label if label is not Label.NO_TUMOR)

# What is left of a folder name once case, punctuation and the word "tumor" are gone.
_SPELLINGS = {
    "glioma": Label.GLIOMA,
    "meningioma": Label.MENINGIOMA,
    "pituitary": Label.PITUITARY,
    "pituitaryadenoma": Label.PITUITARY,
    "no": Label.NO_TUMOR,
    "none": Label.NO_TUMOR,
    "normal": Label.NO_TUMOR,
    "healthy": Label.NO_TUMOR,
}


def label_from_name(name: str) -> Label | None:
    """The class that a folder name such as ``Glioma``, ``glioma_tumor`` or ``notumor`` means, or None.

    The comparison ignores case, everything that is not a letter, and the word "tumor" or "tumour".
    """
    letters = re.sub(r"[^a-z]", "", name.lower())
    return _SPELLINGS.get(re.sub(r"tumou?rs?", "", letters))
