from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import area_of, grow, holds, in_region, overlap, read_boxes
from brain_tumor.input.scan import Box

HEADER = "path,fold,box_x0,box_y0,box_x1,box_y1\n"


def write(folder: Path, *rows: str) -> Path:
    path = folder / "index.csv"
    path.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    return path


def test_boxes_are_read_by_path_and_rows_without_one_are_left_out(tmp_path: Path) -> None:
    table = write(tmp_path, "Testing/glioma/a.jpg,1,0.1,0.2,0.3,0.5", "Testing/notumor/b.jpg,1,,,,")
    assert read_boxes(table) == {"Testing/glioma/a.jpg": (0.1, 0.2, 0.3, 0.5)}


@pytest.mark.parametrize(
    "cells", ["0.3,0.2,0.1,0.5", "0.1,0.2,0.1,0.5", "0.1,0.2,1.1,0.5", "-0.1,0.2,0.3,0.5", "nan,0.2,0.3,0.5"]
)
def test_what_is_no_box_is_named_with_its_row(tmp_path: Path, cells: str) -> None:
    with pytest.raises(DatasetError, match=r"index.csv, row 3: .* is no box"):
        read_boxes(write(tmp_path, "a.jpg,1,0,0,1,1", f"b.jpg,1,{cells}"))


@pytest.mark.parametrize("cells", ["0.1,,0.3,0.5", "0.1,left,0.3,0.5", "0.1,0.2"])
def test_four_numbers_or_none_are_needed(tmp_path: Path, cells: str) -> None:
    with pytest.raises(DatasetError, match=r"row 2: .* not four numbers"):
        read_boxes(write(tmp_path, f"a.jpg,1,{cells}"))


def test_an_image_has_one_box(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"row 3: a\.jpg is listed a second time"):
        read_boxes(write(tmp_path, "a.jpg,1,0,0,1,1", "./a.jpg,1,0,0,1,1"))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,box_x0,box_y0,box_x1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"list\.csv: has no column box_y1"):
        read_boxes(tmp_path / "list.csv")


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv: cannot be read .* --boxes"):
        read_boxes(tmp_path / "none.csv")


def test_a_box_grows_by_a_share_of_its_own_sides_and_ends_with_the_image() -> None:
    assert grow((0.2, 0.4, 0.4, 0.8), 0.1) == pytest.approx((0.18, 0.36, 0.42, 0.84))
    assert grow((0.0, 0.5, 0.5, 1.0), 0.1) == pytest.approx((0.0, 0.45, 0.55, 1.0))


def test_area_is_a_share_of_the_image() -> None:
    assert area_of((0.25, 0.0, 0.75, 0.5)) == 0.25


def test_the_edge_belongs_to_the_box() -> None:
    box = (0.2, 0.4, 0.4, 0.8)
    assert holds(box, (0.4, 0.8)) and holds(box, (0.3, 0.5))
    assert not holds(box, (0.5, 0.5)) and not holds(box, (0.3, 0.3))


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0.0, 0.0, 0.5, 1.0), (0.25, 0.0, 0.75, 1.0)) == pytest.approx(1 / 3)
    assert overlap((0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.5, 0.5)) == 1
    assert overlap((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5)) == 0
    assert overlap((0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 1.0, 1.0)) == 0


@pytest.mark.parametrize(
    ("box", "region", "seen"),
    [
        ((0.25, 0.5, 0.5, 0.75), (0.0, 0.0, 1.0, 1.0), (0.25, 0.5, 0.5, 0.75)),
        ((0.25, 0.5, 0.5, 0.75), (0.25, 0.25, 0.75, 0.75), (0.0, 0.5, 0.5, 1.0)),
        ((0.0, 0.0, 0.5, 0.5), (0.25, 0.25, 0.75, 0.75), (0.0, 0.0, 0.5, 0.5)),  # half of it is cut off
        ((0.0, 0.0, 0.25, 0.25), (0.5, 0.5, 1.0, 1.0), None),
    ],
)
def test_a_box_is_taken_into_a_region_and_cut_off_at_its_edges(box: Box, region: Box, seen: Box | None) -> None:
    assert in_region(box, region) == seen
