from collections.abc import Mapping
from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.leaks import read_fold_groups, read_groups, refuse_leaks
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, SplitRow


def write_groups(path: Path, groups: Mapping[str, str]) -> Path:
    path.write_text("path,group\n" + "".join(f"{name},{group}\n" for name, group in groups.items()), encoding="utf-8")
    return path


def make_rows(**parts: str) -> list[SplitRow]:
    return [SplitRow(path, Label.GLIOMA, part) for path, part in parts.items()]


def test_groups_of_one_file_are_numbered_in_order(tmp_path: Path) -> None:
    file = write_groups(tmp_path / "groups.csv", {"a": "x", "b": "y", "c": "x"})
    assert read_groups([file], "abc") == {"a": 0, "b": 1, "c": 0}


def test_two_files_join_through_each_other(tmp_path: Path) -> None:
    # The one says a = b and c = d, the other b = c; together all four are one group, and e is alone.
    first = write_groups(tmp_path / "one.csv", {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z"})
    second = write_groups(tmp_path / "two.csv", {"a": "1", "b": "2", "c": "2", "d": "3", "e": "4"})
    assert read_groups([first, second], "abcde") == {"a": 0, "b": 0, "c": 0, "d": 0, "e": 1}


def test_one_name_in_two_files_joins_nothing(tmp_path: Path) -> None:
    first = write_groups(tmp_path / "one.csv", {"a": "group-00000", "b": "group-00001"})
    second = write_groups(tmp_path / "two.csv", {"a": "group-00001", "b": "group-00000"})
    assert read_groups([first, second], "ab") == {"a": 0, "b": 1}


def test_images_without_a_group_stand_alone(tmp_path: Path) -> None:
    assert read_groups([write_groups(tmp_path / "groups.csv", {"a": "", "b": ""})], "ab") == {"a": 0, "b": 1}


def test_an_image_that_is_not_asked_for_joins_others(tmp_path: Path) -> None:
    first = write_groups(tmp_path / "one.csv", {"a": "x", "between": "x", "b": "y"})
    second = write_groups(tmp_path / "two.csv", {"a": "1", "between": "2", "b": "2"})
    assert read_groups([first, second], "ab") == {"a": 0, "b": 0}


def test_no_files_give_no_groups() -> None:
    assert read_groups([], "ab") == {}


def test_groups_of_another_data_set_are_refused(tmp_path: Path) -> None:
    file = write_groups(tmp_path / "groups.csv", {"elsewhere.jpg": "1"})
    with pytest.raises(DatasetError, match=r"groups\.csv: lacks 1 images of the split, a\.jpg first; audit this"):
        read_groups([file], ["a.jpg"])


def test_another_file_holds_no_groups(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("path,label\na,glioma\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="needs the columns path and group"):
        read_groups([tmp_path / "groups.csv"], "a")


@pytest.mark.parametrize(
    ("column", "expected"), [("group", {"a": 0, "b": 0, "c": 0}), ("note", {"a": 0, "b": 0, "c": 1})]
)
def test_the_groups_of_an_index_are_united_with_the_others(
    tmp_path: Path, column: str, expected: dict[str, int]
) -> None:
    index = tmp_path / "index.csv"
    rows = "a,glioma,0,0,1\nb,glioma,0,0,2\nc,glioma,1,0,2\n"
    index.write_text(f"path,label,fold,near_fold_edge,{column}\n{rows}", encoding="utf-8")
    file = write_groups(tmp_path / "groups.csv", {"a": "x", "b": "x", "c": "y"})
    assert read_fold_groups(index, [file]) == expected


GROUPS = {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2, "f": 3}


def test_a_split_that_keeps_groups_whole_passes() -> None:
    refuse_leaks(make_rows(a=TRAIN, b=TRAIN, c=TEST, d=TEST, e=VALIDATION, f=TRAIN), GROUPS)


@pytest.mark.parametrize("other", [TRAIN, VALIDATION])
def test_a_test_set_with_copies_outside_is_refused(other: str) -> None:
    rows = make_rows(a=other, b=TEST, c=TEST, d=other, e=TRAIN, f=VALIDATION)
    with pytest.raises(DatasetError) as refusal:
        refuse_leaks(rows, GROUPS)
    assert str(refusal.value) == (
        "the split tears 2 groups of copies apart: 2 test images have a copy in train or validation, such as b "
        "that of a; split the images anew by group with --split-anew, or say --allow-leaks-into test if "
        "this is meant"
    )


def test_a_validation_set_with_copies_that_train_is_refused() -> None:
    rows = make_rows(a=TRAIN, b=VALIDATION, c=TEST, d=TEST, e=TRAIN, f=VALIDATION)
    with pytest.raises(DatasetError, match="tears 1 groups of copies apart: 1 validation images have a copy in train,"):
        refuse_leaks(rows, GROUPS, [TEST])


def test_leaks_that_are_meant_pass() -> None:
    rows = make_rows(a=TRAIN, b=VALIDATION, c=TRAIN, d=TEST, e=TEST, f=TEST)
    refuse_leaks(rows, GROUPS, [TEST, VALIDATION])


def test_without_groups_nothing_is_refused() -> None:
    refuse_leaks(make_rows(a=TRAIN, b=TEST), {})
