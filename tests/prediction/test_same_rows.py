"""The two executors' rows, without Ray: blocks that are cut, grouped and answered, beside one batch of all files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.sources import find_any, keep_images
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.block_worker import BlockJob, BlockWorker, find_block_series
from brain_tumor.prediction.executor import LocalExecutor
from brain_tumor.prediction.file_folders import FileFolders, WantedFiles
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from brain_tumor.prediction.shared_series import BlockGroups, may_hold_dicom, merge_blocks
from brain_tumor.prediction.work_blocks import cut_blocks
from brain_tumor.tables.series_rows import join_numbers
from tests.dicom_factory import slice_of_series
from tests.factories import png_bytes
from tests.input.volumes import nifti_bytes
from tests.scripted import CARD, ScriptedClassifier


class Rows:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, row: Any) -> None:
        self.rows.append(dict(row))


def fill(folder: Path) -> None:
    """Pictures, a volume, and DICOM series: in a folder, an archive, and spread over two folders."""
    contents = {f"pictures/{number % 3}/{number:03}.png": png_bytes(64 + number % 4) for number in range(60)}
    contents |= {f"mapped/{number}.png": png_bytes(64) for number in range(10)}
    contents["pictures/damaged.png"] = b"damaged"
    contents["notes.txt"] = b"no image"
    contents["volume.nii"] = nifti_bytes(np.arange(64 * 64 * 4).reshape(64, 64, 4).astype(np.int16))
    contents |= {f"series/{number}.dcm": slice_of_series(number, "1.2.3") for number in range(3)}
    contents |= {f"spread/{'az'[number % 2]}/{number:02}": slice_of_series(number, "1.2.5") for number in range(20)}
    contents |= {f"spread/{'by'[number % 2]}/{number:02}": slice_of_series(number, "1.2.6") for number in range(20)}
    contents |= {f"spread/m/{number:03}.png": png_bytes(64) for number in range(60)}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"inner/{number}.dcm", slice_of_series(number, "1.2.4"))


def without_block(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A row whose files are named as those of a run without blocks."""
    names = {name: str(row[name]).replace(f"{key}/", "") for name in ("heatmaps", "report") if row.get(name)}
    return {**row, **names}


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def in_words(folders: FileFolders) -> list[str]:
    """What the summary says of the folders, but for their names."""
    assert folders.maps and folders.reports
    said = [*folders.maps.summary(), folders.reports.summary()]
    return [line.replace("many-", "") for line in said]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (str(row.get("file")), str(row["series"]), row.get("slice") or 0))


@pytest.mark.parametrize("by_folder", [False, True])
def test_blocks_give_the_rows_of_one_batch_series_included(
    by_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    slice_rows, series_rows, study_rows = Rows(), Rows(), Rows()
    progress = Progress(lambda: iter(()))
    wanted = WantedFiles(maps=tmp_path / "maps", reports=tmp_path / "pages", show_names=True)
    folders = wanted.open()
    batch = Batch(
        [slice_rows],
        series_rows,
        folders.maps,
        folders.reports,
        DoneRows(),
        progress,
        False,
        False,
        study_table=study_rows,
    )
    executor = LocalExecutor(
        ScriptedClassifier(),  # type: ignore[arg-type]
        lambda left_out: keep_images(find_any(["in"]), left_out),
        None,
        ReadOptions(),
        by_folder,
        progress,
    )
    executor.answer(batch)

    folder = BlockFolder(tmp_path / "out")
    folder.begin({}, resume=False, overwrite=False)
    job = BlockJob(
        folder.path,
        tmp_path,
        None,
        1,
        "auto",
        CARD.flatbuffer_sha256,
        ReadOptions(),
        by_folder,
        False,
        False,
        False,
        True,
        wants_studies=True,
        files=WantedFiles(maps=tmp_path / "many-maps", reports=tmp_path / "many-pages", show_names=True),
    )
    blocks = list(cut_blocks(find_any(["in"]), block_files=16, by_folder=by_folder))
    groups = BlockGroups()
    for block in filter(may_hold_dicom, blocks):
        groups.add(block.key, find_block_series(job, block))
    worker = BlockWorker(job, ScriptedClassifier())  # type: ignore[arg-type]
    answers = [worker.answer(block) for block in merge_blocks(blocks, groups.members())]
    many_studies = Rows()
    taken = job.files.open(goes_on=True)
    driver = Batch([], None, taken.maps, taken.reports, DoneRows(), progress, False, False, study_table=many_studies)
    for answer in answers:
        driver.take(answer.answered)
    driver.close_taken()
    many = [without_block(row, answer.key) for answer in answers for row in answer.answered.rows]
    many_series = [without_block(row, answer.key) for answer in answers for row in answer.answered.series_rows]

    assert len(answers) > 3
    assert in_order(many) == in_order(slice_rows.rows)
    assert in_order(list(map(join_numbers, many_series))) == in_order(list(map(join_numbers, series_rows.rows)))
    assert sum(row["report"] is not None for row in many) > 60
    assert sum(row["heatmaps"] is not None for row in many) == 10
    for kind in ("maps", "pages"):
        whole, parts = tmp_path / kind, tmp_path / f"many-{kind}"
        keys = {answer.key for answer in answers if (parts / answer.key).exists()}
        assert {path.name for path in parts.iterdir()} == keys  # nothing unfinished
        assert files_below(whole) == sorted(file for key in keys for file in files_below(parts / key))
    assert in_words(taken) == in_words(folders)
    assert many_studies.rows == study_rows.rows
    assert many_studies.rows[0]["answers"] == 4
    assert {answer.answered.failed for answer in answers} == {0, 1}
