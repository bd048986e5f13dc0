"""Connections under TLS, with certificates of an authority made here."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.configuration import to_settings
from brain_tumor.dicom_node.encryption import to_client_context, to_server_context
from brain_tumor.dicom_node.settings import SECTION, ArchiveTls, Destination, NodeSettings, NodeTls
from brain_tumor.errors import ConfigurationError
from tests.dicom_node.certificates import Certificates
from tests.dicom_node.peers import (
    ARCHIVE,
    LOOPBACK,
    NODE,
    SCANNER,
    Archive,
    connected,
    make_image,
    make_settings,
    run_node,
    store,
)
from tests.dicom_node.test_settings import EXAMPLE
from tests.waiting import wait_until

# An active environment stands first in PATH, and pynetdicom installs programs of the same names there.
_ELSEWHERE = os.pathsep.join(
    folder for folder in os.get_exec_path() if Path(folder).resolve() != Path(sys.executable).parent.resolve()
)
STORESCU, STORESCP = (shutil.which(name, path=_ELSEWHERE) for name in ("storescu", "storescp"))

pytestmark = [
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes the certificates, is not installed"),
    # pynetdicom leaves a socket whose other end has gone to be closed by Python.
    pytest.mark.filterwarnings("ignore:unclosed <:ResourceWarning"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def encrypted(folder: Path, of: Certificates, archive_port: int = 1, **archive: Any) -> NodeSettings:
    """A node that encrypts both ways and knows one authority."""
    certificate, key = of.sign("node")
    tls = ArchiveTls(**{"authority": of.authority, "certificate": certificate, "key": key, **archive})
    destination = Destination(ARCHIVE, LOOPBACK, archive_port, tls)
    return make_settings(folder, tls=NodeTls(certificate, key, of.authority), destination=destination)


def as_archive(of: Certificates, **names: str) -> ssl.SSLContext:
    """That asks for the node's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=of.authority)
    context.load_cert_chain(*of.sign("archive", **names))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def as_scanner(of: Certificates) -> tuple[ssl.SSLContext, str]:
    context = ssl.create_default_context(cafile=of.authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(*of.sign("scanner"))
    return context, LOOPBACK


def test_images_and_results_travel_encrypted(tmp_path: Path, certificates: Certificates, archive_port: int) -> None:
    settings = encrypted(tmp_path / "queue", certificates, archive_port)
    with Archive().listening(archive_port, as_archive(certificates)) as archive, run_node(settings) as node:
        images = [make_image(number) for number in (1, 2, 3)]
        assert store(node.port, *images, tls_args=as_scanner(certificates)) == [0, 0, 0]
        wait_until(lambda: archive.received)
    assert (len(archive.instances), archive.received[0].Rows) == (1, 3)
    assert not node.events("tls_failed")


@pytest.mark.skipif(not (STORESCU and STORESCP), reason="dcmtk is not installed")
def test_dcmtk_sends_and_receives_encrypted(tmp_path: Path, certificates: Certificates, archive_port: int) -> None:
    settings = encrypted(tmp_path / "queue", certificates, archive_port)
    (tmp_path / "received").mkdir()
    make_image().save_as(tmp_path / "image.dcm", enforce_file_format=True)

    def tls(name: str) -> list[str]:
        certificate, key = certificates.sign(name)
        return ["+tls", str(key), str(certificate), "+cf", str(certificates.authority)]

    receive = [str(STORESCP), *tls("archive"), "-aet", ARCHIVE, "-od", str(tmp_path / "received"), str(archive_port)]
    with run_node(settings) as node, subprocess.Popen(receive) as archive:
        try:
            send = [str(STORESCU), *tls("scanner"), "-aet", SCANNER, "-aec", NODE, LOOPBACK, str(node.port)]
            subprocess.run([*send, str(tmp_path / "image.dcm")], check=True, timeout=60)
            wait_until(lambda: node.events("result_sent"))
        finally:
            archive.terminate()
    assert len(list((tmp_path / "received").iterdir())) == 1


@pytest.mark.parametrize("kind", ["plain", "without a certificate"])
def test_senders_that_do_not_prove_themselves_are_not_heard(
    tmp_path: Path, certificates: Certificates, kind: str
) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with run_node(encrypted(tmp_path / "queue", certificates)) as node:
        options: dict[str, Any] = {} if kind == "plain" else {"tls_args": (context, LOOPBACK)}
        with connected(node.port, **options) as association:
            assert not association.is_established
        wait_until(lambda: node.events("tls_failed"))
    (event,) = node.events("tls_failed")
    assert (event["peer"], event["address"]) == ("sender", LOOPBACK)
    assert not node.events("image_received")


@pytest.mark.parametrize(
    ("archive", "name", "reason"),
    [
        ({"authority": None}, f"IP:{LOOPBACK}", "certificate"),
        ({}, "DNS:elsewhere.example", "IP address mismatch"),
        ({"name": "pacs.example"}, f"IP:{LOOPBACK}", "Hostname mismatch"),
        ({"certificate": None, "key": None}, f"IP:{LOOPBACK}", None),
    ],
)
def test_an_archive_that_is_not_the_right_one_gets_nothing(
    tmp_path: Path,
    certificates: Certificates,
    archive_port: int,
    archive: dict[str, Any],
    name: str,
    reason: str | None,
) -> None:
    settings = encrypted(tmp_path / "queue", certificates, archive_port, **archive)
    context = as_archive(certificates, valid_for=name)
    with Archive().listening(archive_port, context) as wrong, run_node(settings) as node:
        assert store(node.port, make_image(), tls_args=as_scanner(certificates)) == [0]
        wait_until(lambda: node.events("sending_failed"))
        assert len(node.store.waiting_results()) == 1
    assert not wrong.received
    if reason:
        assert reason in node.events("tls_failed")[0]["reason"]


def test_a_name_in_the_archive_s_certificate_may_differ_from_its_address(
    tmp_path: Path, certificates: Certificates, archive_port: int
) -> None:
    settings = encrypted(tmp_path / "queue", certificates, archive_port, name="pacs.example")
    context = as_archive(certificates, valid_for="DNS:pacs.example")
    with Archive().listening(archive_port, context) as archive, run_node(settings) as node:
        store(node.port, make_image(), tls_args=as_scanner(certificates))
        wait_until(lambda: archive.received)


def test_a_sender_that_never_ends_its_handshake_keeps_no_other_out(tmp_path: Path, certificates: Certificates) -> None:
    with run_node(encrypted(tmp_path / "queue", certificates)) as node:
        silent = [socket.create_connection((LOOPBACK, node.port)) for _ in range(3)]
        assert store(node.port, make_image(), tls_args=as_scanner(certificates)) == [0]
        for connection in silent:
            connection.close()


def test_handshakes_cannot_be_opened_without_end(tmp_path: Path, certificates: Certificates) -> None:
    settings = replace(encrypted(tmp_path / "queue", certificates), network_timeout_s=60)
    with run_node(settings) as node:
        many = [socket.create_connection((LOOPBACK, node.port), timeout=20) for _ in range(40)]
        assert many[-1].recv(1) == b""  # closed at once
        many[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            many[0].recv(1)
        for connection in many:
            connection.close()


def test_the_node_stops_though_a_handshake_is_under_way(tmp_path: Path, certificates: Certificates) -> None:
    settings = encrypted(tmp_path / "queue", certificates)
    settings = replace(settings, network_timeout_s=60)
    with run_node(settings) as node, socket.create_connection((LOOPBACK, node.port), timeout=20) as silent:
        with connected(node.port, tls_args=as_scanner(certificates)):
            pass  # who came before it was let in before it
        node.node.stop()
        assert silent.recv(1) == b""


def test_older_protocols_are_refused(certificates: Certificates) -> None:
    for context in (
        to_server_context(NodeTls(*certificates.sign("node"))),
        to_client_context(ArchiveTls(), lambda _: None),
    ):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_files_are_named_in_the_configuration() -> None:
    import tomllib

    tables = tomllib.loads(
        EXAMPLE.replace(
            "[[dicom-node.senders]]", '[dicom-node.destination.tls]\nname = "pacs"\n\n[[dicom-node.senders]]'
        )
        + '\n[dicom-node.tls]\ncertificate = "node.crt"\nkey = "node.key"\n'
    )
    found = to_settings(NodeSettings, SECTION, tables, {})
    assert found.tls == NodeTls(Path("node.crt"), Path("node.key"))
    assert found.destination.tls == ArchiveTls(name="pacs")


def test_files_that_cannot_be_used_are_errors_that_name_them(certificates: Certificates, tmp_path: Path) -> None:
    certificate, key = certificates.sign("node")
    other = certificates.sign("other")[1]
    missing = tmp_path / "missing.pem"
    for tls, words in (
        (NodeTls(missing, key), r"dicom-node\.tls\.certificate: .*missing\.pem cannot be read"),
        (NodeTls(certificate, missing), r"dicom-node\.tls\.key: .*missing\.pem cannot be read"),
        (NodeTls(certificate, other), "cannot be used together .KEY_VALUES_MISMATCH"),
        (NodeTls(certificate, certificates.lock(key)), "the key has a password"),
        (NodeTls(certificate, key, key), r"tls\.authority: .*node\.key holds no certificate"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            to_server_context(tls)
    with pytest.raises(ConfigurationError, match="go together"):
        ArchiveTls(certificate=certificate)
