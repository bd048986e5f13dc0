"""Series of one real meningioma under headers that led answers astray; each right answer is checked end to end."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from brain_tumor.classifier import Classifier
from brain_tumor.decision.series import SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Status
from brain_tumor.input.files import open_paths
from brain_tumor.input.scan import WindowUse
from brain_tumor.input.series import Series
from brain_tumor.labels import Label
from tests.dicom_factory import make_dicom

DATA = Path(os.environ.get("BRAIN_TUMOR_DATA", "")) / "brain-tumor-mri" / "Training"
TUMOR = [f"meningioma/Tr-me_{number}.jpg" for number in ("0533", "0535", "0536", "0537", "0538", "0539", "0540")]
CORONAL = [1, 0, 0, 0, 0, -1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / TUMOR[0]).is_file(), reason="set BRAIN_TUMOR_DATA to run this"),
]
Edit = Callable[[int, Dataset], None]


@pytest.fixture(scope="module")
def stack() -> list[NDArray[np.uint16]]:
    """Seven neighbouring coronal slices of one meningioma, 12 bit."""
    found = []
    for name in TUMOR:
        with Image.open(DATA / name) as image:
            found.append(np.asarray(image.convert("L")).astype(np.uint16) * 16)
    return found


def write(
    folder: Path,
    pictures: list[NDArray[np.uint16]],
    edit: Edit = lambda index, dataset: None,
    name: Callable[[int], str] = lambda index: f"IM{index:04}.dcm",
    first: int = 0,
) -> None:
    for index, picture in enumerate(pictures):
        given: dict[str, Any] = {
            "SOPInstanceUID": f"1.2.3.{first + index + 1}",
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
            "InstanceNumber": first + index + 1,
            "BitsStored": 12,
            "HighBit": 11,
            "PixelSpacing": [0.7, 0.7],
            "ImageOrientationPatient": CORONAL,
            "ImagePositionPatient": [-110.0, -40.0 + 6.0 * index, 110.0],
        }
        dataset = dcmread(io.BytesIO(make_dicom(picture, **given)))
        edit(index, dataset)
        path = folder / name(first + index)
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)


def answer(classifier: Classifier, folder: Path) -> list[tuple[Series, SeriesVerdict, set[WindowUse | None]]]:
    answers = []
    for series in open_paths([str(folder)]):
        outcomes = list(classifier.classify_many(series.slices))
        findings = [
            outcome.result.to_finding(outcome.slice.position_mm) if outcome.result else None for outcome in outcomes
        ]
        answers.append(
            (series, decide_series(findings), {outcome.result.scan.window for outcome in outcomes if outcome.result})
        )
    return answers


def is_meningioma(verdict: SeriesVerdict, slices: int = 7) -> bool:
    return (verdict.label, verdict.status, verdict.slices) == (Label.MENINGIOMA, Status.CLASSIFIED, slices)


def no_place(index: int, dataset: Dataset) -> None:
    del dataset.ImagePositionPatient, dataset.ImageOrientationPatient


def same_place(index: int, dataset: Dataset) -> None:
    dataset.ImagePositionPatient = [-110.0, -40.0, 110.0]


def window(center: float, width: float) -> Edit:
    def edit(index: int, dataset: Dataset) -> None:
        dataset.WindowCenter, dataset.WindowWidth = center, width

    return edit


def eight_bit(index: int, dataset: Dataset) -> None:
    values = (dataset.pixel_array // 16).astype(np.uint8)
    dataset.add_new("PixelData", "OB", values.tobytes() + b"\0" * (values.size % 2))
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    window(2048, 4096)(index, dataset)


@pytest.mark.parametrize("edit", [lambda index, dataset: None, no_place, same_place])
def test_a_tumor_is_named_whatever_the_positions_say(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path, edit: Edit
) -> None:
    write(tmp_path, stack, edit)
    ((_, verdict, _),) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)


@pytest.mark.parametrize("edit", [window(40, 80), window(32768, 65536), eight_bit])
def test_a_tumor_is_named_under_a_window_that_does_not_fit(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path, edit: Edit
) -> None:
    write(tmp_path, stack, edit)
    ((_, verdict, windows),) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)
    assert windows == {WindowUse.UNFIT}


def test_a_folder_per_file_is_one_series(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path
) -> None:
    write(tmp_path, stack, name=lambda index: f"{index:08X}/IM1")
    ((_, verdict, _),) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)


def test_every_file_twice_is_seven_slices(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path
) -> None:
    write(tmp_path, stack)
    write(tmp_path, stack, name=lambda index: f"IM{index:04} (1).dcm")
    ((series, verdict, _),) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)
    assert series.duplicates == 7


def test_magnitude_is_answered_beside_its_phase(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path
) -> None:
    def is_phase(index: int, dataset: Dataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND"]

    noise = np.random.default_rng(1)
    phase = [(noise.integers(0, 2048, item.shape) + item // 4).astype(np.uint16) for item in stack]
    write(tmp_path, stack)
    write(tmp_path, phase, is_phase, first=100)
    (magnitude, verdict, _), (other, *_) = answer(classifier, tmp_path)
    assert (magnitude.is_answered, other.is_answered) == (True, False)
    assert is_meningioma(verdict)


def test_the_first_echo_is_answered_beside_the_second(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path
) -> None:
    def echo(number: int, time_ms: float) -> Edit:
        def edit(index: int, dataset: Dataset) -> None:
            dataset.EchoNumbers, dataset.EchoTime = number, time_ms

        return edit

    write(tmp_path, stack, echo(1, 10))
    write(
        tmp_path, [np.where(item > 300, 4095 - item, item).astype(np.uint16) for item in stack], echo(2, 100), first=100
    )
    (_, verdict, _), (second, *_) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)
    assert len(second.slices) == 7


def test_pixels_twice_as_high_as_wide_are_a_meningioma_too(
    classifier: Classifier, stack: list[NDArray[np.uint16]], tmp_path: Path
) -> None:
    def is_flat(index: int, dataset: Dataset) -> None:
        dataset.PixelSpacing = [1.4, 0.7]

    write(tmp_path, [item[::2] for item in stack], is_flat)
    ((_, verdict, _),) = answer(classifier, tmp_path)
    assert is_meningioma(verdict)
