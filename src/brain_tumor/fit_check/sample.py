"""A few slices, spread evenly over all that is found, and chosen before they are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Kind
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile

# The fractions of its multiples are spread evenly and follow no period: steps of one length could meet the same slice
# of every series again and again.
_GOLDEN = 0.6180339887498949


def draw_evenly(find: Callable[[], Iterable[Any]], count: int) -> tuple[list[Any], int]:
    """At most so many of the items, one of each of as many equal parts, in their order; and how many there are.

    The same items give the same answer.

    Args:
        find: gives the items. It is called twice, so that no more than count items are held.
        count: of the items to draw.
    """
    found = sum(1 for _ in find())
    if found <= count:
        return list(find()), found
    edges = [part * found // count for part in range(count + 1)]
    chosen = {low + int(_shift(part) * (high - low)) for part, (low, high) in enumerate(pairwise(edges))}
    return [item for index, item in enumerate(find()) if index in chosen], found


def choose_slices(files: Sequence[SourceFile], count: int, options: ReadOptions) -> Iterator[tuple[Slice, ...]]:
    """The slices to read of each file, at most count in all, which is no less than the number of files.

    Each file has the same share of them as far as it has slices. Files are opened one after the other, volumes last:
    they take what single images leave. A file that cannot be opened is one slice, whose read() raises ScanError.
    """
    left = count
    ordered = sorted(files, key=_may_hold_many)
    for index, file in enumerate(ordered):
        slices = [slice_ for series in open_series([file], options) for slice_ in series.slices]
        taken = min(len(slices), -(-left // (len(ordered) - index)))
        left -= taken
        # Somewhere else in each file, or one slice a volume would be the lowest of each.
        shift = _shift(index + 1)
        yield tuple(slices[int((number + shift) * len(slices) / taken)] for number in range(taken))


def _shift(index: int) -> float:
    return index * _GOLDEN % 1.0


def _may_hold_many(file: SourceFile) -> int:
    try:
        found = file.find_format()
    except ScanError:
        return 0  # opening it will say why
    return {Kind.DICOM: 1, Kind.PAGES: 1, Kind.VOLUME: 2}.get(found.kind, 0) if found else 0
