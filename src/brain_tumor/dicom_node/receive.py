"""An object that arrived -> the status it is answered with; what is answered with success is on the disk."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from brain_tumor.dicom_node.completion import Completion
from brain_tumor.dicom_node.events import Event, EventLog
from brain_tumor.dicom_node.statuses import StoreStatus
from brain_tumor.dicom_node.store import ReceivedImage, Store, StoreFullError
from brain_tumor.errors import ScanError
from brain_tumor.input.dicom import read_header
from brain_tumor.input.dicom_identity import Identity, read_identity
from brain_tumor.problems import Problem

_CLASS = "1.2.840.10008.5.1.4.1.1."
# MR Image, Enhanced MR Image, Enhanced MR Color Image, Legacy Converted Enhanced MR Image. Source: DICOM PS3.4, B.5.
IMAGE_CLASSES = (_CLASS + "4", _CLASS + "4.1", _CLASS + "4.3", _CLASS + "4.4")
# Reports, secondary captures and segmentations: classes of the node's own results, which archives may send back.
RESULT_CLASSES = tuple(_CLASS + end for end in ("88.11", "88.22", "88.33", "88.34", "7", "7.4", "66.4"))
_NO_IMAGE = {Problem.NO_IMAGE, Problem.OTHER_OBJECT, Problem.DICOMDIR}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object of one C-STORE request."""

    sop_class: str  # that the connection agreed on for it
    announced_class: str  # by the request
    announced_instance: str
    content: bytes  # a whole DICOM file
    association: Any  # that brought it


class Receiver:
    """Decides about objects; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        completion: Completion,
        log: EventLog,
        is_own: Callable[[Identity], bool],
        max_object_bytes: int,
    ) -> None:
        """Put images into a store.

        Args:
            store: for images.
            completion: called for each image that is new.
            log: of what happens.
            is_own: whether this program made an object.
            max_object_bytes: larger ones are refused.
        """
        self._store, self._completion, self._log, self._is_own = store, completion, log, is_own
        self._max_object_bytes = max_object_bytes

    def receive(self, arrival: Arrival) -> StoreStatus:
        """Keep an image, ignore a result of this program, refuse all else."""
        if len(arrival.content) > self._max_object_bytes:
            return self._refuse(StoreStatus.OUT_OF_RESOURCES, "too_large")
        try:
            identity = read_identity(arrival.content, "object")
        except ScanError as error:
            return self._refuse(StoreStatus.CANNOT_UNDERSTAND, error.problem.value)
        if not identity.is_complete:
            return self._refuse(StoreStatus.CANNOT_UNDERSTAND, "no_valid_uids")
        announced = (arrival.announced_class, arrival.announced_instance)
        if announced != (identity.sop_class, identity.instance) or arrival.sop_class != identity.sop_class:
            return self._refuse(StoreStatus.DOES_NOT_MATCH_CLASS, "other_object_than_announced")
        if self._is_own(identity):
            self._log.write(Event.OWN_RESULT_IGNORED)
            return StoreStatus.SUCCESS
        if identity.sop_class not in IMAGE_CLASSES:
            return self._refuse(StoreStatus.CLASS_NOT_SUPPORTED, "no_mr_image")
        try:
            read_header(arrival.content, "object")
        except ScanError as error:
            is_other = error.problem in _NO_IMAGE
            status = StoreStatus.DOES_NOT_MATCH_CLASS if is_other else StoreStatus.CANNOT_UNDERSTAND
            return self._refuse(status, error.problem.value)
        return self._keep(arrival, identity)

    def _keep(self, arrival: Arrival, identity: Identity) -> StoreStatus:
        image = ReceivedImage(identity.series, identity.instance, [arrival.content])
        try:
            series, is_new = self._store.add_image(image)
        except StoreFullError:
            self._log.write(Event.STORE_FULL, bytes=image.size)
            return StoreStatus.OUT_OF_RESOURCES
        except (OSError, sqlite3.Error) as error:
            self._log.write(Event.STORE_FULL, bytes=image.size, reason=type(error).__name__)
            return StoreStatus.OUT_OF_RESOURCES
        if is_new:
            self._completion.add_image(series, arrival.association)
        self._log.write(Event.IMAGE_RECEIVED if is_new else Event.IMAGE_REPEATED, series=series, bytes=image.size)
        return StoreStatus.SUCCESS

    def _refuse(self, status: StoreStatus, reason: str) -> StoreStatus:
        self._log.write(Event.OBJECT_REFUSED, status=f"{status:04X}", reason=reason)
        return status
