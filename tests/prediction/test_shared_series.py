import zipfile
from pathlib import Path

import numpy as np

from brain_tumor.input.sources import Found
from brain_tumor.prediction.shared_series import BlockGroups, SeriesLocation, find_series, may_hold_dicom, merge_blocks
from brain_tumor.prediction.work_blocks import WorkBlock
from tests.dicom_factory import make_dicom
from tests.factories import png_bytes


def block(*names: str) -> WorkBlock:
    return WorkBlock(tuple(Found(name, True) for name in names))


def location(series: str, folder: str) -> SeriesLocation:
    return SeriesLocation(series.encode(), folder)


def groups(**blocks: list[SeriesLocation]) -> list[set[str]]:
    """The keys of each group."""
    found = BlockGroups()
    for key, locations in blocks.items():
        found.add(key, locations)
    members = found.members()
    return [{key for key in members if members[key] == group} for group in dict.fromkeys(members.values())]


def test_blocks_that_share_a_series_belong_together_and_others_stand_alone() -> None:
    assert groups(a=[location("1", "x")], b=[location("2", "y")], c=[location("1", "z")]) == [{"a", "c"}]


def test_a_chain_of_shared_series_is_one_group() -> None:
    assert groups(a=[location("1", "a")], b=[location("1", "b"), location("2", "b")], c=[location("2", "c")]) == [
        {"a", "b", "c"}
    ]


def test_series_that_are_named_after_one_folder_belong_together() -> None:
    # Both lie in x, so that predict calls them "x series 1" and "x series 2".
    spread = {
        "a": [location("1", "x/1")],
        "b": [location("1", "x/2")],
        "c": [location("2", "x/3")],
        "d": [location("2", "x/4")],
    }
    assert groups(**spread) == [{"a", "b", "c", "d"}]


def test_a_group_comes_as_one_block_with_its_last_part() -> None:
    blocks = [block("a1"), block("b1"), block("a2"), block("c1")]
    members = {blocks[0].key: "a", blocks[2].key: "a"}
    merged = [[file.name for file in each.files] for each in merge_blocks(iter(blocks), members)]
    assert merged == [["b1"], ["a1", "a2"], ["c1"]]


def test_files_of_a_group_that_is_never_whole_are_not_lost() -> None:
    here, gone = block("a1"), block("a2")
    merged = list(merge_blocks([here], {here.key: "a", gone.key: "a"}))
    assert [each.files for each in merged] == [here.files]


def test_series_are_found_in_files_and_archives_by_the_folder_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    content = make_dicom(np.zeros((8, 8), np.uint16))
    for name in ("a/1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "3.png").write_bytes(png_bytes())
    (tmp_path / "4.dcm").write_bytes(b"damaged")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("in/1", content)
    names = [str(tmp_path / name) for name in ("2.dcm", "3.png", "4.dcm", "a/1.dcm", "b.zip")]
    opened: set[str] = set()

    def note(name: str) -> bool:
        opened.add(name)
        return True

    found = find_series(block(*names), note)
    assert [each.folder for each in found] == [str(tmp_path)]
    assert str(tmp_path / "3.png") not in opened
    assert find_series(block(*names), lambda _: False) == ()


def test_pictures_and_volumes_are_not_opened_for_a_header() -> None:
    assert not may_hold_dicom(block("a.png", "b.nii.gz", "c.JPG"))
    assert may_hold_dicom(block("a.png", "IM0001"))
    assert may_hold_dicom(block("a.zip"))
