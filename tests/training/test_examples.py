from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the training extra is not installed")

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.examples import Example, check_groups, read_examples, write_examples

GLIOMA = Example("a/1.png", Label.GLIOMA, "g1", "figshare", "train", (0.1, 0.2, 0.3, 0.4))
HEALTHY = Example("a/2.png", Label.NO_TUMOR, "g2", "br35h", "validation", None)
SOME_TUMOR = Example("b/3, the third.png", None, "g3", "clinic", "test", None)
HEAD = "path,label,group,source,split,box_x0,box_y0,box_x1,box_y1\n"


def read(tmp_path: Path, text: str) -> list[Example]:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return read_examples(path)


def test_a_list_reads_as_it_was_written(tmp_path: Path) -> None:
    examples = [GLIOMA, HEALTHY, SOME_TUMOR, replace(HEALTHY, path="c.png", skull_stripped=True, weight=2.5)]
    write_examples(examples, tmp_path / "list.csv")
    assert read_examples(tmp_path / "list.csv") == examples


def test_an_unknown_type_leaves_the_three_tumors_open() -> None:
    assert [label for label in LABELS if SOME_TUMOR.allows(label)] == [Label.GLIOMA, Label.MENINGIOMA, Label.PITUITARY]
    assert [label for label in LABELS if HEALTHY.allows(label)] == [Label.NO_TUMOR]


def test_the_box_may_be_left_out_with_its_columns(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "path,label,group,source,split\na/2.png,no tumor,g2,br35h,validation\n")
    assert found == HEALTHY


def test_without_the_columns_an_image_has_a_skull_and_counts_once(tmp_path: Path) -> None:
    (found,) = read(tmp_path, f"{HEAD}a/1.png,glioma,g1,figshare,train,,,,\n")
    assert (found.skull_stripped, found.weight) == (False, 1.0)


def test_an_empty_weight_is_1(tmp_path: Path) -> None:
    head = f"{HEAD.strip()},skull_stripped,weight\n"
    (found,) = read(tmp_path, f"{head}a/1.png,glioma,g1,figshare,train,,,,,1,\n")
    assert (found.skull_stripped, found.weight) == (True, 1.0)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "much"])
def test_a_weight_that_is_no_positive_number_is_refused(tmp_path: Path, weight: str) -> None:
    with pytest.raises(DatasetError, match=f"a/1.png has the weight '{weight}'; more than 0 is needed"):
        read(tmp_path, f"{HEAD.strip()},weight\na/1.png,glioma,g1,figshare,train,,,,,{weight}\n")


def test_a_box_without_area_is_no_box(tmp_path: Path) -> None:
    (found,) = read(tmp_path, f"{HEAD}a/1.png,glioma,g1,figshare,train,0.3,0.2,0.3,0.4\n")
    assert found == replace(GLIOMA, box=None)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a.png,sarcoma,g,s,train,,,,", "has the label 'sarcoma'; Glioma, .* and tumor are known"),
        ("a.png,glioma,g,s,holdout,,,,", "names the part 'holdout'; train, validation, test are known"),
        ("a.png,glioma,g,s,train,left,0,1,1", "a.png has the box .* shares from 0 to 1 are needed"),
        ("a.png,glioma,g,s,train,120,80,200,140", "a.png has the box .* shares from 0 to 1 are needed"),
        ("a.png,glioma,g,s,train,nan,0,1,1", "a.png has the box .* shares from 0 to 1 are needed"),
        ("a.png,glioma,g,s,train,,,,\na.png,glioma,g,s,test,,,,", "lists a path twice"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(DatasetError, match=complaint):
        read(tmp_path, f"{HEAD}{row}\n")


@pytest.mark.parametrize("text", ["", HEAD, "path,label\na.png,glioma\n"])
def test_another_file_is_no_training_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(DatasetError, match="is not a training list with the columns path, label, group, source, split"):
        read(tmp_path, text)


def test_a_missing_list_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_examples(tmp_path / "none.csv")


@pytest.mark.parametrize(("first", "second"), [("train", "validation"), ("train", "test"), ("validation", "test")])
def test_a_group_in_two_parts_is_refused(first: str, second: str) -> None:
    leaking = [replace(GLIOMA, split=first), replace(GLIOMA, path="copy.png", split=second)]
    with pytest.raises(DatasetError, match=r"group g1 stands in .* with copy.png; .*--copies-in-test"):
        check_groups(leaking, copies_in_test=False)


def test_copies_in_the_test_part_may_be_asked_for() -> None:
    check_groups([GLIOMA, replace(GLIOMA, path="copy.png", split="test")], copies_in_test=True)


def test_copies_between_training_and_validation_are_never_allowed() -> None:
    leaking = [GLIOMA, replace(GLIOMA, path="copy.png", split="validation")]
    with pytest.raises(DatasetError, match="group g1 stands in train and in validation"):
        check_groups(leaking, copies_in_test=True)


def test_a_group_may_have_several_images_in_one_part() -> None:
    check_groups([GLIOMA, replace(GLIOMA, path="copy.png"), HEALTHY], copies_in_test=False)
