"""The command between a real Orthanc that routes to it and stores what comes back; it is killed on the way."""

import contextlib
import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.dicom_node.certificates import Certificates
from tests.dicom_node.orthanc import ROUTE, Orthanc, find_orthanc, running_orthanc
from tests.dicom_node.peers import (
    ARCHIVE,
    LOOPBACK,
    NODE,
    STUDY_UID,
    events_in,
    make_image,
)
from tests.waiting import wait_until
from tools.ports import free_port

pytestmark = pytest.mark.slow

CONFIGURATION = """
[dicom-node]
folder = "{folder}"
ae_title = "{node}"
port = {port}
quiet_s = {quiet_s}
after_release_s = {quiet_s}
retry_s = 0.2

[dicom-node.destination]
ae_title = "{archive}"
host = "{host}"
port = {archive_port}

[[dicom-node.senders]]
ae_title = "{archive}"
addresses = ["{host}"]

[model]
file = "{model}"
threads = 1
"""


class Command:
    """`brain-tumor dicom-node` as a process."""

    def __init__(
        self, folder: Path, port: int, archive_port: int, model: Path, quiet_s: float, tables: str = ""
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.log_file = folder / "log"
        configuration = folder / "node.toml"
        values = {"folder": folder / "queue", "node": NODE, "archive": ARCHIVE, "host": LOOPBACK, "model": model}
        configuration.write_text(
            CONFIGURATION.format(**values, port=port, archive_port=archive_port, quiet_s=quiet_s) + tables,
            encoding="utf-8",
        )
        self._start = len(self.log)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "brain_tumor", "dicom-node", "--config", configuration], stdout=log, stderr=log
            )
        wait_until(lambda: self.count("started") or self.process.poll() is not None, timeout_s=60)
        assert self.process.poll() is None, self.log

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def count(self, name: str) -> int:
        """How often this process, not one before it, logged an event."""
        lines = self.log[self._start :].splitlines(keepends=True)
        whole = "".join(line for line in lines if line.startswith("{") and line.endswith("\n"))
        return sum(event["event"] == name for event in events_in(whole))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running_command(*given: Any) -> Iterator[Command]:
    command = Command(*given)
    try:
        yield command
        command.process.terminate()
        assert command.process.wait(60) == 0
    finally:
        if command.process.poll() is None:
            command.kill()


def file_content(image: Dataset) -> bytes:
    content = io.BytesIO()
    image.save_as(content, enforce_file_format=True)
    return content.getvalue()


def images(count: int) -> list[bytes]:
    return [file_content(make_image(number, ImagePositionPatient=[0, 0, 3 * number])) for number in range(1, count + 1)]


def results(orthanc: Orthanc) -> tuple[list[Any], list[Any]]:
    """Reports and captures in the study."""
    reports = [dcmread(io.BytesIO(item)) for item in orthanc.files_of_study(STUDY_UID, "SR")]
    return reports, [dcmread(io.BytesIO(item)) for item in orthanc.files_of_study(STUDY_UID, "OT")]


def referenced_images(report: Any) -> set[str]:
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID == STUDY_UID
    images_of = [series.ReferencedSOPSequence for series in study.ReferencedSeriesSequence]
    return {str(image.ReferencedSOPInstanceUID) for several in images_of for image in several}


def check_results(orthanc: Orthanc, count: int) -> None:
    """One report on all images and one capture, for the patient and study of the images."""
    (report,), (capture,) = results(orthanc)
    assert referenced_images(report) == {f"{STUDY_UID}.1.{number}" for number in range(1, count + 1)}
    for result in (report, capture):
        assert (result.StudyInstanceUID, result.PatientName) == (STUDY_UID, "Doe^Jane")
    assert len(orthanc.get("/studies")) == 1


def test_a_routed_series_comes_back_as_report_and_capture(tmp_path: Path, model_path: Path) -> None:
    find_orthanc()
    port = free_port()
    with (
        running_orthanc(tmp_path / "orthanc", port, ROUTE) as orthanc,
        running_command(tmp_path / "node", port, orthanc.dicom_port, model_path, 1.0) as command,
    ):
        for content in images(8):
            orthanc.add(content)
        wait_until(lambda: all(results(orthanc)), timeout_s=90)
        # Orthanc sends the results back as well, as new stable series, and nothing comes of them.
        wait_until(lambda: command.count("own_result_ignored") == 2, timeout_s=60)
        check_results(orthanc, 8)
        assert command.count("series_answered") == 1
        assert "Doe" not in command.log and STUDY_UID not in command.log


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes the certificates, is not installed")
def test_a_node_that_is_killed_in_mid_study_completes_it_after_the_restart(tmp_path: Path, model_path: Path) -> None:
    """All of it encrypted."""
    find_orthanc()
    port, certificates = free_port(), Certificates(tmp_path)
    certificate, key = certificates.sign("node")
    pair = f'certificate = "{certificate}"\nkey = "{key}"\nauthority = "{certificates.authority}"\n'
    tables = f"[dicom-node.tls]\n{pair}[dicom-node.destination.tls]\n{pair}"
    with running_orthanc(tmp_path / "orthanc", port, certificates=certificates) as orthanc:
        given = (tmp_path / "node", port, orthanc.dicom_port, model_path)
        known = [orthanc.add(content) for content in images(20)]
        first = Command(*given, 600.0, tables)
        try:
            orthanc.post("/modalities/node/store", {"Resources": known[:8], "Synchronous": True})
            job = orthanc.post("/modalities/node/store", {"Resources": known[8:], "Synchronous": False})["ID"]
            wait_until(lambda: first.count("image_received") > 8)
        finally:
            first.kill()
        wait_until(lambda: orthanc.get(f"/jobs/{job}")["State"] in ("Failure", "Success"))
        with running_command(*given, 3.0, tables) as second:
            # The archive sends the whole of what was not acknowledged again.
            orthanc.post("/modalities/node/store", {"Resources": known[8:], "Synchronous": True})
            wait_until(lambda: all(results(orthanc)), timeout_s=90)
            wait_until(lambda: second.count("result_sent") == 2)
            check_results(orthanc, 20)
            assert not second.count("tls_failed")
