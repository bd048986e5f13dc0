import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.sources import Found
from brain_tumor.prediction.attempts import Attempts
from brain_tumor.prediction.batch import AnsweredBlock
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.block_worker import BlockAnswer, BlockJob, BlockWorker
from brain_tumor.prediction.file_folders import WantedFiles
from brain_tumor.prediction.work_blocks import WorkBlock
from tests.factories import png_bytes
from tests.input.volumes import nifti_bytes
from tests.scripted import CARD, ScriptedClassifier


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlockJob:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    BlockFolder(tmp_path / "out").begin({"model": "m"}, resume=False, overwrite=False)
    return BlockJob(
        tmp_path / "out",
        tmp_path,
        None,
        1,
        "auto",
        CARD.flatbuffer_sha256,
        ReadOptions(),
        False,
        False,
        False,
        True,
        True,
    )


def answer(job: BlockJob, names: list[str], classifier: ScriptedClassifier | None = None) -> BlockAnswer:
    worker = BlockWorker(job, classifier or ScriptedClassifier())  # type: ignore[arg-type]
    return worker.answer(to_block(names))


def to_block(names: list[str]) -> WorkBlock:
    return WorkBlock(tuple(Found(f"in/{name}", True) for name in names))


def rows_of(answered: AnsweredBlock) -> list[tuple[Any, ...]]:
    return [(row["file"], row["slice"], row["status"], row["reason_code"]) for row in answered.rows]


def test_a_block_is_answered_and_committed_with_its_series(job: BlockJob) -> None:
    Path("in/a.png").write_bytes(png_bytes())
    Path("in/b.nii").write_bytes(nifti_bytes(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.int16)))
    Path("in/c.png").write_bytes(b"damaged")
    found = answer(job, ["a.png", "b.nii", "c.png"])
    assert [(row[0], row[1]) for row in rows_of(found.answered)] == [
        ("in/a.png", None),
        ("in/b.nii", 1),
        ("in/b.nii", 2),
        ("in/b.nii", 3),
        ("in/c.png", None),
    ]
    assert (found.slices, found.series, found.answered.failed, found.tries) == (5, 1, 1, 1)
    assert len(found.answered.lines) == 6
    committed = BlockFolder(job.folder).read(found.key)
    assert committed is not None
    assert [row["file"] for row in committed.rows] == [row["file"] for row in found.answered.rows]
    assert [row["series"] for row in committed.series_rows] == ["in/b.nii"]
    assert committed.sha256 == found.sha256


def test_a_block_that_is_committed_is_not_answered_again(job: BlockJob) -> None:
    Path("in/a.png").write_bytes(png_bytes())
    before = answer(job, ["a.png"])
    classifier = ScriptedClassifier()
    after = answer(job, ["a.png"], classifier)
    assert (after.tries, after.answered.summary.kept, classifier.calls) == (0, 1, [])
    assert (after.sha256, rows_of(after.answered)) == (before.sha256, rows_of(before.answered))


def test_only_a_file_that_has_changed_is_answered_again(job: BlockJob) -> None:
    for name in ("a.png", "b.png"):
        Path("in", name).write_bytes(png_bytes())
    answer(job, ["a.png", "b.png"])
    Path("in/b.png").write_bytes(png_bytes(80))
    classifier = ScriptedClassifier()
    found = answer(job, ["a.png", "b.png"], classifier)
    assert classifier.calls == ["in/b.png"]
    assert sorted(row[0] for row in rows_of(found.answered)) == ["in/a.png", "in/b.png"]


def test_files_of_a_block_are_there_as_a_whole_or_not_at_all(job: BlockJob, tmp_path: Path) -> None:
    for name in ("a.png", "mapped.png", "poison.png"):
        Path("in", name).write_bytes(png_bytes())
    names = ["a.png", "mapped.png", "poison.png"]
    job = dataclasses.replace(job, files=WantedFiles(maps=tmp_path / "maps", reports=tmp_path / "pages"))
    with pytest.raises(Fatal):
        answer(job, names, PoisonedClassifier())
    assert [list((tmp_path / folder).iterdir()) for folder in ("maps", "pages")] == [[], []]
    key = answer(job, names).key
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("maps/*/in/*"))
    assert written == [f"maps/{key}/in/mapped.{kind}.png" for kind in ("location", "saliency")]
    assert len(list((tmp_path / "pages" / key).iterdir())) == 3


def test_a_block_with_a_changed_file_gets_all_its_files_again(job: BlockJob, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Path("in", name).write_bytes(png_bytes())
    job = dataclasses.replace(job, files=WantedFiles(reports=tmp_path / "pages"))
    key = answer(job, ["a.png", "b.png"]).key
    Path("in/b.png").write_bytes(png_bytes(80))
    again = answer(job, ["a.png", "b.png"])
    assert again.answered.summary.kept == 0
    assert sorted(path.name for path in (tmp_path / "pages" / key).iterdir()) == ["image-1.html", "image-2.html"]


class Fatal(BaseException):
    """The process ends."""


class PoisonedClassifier(ScriptedClassifier):
    """Ends its process on a file."""

    def classify_many(self, slices: Any, at_once: int | None = None) -> Any:
        assert at_once in (None, 1)

        def poisoned() -> Any:
            for slice_ in slices:
                if "poison" in slice_.file:
                    slice_.read()
                    raise Fatal
                yield slice_

        yield from super().classify_many(poisoned(), at_once)


def test_a_file_that_ends_its_process_is_given_up_and_the_others_are_answered(job: BlockJob) -> None:
    for name in ("a.png", "poison.png", "z.png"):
        Path("in", name).write_bytes(png_bytes())
    names = ["a.png", "poison.png", "z.png"]
    for _ in range(3):
        with pytest.raises(Fatal):
            answer(job, names, PoisonedClassifier())
    found = answer(job, names)
    assert rows_of(found.answered) == [
        ("in/a.png", None, "classified", None),
        ("in/poison.png", None, "error", "ends_its_process"),
        ("in/z.png", None, "classified", None),
    ]
    assert found.tries == 4
    assert list((job.folder / "tries").iterdir()) == []


def test_a_file_that_ends_its_process_when_it_is_opened_is_given_up(
    job: BlockJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in/a.png").write_bytes(png_bytes())
    Path("in/b.nii").write_bytes(nifti_bytes(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.int16)))

    def die(*_: Any) -> None:
        raise Fatal

    monkeypatch.setattr("brain_tumor.input.series_builder.open_volume", die)
    for _ in range(3):
        with pytest.raises(Fatal):
            answer(job, ["a.png", "b.nii"])
    assert rows_of(answer(job, ["a.png", "b.nii"]).answered) == [
        ("in/a.png", None, "classified", None),
        ("in/b.nii", None, "error", "ends_its_process"),
    ]


def test_a_worker_with_another_network_is_refused(job: BlockJob) -> None:
    with pytest.raises(BrainTumorError, match="another network"):
        answer(dataclasses.replace(job, flatbuffer_sha256="x"), [])


def test_relative_paths_start_where_the_run_was_started(job: BlockJob, tmp_path: Path) -> None:
    Path("in/a.png").write_bytes(png_bytes())
    os.chdir("/")
    assert answer(job, ["a.png"]).answered.failed == 0
    assert Path.cwd() == tmp_path


def test_tries_of_an_earlier_run_are_forgotten(job: BlockJob) -> None:
    folder = BlockFolder(job.folder)
    Attempts(folder.tries, "block")
    folder.begin({"model": "m"}, resume=True, overwrite=False)
    assert not Attempts(folder.tries, "block").is_careful
