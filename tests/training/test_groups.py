import csv
from itertools import combinations

import pytest

from brain_tumor_training.duplicates import LOOK_ALIKE, MIN_AGREEMENT, Pair
from brain_tumor_training.groups import render_groups, score_groups, to_groups


def pair(first: int, second: int, agreement: float = 1.0) -> Pair:
    return Pair(first, second, LOOK_ALIKE, "not turned", agreement, 1.0)


def test_images_without_copies_are_groups_of_their_own() -> None:
    assert to_groups([], 3) == (0, 1, 2)


def test_no_images_have_no_groups() -> None:
    assert to_groups([], 0) == ()


def test_copies_of_one_picture_share_a_group_numbered_by_its_first_member() -> None:
    assert to_groups([pair(1, 3), pair(0, 4)], 5) == (0, 1, 2, 1, 0)


def test_a_likeness_below_the_threshold_joins_nothing() -> None:
    assert to_groups([pair(0, 1, MIN_AGREEMENT - 0.001)], 2) == (0, 1)


def test_a_member_that_matches_some_and_nearly_matches_the_others_stays() -> None:
    strong_change = pair(0, 2, 0.9)
    assert to_groups([pair(0, 1, 0.97), pair(1, 2, 0.96), strong_change], 3) == (0, 0, 0)


def test_a_chain_of_slices_each_like_the_next_is_cut() -> None:
    chain = [pair(index, index + 1, 0.956) for index in range(9)]
    groups = to_groups(chain, 10)
    assert len(set(groups)) >= 4
    assert groups[0] != groups[9]


def test_a_bridge_between_two_sets_of_copies_does_not_merge_them() -> None:
    first, second = range(4), range(4, 8)
    inside = [pair(*members_pair) for members in (first, second) for members_pair in combinations(members, 2)]
    assert to_groups([*inside, pair(3, 4, 0.956)], 8) == (0, 0, 0, 0, 1, 1, 1, 1)


@pytest.mark.parametrize("name", ["Training/glioma/a.jpg", 'a,"b".jpg'])
def test_groups_are_a_table_of_path_and_group(name: str) -> None:
    text = render_groups([name, "b"], (7, 0))
    assert list(csv.reader(text.splitlines())) == [["path", "group"], [name, "group-00007"], ["b", "group-00000"]]


def test_recall_and_precision_count_pairs() -> None:
    # True pairs: ab, ac, bc, de. Found: ab, cd.
    assert score_groups([0, 0, 1, 1, 2], ["x", "x", "x", "y", "y"]) == (1 / 4, 1 / 2)


def test_where_there_is_no_pair_nothing_was_missed_or_wrong() -> None:
    assert score_groups([0, 1], ["x", "y"]) == (1.0, 1.0)
