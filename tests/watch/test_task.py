import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.watch.task import MAX_TASK_BYTES, TaskSettings, answer_task, find_tasks, read_settings
from tests.factories import png_bytes
from tests.mr_series import SERIES_UID, STUDY_UID, write_series
from tests.scripted import CARD, ScriptedClassifier

HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A series of four slices that are a clear glioma, and its task."""
    write_series(tmp_path / "in", [HEAD] * 4, name="mapped")
    return describe(tmp_path / "in", {"id": "17", "process": {"module_name": "brain", "settings": {}}})


def describe(folder: Path, content: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "task.json").write_text(json.dumps(content))
    return folder


def answer(task: Path) -> dict[str, Any]:
    return answer_task(ScriptedClassifier(), task, task.parent / "out")  # type: ignore[arg-type]


def kinds(task: Path) -> list[str]:
    return sorted(path.name.split(".")[0] for path in (task.parent / "out").iterdir())


def test_a_task_gets_dicom_results_and_a_result(task: Path) -> None:
    result = answer(task)
    assert kinds(task) == ["OT", "SR", "result"]
    assert json.loads((task.parent / "out" / "result.json").read_text()) == result
    assert (result["status"], result["dicom_files"], result["slices"]) == ("done", 2, {"classified": 4})
    assert result["model_sha256"] == CARD.flatbuffer_sha256
    assert "never for diagnosis" in result["notice"]


def test_a_series_is_joined_with_the_archive_by_its_identifiers(task: Path) -> None:
    (series,) = answer(task)["series"]
    assert (series["study_uid"], series["series_uid"], series["class"]) == (STUDY_UID, SERIES_UID, "Glioma")


def test_a_result_holds_no_path(task: Path) -> None:
    assert str(task.parent) not in json.dumps(answer(task))


def test_a_task_s_setting_adds_heat_maps(task: Path) -> None:
    describe(task, {"process": {"settings": {"dicom_seg": True}}})
    answer(task)
    assert kinds(task) == ["OT", "SEG", "SR", "result"]


def test_what_is_no_dicom_is_answered_without_objects(tmp_path: Path) -> None:
    task = describe(tmp_path / "in", {})
    (task / "a.png").write_bytes(png_bytes())
    result = answer(task)
    assert (result["status"], result["dicom_files"], [item["class"] for item in result["images"]]) == (
        "done", 0, ["Glioma"],
    )  # fmt: skip


def test_an_image_that_cannot_be_read_is_counted(task: Path) -> None:
    (task / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = answer(task)
    assert result["slices"] == {"classified": 4, "error": 1}
    assert [item["status"] for item in result["images"]] == ["error"]


def test_a_series_of_a_kind_that_is_not_answered_has_a_row_and_no_objects(tmp_path: Path) -> None:
    write_series(tmp_path / "in", [HEAD] * 3, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
    result = answer(describe(tmp_path / "in", {}))
    assert (result["slices"], result["dicom_files"]) == ({"not_answered": 3}, 0)
    assert [item["status"] for item in result["series"]] == ["not_answered"]


def test_a_series_says_where_black_and_white_come_from(task: Path) -> None:
    assert [row["window"] for row in answer(task)["series"]] == ["full"]


def test_a_task_without_images_has_failed(tmp_path: Path) -> None:
    assert answer(describe(tmp_path / "in", {}))["reason"] == "the folder holds no images"


@pytest.mark.parametrize("content", [[], "text", {"process": {"settings": {"dicom_seg": "yes"}}}, "x" * MAX_TASK_BYTES])
def test_a_task_that_cannot_be_read_has_failed(task: Path, content: Any) -> None:
    describe(task, content)
    result = answer(task)
    assert result["status"] == "failed" and "task.json" in result["reason"]
    assert kinds(task) == ["result"]


@pytest.mark.parametrize("content", [{}, {"process": []}, {"process": None}, {"process": {"settings": None}}])
def test_a_task_needs_no_settings(tmp_path: Path, content: Any) -> None:
    assert read_settings(describe(tmp_path / "in", content)) == TaskSettings()


def test_results_of_another_task_are_left_alone(task: Path) -> None:
    describe(task.parent / "out", {})
    with pytest.raises(BrainTumorError, match="not an empty folder"):
        answer(task)


def test_only_folders_with_a_task_that_wait_are_tasks(tmp_path: Path) -> None:
    for name in ("b", "a", "done", ".hidden"):
        describe(tmp_path / name, {})
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "file").write_bytes(b"")
    assert [task.name for task in find_tasks(tmp_path, lambda name: name == "done")] == ["a", "b"]
