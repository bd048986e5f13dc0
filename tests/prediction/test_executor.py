from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import find_any, keep_images
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.executor import LocalExecutor
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from tests.factories import png_bytes
from tests.input.volumes import nifti_bytes
from tests.scripted import ScriptedClassifier


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name in ("1.png", "2.png"):
        Path("in", name).write_bytes(png_bytes())
    Path("in/notes.txt").write_text("no image", encoding="utf-8")


def find(left_out: LeftOut) -> Iterator[SourceFile]:
    return keep_images(find_any(["in"], left_out=left_out), left_out)


def answer(piped: SourceFile | None = None, by_folder: bool = False) -> tuple[Batch, ScriptedClassifier]:
    classifier = ScriptedClassifier()
    progress = Progress(lambda: iter(()), is_quiet=True)
    batch = Batch([], None, None, None, DoneRows(), progress, False, False)
    executor = LocalExecutor(classifier, find, piped, ReadOptions(), by_folder, progress)  # type: ignore[arg-type]
    executor.answer(batch)
    return batch, classifier


def test_every_image_is_answered_and_what_is_none_is_counted() -> None:
    batch, classifier = answer()
    assert sorted(classifier.calls) == ["in/1.png", "in/2.png"]
    assert batch.summary.left_out.files == 1
    assert not batch.failed


def test_what_came_through_the_standard_input_is_answered_first() -> None:
    _, classifier = answer(SourceFile("standard input", png_bytes))
    assert classifier.calls[0] == "standard input"
    assert len(classifier.calls) == 3


@pytest.mark.parametrize(("by_folder", "series"), [(False, 0), (True, 1)])
def test_pictures_of_a_folder_are_a_series_where_that_is_asked_for(by_folder: bool, series: int) -> None:
    batch, _ = answer(by_folder=by_folder)
    assert sum(batch.summary.series.values()) == series


def test_a_file_that_cannot_be_read_is_counted_and_the_others_are_answered() -> None:
    Path("in/0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Path("in/3.nii").write_bytes(nifti_bytes(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.int16)))
    batch, _ = answer()
    assert batch.failed == 1
    assert sum(batch.summary.statuses.values()) == 6
