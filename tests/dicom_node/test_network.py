"""What the node says to senders over a real connection, and which connections it ends."""

import contextlib
import socket
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import CTImageStorage, MRImageStorage, SecondaryCaptureImageStorage
from pynetdicom import evt

from brain_tumor.dicom_node.settings import Sender
from brain_tumor.errors import BrainTumorError
from tests.dicom_node.peers import (
    LOOPBACK,
    connected,
    make_image,
    make_settings,
    run_node,
    store,
)
from tests.waiting import wait_until

# pynetdicom leaves a socket that could not connect to be closed by Python.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


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
