"""Archives that answer wrongly, slowly or too much; the right ones are in test_dicomweb_orthanc.py."""

import contextlib
import http.server
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.prediction import dicomweb
from brain_tumor.prediction.credentials import Basic, Bearer
from brain_tumor.prediction.dicomweb import DicomWebStudy
from tests.dicom_factory import make_dicom

STUDY = "1.2.3"
DICOM = make_dicom(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
MULTIPART = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + DICOM + b"\r\n--b--\r\n"
MULTIPART_TYPE = "multipart/related; boundary=b"
Answer = tuple[int, dict[str, str], bytes]


def listed(*instances: dict[str, Any]) -> bytes:
    return json.dumps([{tag: {"Value": [value]} for tag, value in instance.items()} for instance in instances]).encode()


def entry(number: int, series: str = "1.2.3.1", changes: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "00080016": "1.2.840.10008.5.1.4.1.1.4",
        "00080018": f"{series}.{number}",
        "0020000E": series,
        "00200013": number,
        **(changes or {}),
    }


def as_list(*instances: dict[str, Any]) -> Answer:
    return 200, {"Content-Type": "application/dicom+json"}, listed(*instances)


def as_object(body: bytes = MULTIPART, status: int = 200, content_type: str = MULTIPART_TYPE) -> Answer:
    return status, {"Content-Type": content_type}, body


class Archive:
    """Answers the n-th question for an object by what a test gives, counted from 0."""

    def __init__(self, list_answer: Answer, objects: Callable[[int], Answer]) -> None:
        self.questions: list[tuple[str, str | None]] = []  # path and Authorization
        archive, lock = self, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    asked = sum("/instances/" in path for path, _ in archive.questions)
                    archive.questions.append((self.path, self.headers["Authorization"]))
                status, headers, body = objects(asked) if "/instances/" in self.path else list_answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/dicom-web"


@contextlib.contextmanager
def running(
    list_answer: Answer, objects: Callable[[int], Answer] = lambda _: as_object(), certificate: Path | None = None
) -> Iterator[Archive]:
    archive = Archive(list_answer, objects)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        archive.server.socket = context.wrap_socket(archive.server.socket, server_side=True)
        archive.url = archive.url.replace("http", "https")
    thread = threading.Thread(target=archive.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield archive
    finally:
        archive.server.shutdown()
        thread.join()
        archive.server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicomweb, "sleep", lambda _: None)


def read_all(archive: Archive) -> list[bytes | ScanError]:
    with contextlib.closing(DicomWebStudy(archive.url, STUDY, None)) as study:
        return [_read(source.content) for source in study.sources()]


def _read(content: Callable[[], bytes]) -> bytes | ScanError:
    try:
        return content()
    except ScanError as error:
        return error


def test_objects_come_in_the_order_of_series_and_number_and_are_fetched_once() -> None:
    entries = [
        entry(2, "1.2.3.9", changes={"00200011": 1}),
        entry(10, changes={"00200011": 2}),
        entry(9, changes={"00200011": 2}),
    ]
    with running(as_list(*entries)) as archive, contextlib.closing(DicomWebStudy(archive.url, STUDY, None)) as study:
        sources = list(study.sources())
        assert (
            [source.name for source in sources]
            == list(study.names())
            == [
                "series-001/image-00001.dcm",
                "series-002/image-00001.dcm",
                "series-002/image-00002.dcm",
            ]
        )
        assert [source.content() for source in sources + sources] == [DICOM] * 6
        asked = [path.rpartition("/")[2] for path, _ in archive.questions if "/instances/" in path]
        assert asked == ["1.2.3.9.2", "1.2.3.1.9", "1.2.3.1.10"]


@pytest.mark.parametrize(
    ("credentials", "sent"), [(Bearer("abc"), "Bearer abc"), (Basic("a", "b"), "Basic YTpi"), (None, None)]
)
def test_credentials_are_sent_with_each_question(credentials: Bearer | Basic | None, sent: str | None) -> None:
    with running(as_list(entry(1))) as archive:
        with contextlib.closing(DicomWebStudy(archive.url, STUDY, credentials)) as study:
            assert [source.content() for source in study.sources()] == [DICOM]
        assert [authorization for _, authorization in archive.questions] == [sent] * 2


def test_an_archive_that_is_busy_is_asked_again() -> None:
    with running(as_list(entry(1)), lambda asked: as_object(b"", 503) if asked < 2 else as_object()) as archive:
        assert read_all(archive) == [DICOM]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (as_object(b"", 404), "HTTP status 404"),
        (as_object(b"", 503), "HTTP status 503"),
        (as_object(MULTIPART[:-20]), "holds no DICOM object"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "redirects"),
    ],
)
def test_an_object_that_does_not_come_is_an_error_of_its_own(answer: Answer, words: str) -> None:
    with running(as_list(entry(1), entry(2)), lambda asked: as_object() if asked == 0 else answer) as archive:
        first, second = read_all(archive)
        assert first == DICOM
        assert isinstance(second, ScanError) and words in str(second)
        assert "127.0.0.1" not in str(second) and "1.2.3" not in str(second)


def test_an_object_above_the_limit_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicomweb, "MAX_VOLUME_BYTES", 2**20)
    with running(
        as_list(entry(1), entry(2)), lambda asked: as_object(bytes(2**21)) if asked == 0 else as_object()
    ) as archive:
        first, second = read_all(archive)
        assert isinstance(first, ScanError) and "larger than" in str(first)
        assert second == DICOM


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), "HTTP status 404"),
        ((200, {"Content-Type": "application/dicom+json"}, b"<html>"), "cannot be listed|no DICOMweb list"),
        ((200, {"Content-Type": "application/dicom+json"}, b'{"a": 1}'), "no DICOMweb list"),
        ((200, {"Content-Type": "application/dicom+json"}, b"[1, 2]"), "no DICOMweb list"),
        (as_list(), "holds no images"),
        (as_list(entry(1, changes={"00080018": "../../etc"})), "without valid identifiers"),
        (as_list(entry(1, changes={"00080016": "1.2.840.10008.5.1.4.1.1.88.33"})), "holds no images"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "redirects"),
    ],
)
def test_a_list_that_is_none_is_an_error_in_words(answer: Answer, words: str) -> None:
    with running(answer) as archive, pytest.raises(BrainTumorError, match=words) as error:
        DicomWebStudy(archive.url, STUDY, None)
    assert archive.url not in str(error.value)


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicomweb, "_MAX_LIST_BYTES", 1000)
    with (
        running(as_list(*map(entry, range(1, 100)))) as archive,
        pytest.raises(BrainTumorError, match="cannot be listed"),
    ):
        DicomWebStudy(archive.url, STUDY, None)


def test_an_archive_that_is_gone_is_not_waited_for_at_each_object() -> None:
    with running(as_list(*map(entry, range(1, 50)))) as archive:
        study = DicomWebStudy(archive.url, STUDY, None)
    errors = [_read(source.content) for source in study.sources()]
    study.close()
    assert all(isinstance(error, ScanError) for error in errors)
    assert sum("does not answer" in str(error) for error in errors) == 48


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "own.pem"
    options = "-x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=archive -addext subjectAltName=IP:127.0.0.1".split()
    files: list[str | Path] = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"]
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
    certificate.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "certificate.pem").read_bytes())
    with running(as_list(entry(1)), certificate=certificate) as archive:
        with pytest.raises(BrainTumorError, match="certificate is not trusted"):
            DicomWebStudy(archive.url, STUDY, Bearer("abc"))
        assert archive.questions == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        assert read_all(archive) == [DICOM]
