from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.input.sources import Found
from brain_tumor.prediction import work_blocks
from brain_tumor.prediction.work_blocks import WorkBlock, cut_blocks
from tests.dicom_factory import make_dicom
from tests.factories import png_bytes


def folders(count: int, files: int, ending: str = "png") -> Iterator[Found]:
    return (Found(f"in/{folder:05}/{file:05}.{ending}", True) for folder in range(count) for file in range(files))


def block(*names: str) -> WorkBlock:
    return WorkBlock(tuple(Found(name, True) for name in names))


def folder_of(file: Found) -> str:
    return file.name.rpartition("/")[0]


def test_every_file_is_in_one_block_in_its_order() -> None:
    blocks = list(cut_blocks(folders(500, 7), block_files=64))
    assert [file for each in blocks for file in each.files] == list(folders(500, 7))


def test_a_folder_is_never_cut() -> None:
    blocks = list(cut_blocks(folders(500, 7), block_files=64))
    homes = [{folder_of(file) for file in each.files} for each in blocks]
    assert sum(map(len, homes)) == len(set().union(*homes)) == 500


def test_blocks_are_neither_tiny_nor_huge() -> None:
    sizes = [len(each.files) for each in cut_blocks(folders(5000, 3), block_files=64)]
    assert min(sizes[:-1]) >= 16 and max(sizes) <= 128


def test_volumes_and_archives_weigh_more_than_pictures() -> None:
    sizes = [len(each.files) for each in cut_blocks(folders(1000, 1, "nii.gz"), block_files=128)]
    assert max(sizes) <= 8


def test_a_folder_that_is_added_changes_blocks_near_it_only() -> None:
    before = {each.key for each in cut_blocks(folders(3000, 4), block_files=64)}
    files = sorted([*folders(3000, 4), Found("in/00100a/00000.png", True)])
    after = {each.key for each in cut_blocks(files, block_files=64)}
    assert len(after - before) < len(before) // 20


def test_the_key_is_of_all_names() -> None:
    assert block("a", "b").key != block("ab").key != block("a").key
    assert block("a\udcff").key == block("a\udcff").key


def test_a_million_names_are_cut_one_block_at_a_time() -> None:
    taken = 0

    def names() -> Iterator[Found]:
        nonlocal taken
        for name in folders(200_000, 5):
            taken += 1
            yield name

    list(islice(cut_blocks(names(), block_files=100), 3))
    assert taken <= 3 * 200 + 5


def test_pictures_of_a_large_folder_are_spread_and_its_dicom_files_stay_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_blocks, "_LARGE_FOLDER", 10)
    files = [tmp_path / f"{number:03}.{'dcm' if number % 4 == 0 else 'png'}" for number in range(40)]
    for file in files:
        file.write_bytes(make_dicom(np.zeros((8, 8), np.uint16)) if file.suffix == ".dcm" else png_bytes(8))
    found = [Found(str(file), True) for file in files]
    blocks = list(cut_blocks(found, block_files=8))
    assert sorted(file for each in blocks for file in each.files) == found
    assert len([each for each in blocks if any(file.name.endswith(".dcm") for file in each.files)]) == 1
    assert len(blocks) > 2
    assert len(list(cut_blocks(found, block_files=8, by_folder=True))) == 1
