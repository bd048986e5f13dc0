from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.prediction.file_folders import WantedFiles, open_block_folders, set_aside
from brain_tumor.presentation.report.render import ReportFormat

KEYS = ("a" * 24, "b" * 24)


def fill(folder: Path) -> None:
    for key in KEYS:
        (folder / key).mkdir(parents=True)
        (folder / key / "image-1.html").write_text(key)
    (folder / f".{KEYS[0]}.host.1.part").mkdir()


def test_files_of_blocks_that_are_no_more_are_set_aside_and_unfinished_ones_go(tmp_path: Path) -> None:
    fill(tmp_path / "pages")
    set_aside(WantedFiles(reports=tmp_path / "pages"), {KEYS[1]})
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == [f"pages/{KEYS[1]}/image-1.html", f"pages/earlier/{KEYS[0]}/image-1.html"]


def test_what_an_ended_process_left_gives_way(tmp_path: Path) -> None:
    wanted = WantedFiles(maps=tmp_path / "maps")
    (tmp_path / "maps" / KEYS[0]).mkdir(parents=True)
    (tmp_path / "maps" / KEYS[0] / "old.png").touch()
    with open_block_folders(wanted, KEYS[0]):
        pass
    assert not list((tmp_path / "maps").iterdir())


def test_a_run_that_goes_on_may_find_files_and_a_new_one_may_not(tmp_path: Path) -> None:
    fill(tmp_path / "maps")
    wanted = WantedFiles(maps=tmp_path / "maps")
    wanted.open(goes_on=True)
    with pytest.raises(BrainTumorError, match="is not an empty folder"):
        wanted.open()


def test_what_may_not_change_is_told_in_words() -> None:
    wanted = WantedFiles(Path("maps"), 0.4, Path("pages"), tuple(ReportFormat), True, Path("results"), True)
    assert wanted.describe() == {
        "heat maps": "in maps, strength 0.4",
        "reports": "in pages, html and pdf, named as their files",
        "DICOM results": "in results, with segmentations",
    }
    assert replace(wanted, maps=None, reports=None, dicom=None).describe() == {}
