"""The classes of a model, the four of this project's own, and how people spell them on folders."""

import re
from typing import ClassVar, Self


class Label(str):
    """A class of a model: the text is the name a person reads, and a class is or is not a finding.

    Equal classes are one object, so ``is`` compares them. The four classes of this project are known by their name;
    of any other class the model's card says whether it is a finding.
    """

    __slots__ = ("is_finding",)
    is_finding: bool  # whether it names something abnormal, such as a tumor
    _known: ClassVar[dict[tuple[str, bool], "Label"]] = {}

    GLIOMA: ClassVar["Label"]
    MENINGIOMA: ClassVar["Label"]
    NO_TUMOR: ClassVar["Label"]
    PITUITARY: ClassVar["Label"]

    def __new__(cls, name: str, is_finding: bool | None = None) -> Self:
        """The class of that name.

        Args:
            name: as people read it.
            is_finding: whether it names something abnormal; None for a class of this project, which is known.

        Raises:
            ValueError: the name is none of this project's classes, and is_finding is None.
        """
        if is_finding is None:
            is_finding = next((label.is_finding for label in LABELS if label == name), None)
            if is_finding is None:
                raise ValueError(f"{name!r} is none of {', '.join(LABELS)}")
        label = cls._known.get((name, is_finding))
        if label is None:
            label = cls._known[name, is_finding] = super().__new__(cls, name)
            label.is_finding = is_finding
        return label  # type: ignore[return-value]

    def __reduce__(self) -> tuple[type["Label"], tuple[str, bool]]:
        return Label, (self.value, self.is_finding)

    @property
    def value(self) -> str:
        """The name as plain text."""
        return str(self)

    @property
    def slug(self) -> str:
        """The name in column headings and file names: lower case, no blanks, e.g. ``no_tumor``."""
        return re.sub(r"[^\w]+", "_", self.value.lower()).strip("_")


Label.GLIOMA = Label("Glioma", True)
Label.MENINGIOMA = Label("Meningioma", True)
Label.NO_TUMOR = Label("No Tumor", False)
Label.PITUITARY = Label("Pituitary", True)

# The four classes of this project, in the order that tables and charts have; a model's card may name others.
LABELS = (Label.GLIOMA, Label.MENINGIOMA, Label.NO_TUMOR, Label.PITUITARY)
TUMORS = tuple(label for label in LABELS if label.is_finding)
# The final class of an image that was not analysed, where a model has no class without a finding.
NO_CLASS = Label("No class", False)

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
