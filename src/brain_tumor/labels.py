"""The classes of a model, the four of this project's own, and how people spell them on folders."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

# DICOM's LO, the value that holds the meaning of a code, takes 64.
MAX_NAME_CHARS = 64
# Spreadsheets, Markdown and HTML, where names are shown, read these as more than text.
_MARKS = frozenset('*`[]<>|\\~$#!:"={}^')
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


def is_plain_name(text: str) -> bool:
    """Whether a name of a class or a model is safe wherever it is shown: in tables, terminals, pages and DICOM.

    It begins with a letter or digit, is printable (so it turns no text around and moves no cursor), has no marks that
    Markdown, HTML or a spreadsheet obeys, and MAX_NAME_CHARS characters at most.
    """
    return (
        0 < len(text) <= MAX_NAME_CHARS
        and text[0].isalnum()
        and text == text.strip()
        and text.isprintable()
        and _MARKS.isdisjoint(text)
    )


class Label(str):
    """A class of a model: the text is the name a person reads, and a class is or is not a finding.

    Equal classes are one object, so ``is`` compares them. The four classes of this project are known by their name;
    of any other class the model's card says whether it is a finding, and how it is coloured.
    """

    __slots__ = ("color", "is_finding")
    is_finding: bool  # whether it names something abnormal, such as a tumor
    color: str | None  # in charts, as #RRGGBB; None where it follows the order of the classes
    _known: ClassVar[dict[tuple[str, bool, str | None], "Label"]] = {}

    GLIOMA: ClassVar["Label"]
    MENINGIOMA: ClassVar["Label"]
    NO_TUMOR: ClassVar["Label"]
    PITUITARY: ClassVar["Label"]

    def __new__(cls, name: str, is_finding: bool | None = None, color: str | None = None) -> Self:
        """The class of that name.

        Args:
            name: as people read it.
            is_finding: whether it names something abnormal; None for a class of this project, which is known.
            color: in charts, as #RRGGBB; None for one that follows the order of the classes.

        Raises:
            ValueError: the name is none of this project's classes, and is_finding is None; or it is no plain name; or
                the colour is none.
        """
        if is_finding is None:
            is_finding = next((label.is_finding for label in LABELS if label == name), None)
            if is_finding is None:
                raise ValueError(f"{name!r} is none of {', '.join(LABELS)}")
        label = cls._known.get((name, is_finding, color))
        if label is None:
            if not is_plain_name(name):
                raise ValueError(
                    f"{name[:MAX_NAME_CHARS]!r} cannot be the name of a class: give {MAX_NAME_CHARS} characters at "
                    f"most, a letter or digit first, and none of {' '.join(sorted(_MARKS))}"
                )
            if color is not None and not _COLOR.fullmatch(color):
                raise ValueError(f"{color[:MAX_NAME_CHARS]!r} is no colour; give one as #RRGGBB")
            label = cls._known[name, is_finding, color] = super().__new__(cls, name)
            label.is_finding, label.color = is_finding, color
        return label  # type: ignore[return-value]

    def __reduce__(self) -> tuple[type["Label"], tuple[str, bool, str | None]]:
        return Label, (self.value, self.is_finding, self.color)

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

# The words that people use for each class, in the singular, without blanks, punctuation and the words of _FILLERS.
# Astrocytoma, oligodendroglioma and glioblastoma are gliomas by the WHO's classification of 2021.
_SPELLINGS = {
    Label.GLIOMA: (
        "glioma",
        "gliomatous",
        "lowgradeglioma",
        "highgradeglioma",
        "lgg",
        "hgg",
        "gbm",
        "glioblastoma",
        "glioblastomamultiforme",
        "astrocytoma",
        "oligodendroglioma",
    ),
    Label.MENINGIOMA: ("meningioma", "meningiomatous", "menin", "meningothelioma"),
    Label.PITUITARY: (
        "pituitary",
        "pituitarie",
        "pituitaryadenoma",
        "pituitarymacroadenoma",
        "pituitarymicroadenoma",
        "pituitaryneuroendocrine",
        "pitnet",
        "hypophysealadenoma",
    ),
    Label.NO_TUMOR: (
        "nofinding",
        "normal",
        "healthy",
        "healthycontrol",
        "normalcontrol",
        "control",
        "negative",
        "nolesion",
    ),
}
_KNOWN = {spelling: label for label, spellings in _SPELLINGS.items() for spelling in spellings}
# Said beside a class, these words change nothing.
_FILLERS = re.compile(r"brain|mri|images?|scans?|slices?|patients?|subjects?|cases?")
_TUMOR = re.compile(r"tumou?r(s|ous)?")
# Beside "tumor" they mean no tumor; beside other words, as in "not-brain-mri", they say something else.
_NEGATIONS = ("no", "non", "not", "none", "without", "free")
_ALONE = ("no", "none")


def in_display_order(classes: Iterable[Label]) -> tuple[Label, ...]:
    """Classes in the order that tables and charts have: this project's four as LABELS, others as they are given."""
    given = tuple(classes)
    return LABELS if set(given) == set(LABELS) else given


def finding_word(classes: Iterable[Label]) -> str:
    """What a finding is called where its class is not named: a tumor among this project's classes, else a finding."""
    return "tumor" if set(classes) == set(LABELS) else "finding"


def class_without_finding(classes: Iterable[Label]) -> Label:
    """The safe final class: the first that is no finding, NO_CLASS where there is none."""
    return next((label for label in classes if not label.is_finding), NO_CLASS)


def label_from_name(name: str) -> Label | None:
    """The class that a folder name such as ``Gliomas``, ``glioma_tumor`` or ``notumor`` means, or None.

    The comparison ignores case, everything that is not a letter, the plural, and words such as "tumor" and "brain".
    """
    letters = re.sub(r"[^a-z]", "", name.lower())
    without_fillers = _FILLERS.sub("", letters)
    short = _TUMOR.sub("", without_fillers)
    if short in _NEGATIONS:
        return Label.NO_TUMOR if short != without_fillers or letters in _ALONE else None
    # Plurals end in s, as "pituitaries" does, too, whose singular is listed without its last letter.
    return _KNOWN.get(short) or _KNOWN.get(short.removesuffix("s"))


def to_stored(label: Label) -> str | dict[str, Any]:
    """A class as JSON files hold it: this project's by their names, as every release reads them, others in full."""
    if any(label is known for known in LABELS):
        return label.value
    color = {} if label.color is None else {"color": label.color}
    return {"name": label.value, "is_finding": label.is_finding, **color}


def from_stored(stored: str | dict[str, Any]) -> Label:
    """The class of `to_stored`.

    Raises:
        ValueError: the name alone says nothing, for it is none of this project's classes; or the colour is none.
        TypeError: it is not such a value.
    """
    if isinstance(stored, str):
        return Label(stored)
    name, is_finding, color = stored.get("name"), stored.get("is_finding"), stored.get("color")
    known = stored.keys() <= {"name", "is_finding", "color"}
    if not (known and isinstance(name, str) and isinstance(is_finding, bool) and isinstance(color, str | None)):
        raise TypeError(f"a class has a name, is a finding or not, and may have a colour, found {stored!r}")
    return Label(name, is_finding, color)


def own_classes(names: Iterable[str], no_finding: Collection[str] = ()) -> tuple[Label, ...]:
    """The classes of a data set that names its own, in alphabetical order.

    Args:
        names: of its folders or labels.
        no_finding: those of them that name nothing abnormal, besides the usual words for that, such as "normal".

    Raises:
        ValueError: fewer than two are given, two of them make one column of a table, or no_finding has another one.
    """
    found = sorted(set(names))
    if unknown := sorted(set(no_finding) - set(found)):
        raise ValueError(f"{', '.join(unknown)} is none of the classes {', '.join(found)}")
    classes = tuple(
        Label(name, name not in no_finding and label_from_name(name) is not Label.NO_TUMOR) for name in found
    )
    if len(classes) < 2 or len({label.slug for label in classes}) < len(classes):
        raise ValueError(f"two or more classes with different names are needed, found {', '.join(found) or 'none'}")
    return classes


def find_class(name: str, classes: Iterable[Label]) -> Label | None:
    """The class of a model that a folder or label means, or None: its own name, or a usual spelling of it.

    The comparison ignores case and everything that is neither a letter nor a digit.
    """
    wanted, usual = _to_key(name), label_from_name(name)
    known = tuple(classes)
    own = next((label for label in known if _to_key(label) == wanted), None)
    return own or next((label for label in known if label is usual), None)


def _to_key(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


@dataclass(frozen=True, slots=True)
class ClassNames:
    """What folder names and labels of a data set mean: what a person said of them, else the usual spellings."""

    meanings: Mapping[str, Label | None] = field(default_factory=dict)  # name in lower case -> class; None is left out
    classes: tuple[Label, ...] = LABELS  # of the model

    def find(self, name: str) -> Label | None:
        """The class that a name means; None for one that means none, or that is to be left out."""
        key = name.strip().lower()
        return self.meanings[key] if key in self.meanings else find_class(name, self.classes)

    def leaves_out(self, name: str) -> bool:
        """Whether a person said that images of this name have no part."""
        return self.meanings.get(name.strip().lower(), Label.NO_TUMOR) is None


USUAL_NAMES = ClassNames()
