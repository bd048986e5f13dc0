"""Which status an object is answered with, and whether it is on the disk then."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brain_tumor.dicom_node.completion import Completion
from brain_tumor.dicom_node.events import EventLog
from brain_tumor.dicom_node.receive import IMAGE_CLASSES, RESULT_CLASSES, Arrival, Receiver
from brain_tumor.dicom_node.statuses import StoreStatus
from brain_tumor.dicom_node.store import Store, StoreLimits
from brain_tumor.input.dicom_identity import read_identity
from tests.dicom_factory import make_dicom, slice_of_series

MIB = 2**20


class Connection:
    """Stands for an association."""


class Desk:
    """A receiver with an empty store, and what it logs."""

    def __init__(self, folder: Path, images_per_series: int = 100, is_own: bool = False) -> None:
        self.folder, self.lines = folder, io.StringIO()
        self.completion = Completion(0, 0, lambda: 1.0)
        self._store = Store(folder, StoreLimits(10 * MIB, 0, 1000, images_per_series))
        self._receiver = Receiver(self._store, self.completion, EventLog(self.lines), lambda _: is_own, MIB)

    def receive(self, content: bytes, **announced: str) -> StoreStatus:
        identity = read_identity(content, "a")
        facts = {"sop_class": identity.sop_class, "announced_class": identity.sop_class}
        facts |= {"announced_instance": identity.instance, **announced}
        return self._receiver.receive(Arrival(**facts, content=content, association=Connection()))

    def receive_bytes(self, content: bytes) -> StoreStatus:
        return self._receiver.receive(Arrival(IMAGE_CLASSES[0], IMAGE_CLASSES[0], "1.2", content, Connection()))

    @property
    def last_event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.lines.getvalue().splitlines()[-1])
        return found

    @property
    def kept(self) -> int:
        return len(list(self.folder.rglob("*.dcm")))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "node")


def make_object(**elements: Any) -> bytes:
    return make_dicom(np.zeros((8, 8), np.uint16), **{"StudyInstanceUID": "1.2", **elements})


def test_an_image_is_kept_once_however_often_it_comes(desk: Desk) -> None:
    image = slice_of_series(0, "1.2.3")
    assert desk.receive(image) is StoreStatus.SUCCESS
    assert desk.last_event["event"] == "image_received" and desk.kept == 1
    assert len(desk.completion.take_complete()) == 1
    assert desk.receive(image) is StoreStatus.SUCCESS
    assert desk.last_event["event"] == "image_repeated" and desk.kept == 1
    assert desk.completion.take_complete() == []  # so a repetition does not wake a series


@pytest.mark.parametrize(
    "announced",
    [{"announced_class": IMAGE_CLASSES[1]}, {"announced_instance": "1.2.3.99"}, {"sop_class": IMAGE_CLASSES[1]}],
)
def test_an_object_that_was_not_announced_is_refused(desk: Desk, announced: dict[str, str]) -> None:
    assert desk.receive(slice_of_series(0, "1.2.3"), **announced) is StoreStatus.DOES_NOT_MATCH_CLASS
    assert desk.last_event["reason"] == "other_object_than_announced" and desk.kept == 0


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (make_object(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), StoreStatus.CLASS_NOT_SUPPORTED, "no_mr_image"),
        (make_object(StudyInstanceUID=None), StoreStatus.CANNOT_UNDERSTAND, "no_valid_uids"),
        (
            make_object(StudyInstanceUID="99.99.99").replace(b"99.99.99", b"DOE^JANE"),
            StoreStatus.CANNOT_UNDERSTAND,
            "no_valid_uids",
        ),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(
    desk: Desk, content: bytes, status: StoreStatus, reason: str
) -> None:
    assert desk.receive(content) is status
    assert desk.last_event["reason"] == reason and desk.last_event["status"] == f"{status:04X}"
    assert "DOE" not in desk.lines.getvalue() and desk.kept == 0


def test_an_image_without_pixels_is_refused(desk: Desk) -> None:
    status = desk.receive(make_dicom(None, StudyInstanceUID="1.2"))
    assert status is not StoreStatus.SUCCESS and desk.kept == 0


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", slice_of_series(0, "1.2.3")[:140]])
def test_damage_is_refused(desk: Desk, content: bytes) -> None:
    assert desk.receive_bytes(content) is StoreStatus.CANNOT_UNDERSTAND
    assert desk.kept == 0


def test_an_object_that_is_too_large_is_not_looked_at(desk: Desk) -> None:
    assert desk.receive_bytes(bytes(MIB + 1)) is StoreStatus.OUT_OF_RESOURCES
    assert desk.last_event["reason"] == "too_large"


def test_an_own_result_is_taken_and_dropped(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "node", is_own=True)
    assert desk.receive(make_object(SOPClassUID=RESULT_CLASSES[0])) is StoreStatus.SUCCESS
    assert desk.last_event["event"] == "own_result_ignored" and desk.kept == 0


def test_a_full_store_asks_the_sender_to_come_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "node", images_per_series=1)
    assert desk.receive(slice_of_series(0, "1.2.3")) is StoreStatus.SUCCESS
    assert desk.receive(slice_of_series(1, "1.2.3")) is StoreStatus.OUT_OF_RESOURCES
    assert desk.last_event["event"] == "store_full" and desk.kept == 1
