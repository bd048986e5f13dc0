"""Images whose label or kind is in doubt, listed by a person: they neither train nor set a threshold."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor_training.examples import Example
from brain_tumor_training.splits import TEST


def read_notes(path: Path) -> dict[str, str]:
    """Image -> what was seen in it, from a CSV with path and seen; raises DatasetError for another file.

    An image is known by its name and that of its folder, as in ``notumor/Tr-no_0010.jpg``, wherever the data set lies.
    """
    rows = read_csv(path)
    if not rows or not {"path", "seen"} <= rows[0].keys():
        raise DatasetError(f"{path}: is not a list of notes with the columns path and seen")
    return {_short(row["path"]): row["seen"] for row in rows}


def find_note(path: str, notes: Mapping[str, str]) -> str | None:
    """What was seen in an image, None where nothing is noted."""
    return notes.get(_short(path))


def leave_out(examples: Sequence[Example], notes: Mapping[str, str]) -> list[Example]:
    """The list without noted images, and without copies of them, where they train or validate; tests stay as they are.

    A test that leaves images out for what the network may find hard in them would flatter it.
    """
    groups = {example.group for example in examples if find_note(example.path, notes)}
    return [example for example in examples if example.split == TEST or example.group not in groups]


def _short(path: str) -> str:
    return "/".join(PurePosixPath(path).parts[-2:])
