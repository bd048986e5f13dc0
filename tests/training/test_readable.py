from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.readable import describe_unreadable, keep_readable
from brain_tumor_training.splits import SplitRow
from tests.training.drawn import draw_slice


@pytest.fixture
def rows(tmp_path: Path) -> list[SplitRow]:
    for name in ("good.png", "cut.png", "empty.png"):
        content = draw_slice(Label.GLIOMA, 1)
        size = {"good.png": len(content), "cut.png": 200, "empty.png": 0}[name]
        (tmp_path / name).write_bytes(content[:size])
    return [SplitRow(name, Label.GLIOMA, "train") for name in ("cut.png", "empty.png", "gone.png", "good.png")]


def test_all_images_that_cannot_be_read_are_named_at_once(rows: list[SplitRow], tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        keep_readable(rows, tmp_path, skip=False)
    text = str(caught.value)
    assert "3 of 4 images cannot be read" in text and "--skip-unreadable" in text
    for name in ("cut.png", "empty.png", "gone.png"):
        assert str(tmp_path / name) in text


def test_the_others_go_on_when_a_person_says_so(rows: list[SplitRow], tmp_path: Path) -> None:
    kept, left_out = keep_readable(rows, tmp_path, skip=True)
    assert [row.path for row in kept] == ["good.png"]
    assert set(left_out) == {"cut.png", "empty.png", "gone.png"}


def test_of_very_many_the_first_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    text = describe_unreadable({f"{n}.png": "is empty" for n in range(50)}, tmp_path)
    assert text.splitlines()[-1] == "  and 30 more"
