"""Pairs of copies -> groups: what has to stay on one side of a split."""

import csv
import io
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from sklearn.metrics.cluster import pair_confusion_matrix

from brain_tumor_training.duplicates import Pair

IntArray = NDArray[np.int64]

# Two parts of a group must agree this much on average. Copies of one picture agree among each other; a chain of
# slices, each like the next, does not: its ends differ.
MIN_MEAN_AGREEMENT = 0.8


def to_groups(pairs: Sequence[Pair], images: int) -> tuple[int, ...]:
    """The group of every image, counted from 0 in the order of their first members.

    Connected components of the copies, cut by average linkage.

    Args:
        pairs: as find_pairs gives them, those that are no copies included: they tell where a chain breaks.
        images: how many there are.
    """
    copies = [pair for pair in pairs if pair.is_copy]
    edges = (np.ones(len(copies)), ([pair.first for pair in copies], [pair.second for pair in copies]))
    _, component = connected_components(coo_array(edges, shape=(images, images)), directed=False)
    between: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if component[pair.first] == component[pair.second]:
            between[int(component[pair.first])].append(pair)
    group = component.astype(np.int64) * (images + 1)
    for name, inside in between.items():
        members = np.flatnonzero(component == name)
        if len(members) > 2:
            group[members] += _cut(members, inside)
    return _in_order(group)


def render_groups(names: Sequence[str], groups: Sequence[int]) -> str:
    """CSV with the columns path and group, one row per image; images without a copy are groups of their own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "group"))
    writer.writerows((name, f"group-{group:05d}") for name, group in zip(names, groups, strict=True))
    return text.getvalue()


def score_groups(found: Sequence[Hashable], truth: Sequence[Hashable]) -> tuple[float, float]:
    """Recall and precision over pairs of images, 0 to 1; 1 where there is no pair to find, or none was found.

    A pair counts when both of its images are in one group.

    Args:
        found: the group of every image.
        truth: the same.
    """
    names = [np.unique([str(name) for name in groups], return_inverse=True)[1] for groups in (truth, found)]
    (_, wrong), (missed, right) = pair_confusion_matrix(*names).tolist()
    return right / (right + missed) if right + missed else 1.0, right / (right + wrong) if right + wrong else 1.0


def _cut(members: IntArray, pairs: Sequence[Pair]) -> IntArray:
    # What was never worth a close look agrees in nothing.
    distance = np.ones((len(members), len(members)))
    np.fill_diagonal(distance, 0.0)
    for pair in pairs:
        first_index, second_index = np.searchsorted(members, (pair.first, pair.second))
        distance[first_index, second_index] = distance[second_index, first_index] = 1.0 - pair.agreement
    tree = linkage(squareform(distance), method="average")
    return np.asarray(fcluster(tree, 1.0 - MIN_MEAN_AGREEMENT, criterion="distance"), dtype=np.int64)


def _in_order(group: IntArray) -> tuple[int, ...]:
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(name, len(numbers)) for name in group.tolist())
