"""Pictures of one folder as one series, for exports of a patient as PNG or JPEG files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from brain_tumor.input.file_names import find_folder
from brain_tumor.input.series import Series, Slice

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, eq=False)
class PictureSeries(Series):
    """The images of one folder that stand alone otherwise."""

    is_ordered: bool = True  # whether their names say in which order they were taken


def group_by_folder(opened: Iterable[Series]) -> Iterator[Series]:
    """The same series, but images that follow each other in one folder become one, in the order of their numbers.

    Their order is known where the names differ in one number only, as in ``slice-1.png`` to ``slice-25.png``; else
    they keep the order in which they came. A folder's images are held at once, without pixels.
    """
    for folder, together in groupby(opened, _folder):
        if folder is None:
            yield from together
            continue
        images = list(together)
        yield images[0] if len(images) == 1 else _join(folder, [slice_ for image in images for slice_ in image.slices])


def _folder(series: Series) -> str | None:
    return None if series.is_stack else find_folder([series.slices[0].file]) or "."


def _join(folder: str, slices: Sequence[Slice]) -> PictureSeries:
    numbers = _find_numbers([Path(slice_.file).name for slice_ in slices])
    if numbers is None:
        return PictureSeries(folder, tuple(slices), is_ordered=False)
    ordered = sorted(zip(numbers, slices, strict=True), key=lambda pair: pair[0])
    return PictureSeries(folder, tuple(item for _, item in ordered))


def _find_numbers(names: Sequence[str]) -> list[int] | None:
    """The number in each name; None unless the names differ in one number only, which no two share."""
    texts = {_NUMBER.sub("#", name) for name in names}
    found = [[int(number) for number in _NUMBER.findall(name)] for name in names]
    if len(texts) > 1 or not found[0]:
        return None
    varying = [column for column in zip(*found, strict=True) if len(set(column)) > 1]
    if len(varying) != 1 or len(set(varying[0])) < len(names):
        return None
    return list(varying[0])
