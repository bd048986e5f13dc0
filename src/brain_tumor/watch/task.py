"""One task: a folder of images and `task.json` -> DICOM objects and `result.json`."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain_tumor.atomic_write import NewFolder, write_whole
from brain_tumor.classifier import Classifier
from brain_tumor.decision.series import decide_series
from brain_tumor.dicom_out.findings import FindingsDraft
from brain_tumor.dicom_out.folder import DicomFolder
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.files import open_paths
from brain_tumor.input.series import Series
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.dicom_ids import series_ids, slice_ids
from brain_tumor.tables.rows import to_answered_row
from brain_tumor.tables.serialize import to_rounded
from brain_tumor.tables.series_rows import to_series_row
from brain_tumor.version import package_version

TASK, RESULT = "task.json", "result.json"
MAX_TASK_BYTES = 2**20  # mercure writes some kilobytes; what is larger is something else
# Paths of this computer mean nothing to the program that reads the result.
_UNNAMED = ("file", "series", "file_bytes", "file_modified", "report", "heatmaps")


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """What a task may ask for, under process and settings of its `task.json`."""

    dicom_seg: bool = False  # also the location maps as segmentations


def read_settings(task: Path) -> TaskSettings:
    """The settings of a task's folder; those that other programs read are not looked at.

    Raises:
        BrainTumorError: `task.json` cannot be read, or a setting has a value of another kind.
    """
    try:
        with (task / TASK).open("rb") as file:
            content = file.read(MAX_TASK_BYTES + 1)
        found = json.loads(content) if len(content) <= MAX_TASK_BYTES else None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BrainTumorError(f"{TASK} cannot be read as a JSON object of at most 1 MiB; write it again")
    process = found.get("process")
    settings = process.get("settings") if isinstance(process, dict) else None
    wanted = settings.get("dicom_seg", False) if isinstance(settings, dict) else False
    if not isinstance(wanted, bool):
        raise BrainTumorError(f"{TASK}: the setting dicom_seg is true or false; write one of them")
    return TaskSettings(dicom_seg=wanted)


def answer_task(classifier: Classifier, task: Path, out: Path) -> dict[str, Any]:
    """Answer a task; `result.json` is written last, so where it lies the task is done.

    A task that cannot be done has a `result.json` too, with the status ``failed`` and the reason.

    Args:
        classifier: that answers.
        task: its folder, which stays as it is.
        out: a folder that is empty or not there yet.

    Returns:
        The content of `result.json`.

    Raises:
        BrainTumorError: nothing can be written to out.
    """
    start: dict[str, Any] = {
        "notice": NOTICE,
        "model_id": classifier.card.model_id,
        "model_sha256": classifier.card.flatbuffer_sha256,
        "version": package_version(),
    }
    NewFolder(out, "results of a task")  # refuses another task's
    try:
        settings = read_settings(task)
    except BrainTumorError as error:
        result: dict[str, Any] = {"status": "failed", "reason": str(error)}
    else:
        answers = _Answers(classifier, DicomFolder(out, settings.dicom_seg))
        for series in open_paths([os.fspath(task)]):
            answers.add(series)
        result = answers.to_result()
    result = start | result
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / RESULT, (json.dumps(result, indent=2) + "\n").encode())
    except OSError as error:
        raise BrainTumorError(f"{out}: the result cannot be written ({error.strerror}); make room there") from None
    return result


class _Answers:
    """What the series of one task are answered."""

    def __init__(self, classifier: Classifier, folder: DicomFolder) -> None:
        self._classifier, self._folder = classifier, folder
        self._series: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._statuses: Counter[str] = Counter()

    def add(self, series: Series) -> None:
        """Answer one series, or one image."""
        card = self._classifier.card
        draft, findings, windows = FindingsDraft(), [], set()
        for outcome in self._classifier.classify_many(series.slices):
            row = to_answered_row(outcome, card.model_id, classes=card.rules.classes)
            self._statuses[str(row["status"])] += 1
            if row["window"]:
                windows.add(str(row["window"]))
            if not series.is_stack:
                self._images.append(_unnamed(row | slice_ids(outcome.slice)))
            if series.is_stack or outcome.result:
                draft.add(outcome)
            findings.append(outcome.result.to_finding(outcome.slice.position_mm) if outcome.result else None)
        verdict = None
        if series.is_stack:
            verdict = decide_series(findings, card.rules.classes)
            self._series.append(_unnamed(to_series_row(series, verdict, card.model_id, windows) | series_ids(series)))
        # Of an image that cannot be read, and of a kind that is not answered, there is nothing to report.
        if series.is_answered and (verdict or findings != [None]):
            self._folder.write(draft.finish(series, verdict), card)

    def to_result(self) -> dict[str, Any]:
        """The part of `result.json` that the images decide."""
        if not self._statuses:
            return {"status": "failed", "reason": "the folder holds no images"}
        return {
            "status": "done",
            "series": self._series,
            "images": self._images,
            "slices": dict(sorted(self._statuses.items())),
            "dicom_files": self._folder.files,
        }


def _unnamed(row: dict[str, Any]) -> dict[str, Any]:
    return to_rounded({name: value for name, value in row.items() if name not in _UNNAMED})


def find_tasks(folder: Path, is_done: Callable[[str], bool]) -> list[Path]:
    """The tasks that wait: subfolders with a `task.json`, the first by name first.

    Args:
        folder: that is watched. Hidden ones in it are still being written.
        is_done: whether a task of that name has its result.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    return [folder / name for name in names if not is_done(name) and (folder / name / TASK).is_file()]
