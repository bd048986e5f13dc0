from pathlib import Path

from PIL import Image

from brain_tumor_training.drawn_negatives import write_drawn_negatives


def test_the_pictures_are_the_same_every_time_and_no_two_are_one(tmp_path: Path) -> None:
    first, second = (write_drawn_negatives(tmp_path / name) for name in ("a", "b"))
    contents = {path.relative_to(first): path.read_bytes() for path in first.rglob("*.png")}
    assert contents == {path.relative_to(second): path.read_bytes() for path in second.rglob("*.png")}
    assert len(set(contents.values())) == len(contents) == 6 * 20


def test_a_family_is_a_folder_of_grey_pictures_named_after_it(tmp_path: Path) -> None:
    root = write_drawn_negatives(tmp_path)
    folders = sorted(root.iterdir())
    assert [folder.name for folder in folders[:2]] == ["drawn checks", "drawn gradient"]
    with Image.open(folders[0] / "checks00.png") as picture:
        assert (picture.mode, picture.size) == ("L", (256, 256))
