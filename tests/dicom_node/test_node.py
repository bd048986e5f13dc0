"""The node between a real sender and a real archive, both on this computer."""

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage
from pynetdicom import evt

from brain_tumor.dicom_node.events import EventLog
from brain_tumor.dicom_node.node import Answer, Node, running
from brain_tumor.dicom_node.settings import NodeSettings, Sender
from brain_tumor.dicom_node.store import Store
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.dicom_identity import Identity
from tests.dicom_node.peers import (
    LOOPBACK,
    STUDY_UID,
    Archive,
    answer_with_counts,
    connected,
    events_in,
    make_image,
    make_settings,
    store,
    wait_until,
)
from tools.ports import free_port

SERIES = f"{STUDY_UID}.1"

# pynetdicom leaves a socket that could not connect to be closed by Python.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def is_own(identity: Identity) -> bool:
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


@pytest.fixture
def archive_port() -> int:
    return free_port()


def test_a_series_is_answered_once_and_the_answer_is_sent_once(tmp_path: Path, archive_port: int) -> None:
    with Archive().listening(archive_port) as archive, run_node(make_settings(tmp_path, archive_port)) as node:
        assert store(node.port, *(make_image(number) for number in range(1, 6))) == [0] * 5
        wait_until(lambda: archive.received)
        wait_until(lambda: not node.store.waiting_results())
        time.sleep(0.5)
        (result,) = archive.received
        assert (result.Rows, result.StudyInstanceUID) == (5, STUDY_UID)
        assert "Doe" not in node.log and STUDY_UID not in node.log


def test_echo_is_answered(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path)) as node, connected(node.port) as association:
        assert association.send_c_echo().Status == 0


def test_several_connections_for_one_series_end_in_one_answer(tmp_path: Path, archive_port: int) -> None:
    settings = make_settings(tmp_path, archive_port, quiet_s=1.0, after_release_s=1.0)
    with Archive().listening(archive_port) as archive, run_node(settings) as node:
        for number in range(1, 6):
            assert store(node.port, make_image(number)) == [0]
        wait_until(lambda: archive.received and archive.received[-1].Rows == 5)
        assert len(set(archive.instances)) == 1


def test_later_images_bring_a_new_answer_under_the_same_identifier(tmp_path: Path, archive_port: int) -> None:
    with Archive().listening(archive_port) as archive, run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1))
        wait_until(lambda: len(archive.received) == 1)
        store(node.port, make_image(2), make_image(1))
        wait_until(lambda: len(archive.received) == 2)
        assert [result.Rows for result in archive.received] == [1, 2]
        assert len(set(archive.instances)) == 1


def test_what_was_sent_again_unchanged_is_not_answered_again(tmp_path: Path, archive_port: int) -> None:
    with Archive().listening(archive_port) as archive, run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1))
        wait_until(lambda: archive.received)
        assert store(node.port, make_image(1)) == [0]
        wait_until(lambda: node.events("image_repeated"))
        time.sleep(0.8)
        assert len(archive.received) == 1


def test_images_are_erased_once_their_results_are_sent(tmp_path: Path, archive_port: int) -> None:
    settings = make_settings(tmp_path, archive_port, keep_images_s=0.0)
    with Archive().listening(archive_port) as archive, run_node(settings) as node:
        store(node.port, make_image(1), make_image(2))
        wait_until(lambda: node.events("series_erased"))
        assert archive.received
        assert list(tmp_path.rglob("*.dcm")) == []
        # A rest alone must not replace the answer of the whole series.
        store(node.port, make_image(3))
        wait_until(lambda: node.events("rest_not_answered"))
        assert len(archive.received) == 1


def test_an_archive_that_is_away_gets_its_results_when_it_is_back(tmp_path: Path, archive_port: int) -> None:
    with run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1))
        wait_until(lambda: len(node.events("sending_failed")) > 2)
        with Archive().listening(archive_port) as archive:
            wait_until(lambda: archive.received)
            wait_until(lambda: not node.store.waiting_results())
        assert len(archive.received) == 1


def test_an_archive_that_takes_one_form_only_gets_that(tmp_path: Path, archive_port: int) -> None:
    archive = Archive(syntaxes=[ImplicitVRLittleEndian])
    with archive.listening(archive_port), run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1))
        wait_until(lambda: archive.received)


def test_results_that_wait_are_sent_by_the_next_process(tmp_path: Path, archive_port: int) -> None:
    with run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1))
        wait_until(node.store.waiting_results)
    with Archive().listening(archive_port) as archive, run_node(make_settings(tmp_path, archive_port)):
        wait_until(lambda: archive.received)


def test_a_series_that_was_not_complete_is_completed_by_the_next_process(tmp_path: Path, archive_port: int) -> None:
    waiting = make_settings(tmp_path, archive_port, quiet_s=3600.0, after_release_s=3600.0)
    with run_node(waiting) as node:
        store(node.port, make_image(1))
    with Archive().listening(archive_port) as archive, run_node(waiting) as node:
        store(node.port, make_image(2))
        assert archive.received == []
    soon = make_settings(tmp_path, archive_port, quiet_s=0.1)
    with Archive().listening(archive_port) as archive, run_node(soon):
        wait_until(lambda: archive.received)
        assert archive.received[0].Rows == 2


def test_a_result_that_the_archive_refuses_keeps_no_other_back(tmp_path: Path, archive_port: int) -> None:
    def refuse_the_first(number: int) -> int:
        return 0xA700 if number == 0 else 0

    with run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image(1), make_image(1, f"{STUDY_UID}.2"))
        wait_until(lambda: len(node.store.waiting_results()) == 2)
        with Archive(refuse_the_first).listening(archive_port) as archive:
            wait_until(lambda: len(archive.received) == 2)
        assert sorted(archive.instances) == [f"{SERIES}.999", f"{STUDY_UID}.2.999"]
        assert "A700" in {event["reason"] for event in node.events("sending_failed")}


def test_a_result_that_the_disk_damaged_keeps_no_other_back(tmp_path: Path, archive_port: int) -> None:
    with run_node(make_settings(tmp_path, archive_port)) as node:
        store(node.port, make_image())
        wait_until(node.store.waiting_results)
        node.store.waiting_results()[0].file.write_bytes(b"no DICOM file")
        store(node.port, make_image(series=f"{STUDY_UID}.2"))
        with Archive().listening(archive_port) as archive:
            wait_until(lambda: archive.instances == [f"{STUDY_UID}.2.999"])
            wait_until(lambda: any(event.get("reason") == "C000" for event in node.events("sending_failed")))


def test_a_series_whose_answer_fails_is_given_up_and_others_are_answered(tmp_path: Path, archive_port: int) -> None:
    def fail_for_two(files: Sequence[Path], stop: threading.Event) -> list[bytes]:
        if len(files) == 2:
            raise ValueError("Doe^Jane")
        return answer_with_counts(files, stop)

    settings = make_settings(tmp_path, archive_port, quiet_s=0.1)
    with Archive().listening(archive_port) as archive, run_node(settings, fail_for_two) as node:
        store(node.port, make_image(1), make_image(2), make_image(1, f"{STUDY_UID}.2"))
        wait_until(lambda: node.events("series_given_up"))
        assert archive.instances == [f"{STUDY_UID}.2.999"]
        assert "Doe" not in node.log
        store(node.port, make_image(3))  # one more image, one more chance
        wait_until(lambda: len(archive.received) == 2)


def test_an_answer_that_is_stopped_is_begun_again_and_counts_as_no_failure(tmp_path: Path) -> None:
    begun = threading.Event()

    def wait_for_the_end(files: Sequence[Path], stop: threading.Event) -> None:
        begun.set()
        assert stop.wait(60)

    settings = make_settings(tmp_path)
    with run_node(settings, wait_for_the_end) as node:
        store(node.port, make_image(1))
        assert begun.wait(60)
    with contextlib.closing(Store(settings.folder, settings.store_limits)) as opened:
        job = opened.begin(opened.unfinished()[0])
        assert job is not None and job.attempt == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"calling": "STRANGER"}, (1, 1, 3)),
        ({"called": "OTHER"}, (1, 1, 7)),
    ],
)
def test_a_title_that_is_not_on_the_list_is_rejected(
    tmp_path: Path, options: dict[str, str], reason: tuple[int, int, int]
) -> None:
    with run_node(make_settings(tmp_path)) as node, connected(node.port, **options) as association:
        assert association.is_rejected
        answer: Any = association.acceptor.primitive
        assert (answer.result, answer.result_source, answer.diagnostic) == reason
        assert node.events("connection_refused")


def test_an_address_that_is_not_on_the_list_is_rejected(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, senders=(Sender("SCANNER", ("10.1.2.3",)),))
    with run_node(settings) as node, connected(node.port) as association:
        assert association.is_rejected
        assert [event["reason"] for event in node.events("connection_refused")] == ["address"]


def test_classes_that_are_not_answered_are_not_agreed_on(tmp_path: Path) -> None:
    offered = [MRImageStorage, CTImageStorage]
    with run_node(make_settings(tmp_path)) as node, connected(node.port, classes=offered) as association:
        assert [context.abstract_syntax for context in association.rejected_contexts] == [CTImageStorage]
        assert association.send_c_store(make_image(1)).Status == 0


@pytest.mark.parametrize(
    ("elements", "status"),
    [
        ({"SOPClassUID": SecondaryCaptureImageStorage, "Manufacturer": "own"}, 0x0000),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, 0x0122),
        ({"StudyInstanceUID": None}, 0xC000),
        ({"SeriesInstanceUID": "Doe^Jane"}, 0xC000),
        ({"Rows": None}, 0xA900),
        ({"Rows": 0}, 0xC000),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_what_is_no_image_for_the_node_gets_the_status_that_says_so(
    tmp_path: Path, elements: dict[str, Any], status: int
) -> None:
    with run_node(make_settings(tmp_path)) as node:
        assert store(node.port, make_image(**elements)) == [status]
        assert list(tmp_path.rglob("*.dcm")) == []
        assert node.store.unfinished() == []
        assert "Doe" not in node.log


def test_an_object_under_another_s_name_is_refused(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path)) as node, connected(node.port) as association:
        image = make_image(1)
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID

        def renamed(event: Any) -> None:
            event.message.command_set.AffectedSOPInstanceUID = "1.2.3"

        association.bind(evt.EVT_DIMSE_SENT, renamed)
        assert association.send_c_store(image).Status == 0xA900


def big_image(mib: int) -> Any:
    return make_image(1, BurnedInAnnotation="NO", ImageComments="", PixelData=np.zeros(mib * 2**20, np.uint8).tobytes())


def test_an_object_above_the_limit_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path, max_object_mib=1)) as node:
        assert store(node.port, big_image(3), make_image(2)) == [0xA700, 0]
        assert [path.stat().st_size < 2**20 for path in tmp_path.rglob("*.dcm")] == [True]


def test_a_full_store_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path, quiet_s=3600.0, after_release_s=3600.0, max_images=2)) as node:
        assert store(node.port, *(make_image(number) for number in (1, 2, 3))) == [0, 0, 0xA700]
        assert len(list(tmp_path.rglob("*.dcm"))) == 2


def test_no_more_connections_than_allowed(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path, max_associations=2)) as node, contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(connected(node.port)) for _ in range(3))
        assert first.is_established and second.is_established and third.is_rejected


def test_a_length_that_nobody_would_send_ends_the_connection(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path)) as node:
        with socket.create_connection((LOOPBACK, node.port), timeout=10) as plain:
            plain.sendall(struct.pack(">BBL", 1, 0, 2**31))
            assert plain.recv(100) == b""
        assert store(node.port, make_image(1)) == [0]


@pytest.mark.slow
def test_connections_that_say_nothing_are_ended_and_cannot_be_opened_without_end(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path, network_timeout_s=1.0)) as node, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection((LOOPBACK, node.port), timeout=10)) for _ in range(40)]
        for plain in silent:
            assert plain.recv(100) == b""
        wait_until(lambda: connects(node.port))


def connects(port: int) -> bool:
    with connected(port) as association:
        return association.is_established


def test_half_an_image_leaves_nothing(tmp_path: Path) -> None:
    with run_node(make_settings(tmp_path)) as node:
        with connected(node.port) as association:
            link: Any = association.dul.socket
            send = link.send
            sent = []

            def cut(data: bytes) -> None:
                sent.append(data)
                if len(sent) == 3:
                    link.close()
                else:
                    send(data)

            link.send = cut
            with contextlib.suppress(RuntimeError):
                association.send_c_store(big_image(1))
        wait_until(lambda: connects(node.port))
        assert list(tmp_path.rglob("*.dcm")) == [] and node.store.unfinished() == []


def test_a_port_that_is_taken_is_an_error_in_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        settings = make_settings(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(BrainTumorError, match="cannot be listened on"), run_node(settings):
            pass


def test_many_senders_at_once_lose_nothing(tmp_path: Path, archive_port: int) -> None:
    def send(number: int) -> list[int]:
        return store(node.port, *(make_image(image, f"{STUDY_UID}.{number}") for image in range(1, 6)))

    with Archive().listening(archive_port) as archive, run_node(make_settings(tmp_path, archive_port)) as node:
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(send, range(1, 13))) == [[0] * 5] * 12
        wait_until(lambda: len(set(archive.instances)) == 12)
        wait_until(lambda: not node.store.waiting_results() and not node.store.unfinished())
        last = {str(result.SOPInstanceUID): result.Rows for result in archive.received}
        assert set(last.values()) == {5}
