"""The other ends of the node's connections: a sender and an archive, both pynetdicom's own, on this computer."""

import contextlib
import io
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import (
    ComprehensiveSRStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.association import Association

from brain_tumor.dicom_node.events import EventLog
from brain_tumor.dicom_node.node import Answer, Node, running
from brain_tumor.dicom_node.settings import Destination, NodeSettings, Sender
from brain_tumor.dicom_node.store import Store
from brain_tumor.input.dicom_identity import Identity
from tests.dicom_factory import make_dicom

NODE, SCANNER, ARCHIVE = "NODE", "SCANNER", "ARCHIVE"
STUDY_UID = "1.2.826.0.1.3680043.8.498.9"
LOOPBACK = "127.0.0.1"
VERIFICATION = "1.2.840.10008.1.1"


def make_settings(folder: Path, archive_port: int = 1, **changes: Any) -> NodeSettings:
    """A node on a free port that waits for nothing long, unless a sender breaks off."""
    return NodeSettings(
        **{
            "folder": folder,
            "senders": (Sender(SCANNER, (LOOPBACK,)),),
            "destination": Destination(ARCHIVE, LOOPBACK, archive_port),
            "ae_title": NODE,
            "port": 0,
            "quiet_s": 20.0,
            "after_release_s": 0.1,
            "keep_images_s": 3600.0,
            "retry_s": 0.05,
            "max_retry_s": 0.2,
            "network_timeout_s": 5.0,
            "min_free_mib": 0,
            **changes,
        }
    )


def make_image(number: int = 1, series: str = f"{STUDY_UID}.1", **elements: Any) -> FileDataset:
    """An MR image of 64 x 64 pixels."""
    values = (np.indices((64, 64)).sum(axis=0) * 100 + number).astype(np.uint16)
    data = make_dicom(
        values,
        **{
            "StudyInstanceUID": STUDY_UID,
            "SeriesInstanceUID": series,
            "SOPInstanceUID": f"{series}.{number}",
            "InstanceNumber": number,
            "PatientName": "Doe^Jane",
            **elements,
        },
    )
    return dcmread(io.BytesIO(data))


@contextlib.contextmanager
def connected(
    port: int, calling: str = SCANNER, called: str = NODE, classes: Sequence[str] = (), **limits: Any
) -> Iterator[Association]:
    """A sender's connection; released at the end."""
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    entity.add_requested_context(VERIFICATION)
    for sop_class in classes or (MRImageStorage, SecondaryCaptureImageStorage, ComprehensiveSRStorage):
        entity.add_requested_context(sop_class, [ExplicitVRLittleEndian])
    association = entity.associate(LOOPBACK, port, ae_title=called, **limits)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def store(port: int, *images: FileDataset, **options: Any) -> list[int]:
    """Send images over one connection; gives their statuses."""
    with connected(port, **options) as association:
        assert association.is_established
        return [association.send_c_store(image).Status for image in images]


class Archive:
    """An archive that keeps what it is sent, in the order in which it came."""

    def __init__(self, answer: Callable[[int], int] = lambda _: 0, syntaxes: Sequence[str] = ()) -> None:
        """Take nothing yet.

        Args:
            answer: the status of the n-th object, counted from 0.
            syntaxes: transfer syntaxes that it takes, by default those that are not compressed.
        """
        self._syntaxes = list(syntaxes) or None
        self.received: list[FileDataset] = []
        self._answer = answer
        self._count = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def listening(self, port: int, tls: ssl.SSLContext | None = None) -> Iterator["Archive"]:
        entity = AE(ARCHIVE)
        for sop_class in (SecondaryCaptureImageStorage, ComprehensiveSRStorage):
            entity.add_supported_context(sop_class, self._syntaxes)
        server: Any = entity.start_server(
            (LOOPBACK, port), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)], ssl_context=tls
        )
        try:
            yield self
        finally:
            server.shutdown()

    def _store(self, event: Any) -> int:
        with self._lock:
            status = self._answer(self._count)
            self._count += 1
            if status == 0:
                self.received.append(event.dataset)
            return status

    @property
    def instances(self) -> list[str]:
        """What arrived, by SOP Instance UID."""
        with self._lock:
            return [str(item.SOPInstanceUID) for item in self.received]


def answer_with_counts(files: Sequence[Path], stop: threading.Event) -> list[bytes]:
    """In place of a network: one secondary capture a series, whose number of rows is that of the images."""
    first = dcmread(files[0])
    rows = len(files)
    return [
        make_dicom(
            np.zeros((rows, 2), np.uint8),
            SOPClassUID=SecondaryCaptureImageStorage,
            SOPInstanceUID=f"{first.SeriesInstanceUID}.999",
            SeriesInstanceUID=f"{first.SeriesInstanceUID}.99",
            StudyInstanceUID=first.StudyInstanceUID,
            Manufacturer="own",
        )
    ]


def events_in(log: str) -> list[dict[str, Any]]:
    """The node's log, line by line."""
    return [json.loads(line) for line in log.splitlines()]


def is_own(identity: Identity) -> bool:
    """Whether the node itself has made an object."""
    return identity.manufacturer == "own"


class Running:
    """A node that runs, with its log."""

    def __init__(self, node: Node, store: Store, log: io.StringIO) -> None:
        self.node, self.store, self._log = node, store, log

    @property
    def port(self) -> int:
        return self.node.port

    @property
    def log(self) -> str:
        return self._log.getvalue()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in events_in(self.log) if event["event"] == name]


@contextlib.contextmanager
def run_node(settings: NodeSettings, answer: Answer = answer_with_counts) -> Iterator[Running]:
    opened = Store(settings.folder, settings.store_limits)
    log = io.StringIO()
    try:
        with running(Node(settings, opened, answer, is_own, EventLog(log))) as node:
            yield Running(node, opened, log)
    finally:
        opened.close()
