"""The node between a real sender and a real archive, both on this computer."""

import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from brain_tumor.dicom_node.store import Store
from tests.dicom_node.peers import (
    STUDY_UID,
    Archive,
    answer_with_counts,
    connected,
    make_image,
    make_settings,
    run_node,
    store,
)
from tests.waiting import wait_until

SERIES = f"{STUDY_UID}.1"

# pynetdicom leaves a socket that could not connect to be closed by Python.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


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
