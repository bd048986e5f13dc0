"""A real Orthanc on this computer, with a configuration, a storage and ports of its own."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dicom_node.certificates import Certificates
from tests.dicom_node.peers import ARCHIVE, LOOPBACK, NODE
from tests.waiting import wait_until
from tools.ports import free_port

USER, PASSWORD = "tester", "not a secret"
# Every series goes to the node, its own results too: archives do that.
ROUTE = """
function OnStableSeries(series, tags, metadata)
  RestApiPost('/modalities/node/store', '{"Resources": ["' .. series .. '"], "Synchronous": false}')
end
"""
# Where Debian's packages orthanc and orthanc-dicomweb put them.
_PROGRAM, _DICOM_WEB = "/usr/sbin/Orthanc", "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


def find_orthanc() -> str:
    """The program; skips where it is absent, unless BRAIN_TUMOR_REQUIRE_ORTHANC is 1."""
    found = shutil.which("Orthanc") or shutil.which(_PROGRAM)
    if found and Path(_DICOM_WEB).exists():
        return found
    if os.environ.get("BRAIN_TUMOR_REQUIRE_ORTHANC") == "1":
        pytest.fail("BRAIN_TUMOR_REQUIRE_ORTHANC=1, and no Orthanc with its DICOMweb plugin on this machine")
    pytest.skip("no Orthanc with its DICOMweb plugin here (Debian: apt install orthanc orthanc-dicomweb)")


class Orthanc:
    """Its REST interface."""

    def __init__(self, http_port: int, dicom_port: int) -> None:
        self.http_port, self.dicom_port = http_port, dicom_port
        self._client = httpx.Client(
            base_url=f"http://{LOOPBACK}:{http_port}", auth=(USER, PASSWORD), timeout=60, trust_env=False
        )

    def get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def post(self, path: str, content: Any) -> Any:
        return self._client.post(path, content=json.dumps(content)).raise_for_status().json()

    def add(self, content: bytes) -> str:
        """Store a DICOM file; gives Orthanc's number of the instance."""
        return str(self._client.post("/instances", content=content).raise_for_status().json()["ID"])

    def is_up(self) -> bool:
        try:
            return self._client.get("/system").status_code == 200
        except httpx.HTTPError:
            return False

    def files_of_study(self, study_uid: str, modality: str) -> list[bytes]:
        """The objects of a modality in a study, as files."""
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid, "Modality": modality}}
        return [self._client.get(f"/instances/{item}/file").content for item in self.post("/tools/find", query)]

    def close(self) -> None:
        self._client.close()


@contextlib.contextmanager
def running_orthanc(
    folder: Path, node_port: int = 1, lua: str = "", certificates: Certificates | None = None
) -> Iterator[Orthanc]:
    """Start it, wait for it, and end it; with certificates, its DICOM connections are encrypted both ways."""
    program = find_orthanc()
    http_port, dicom_port = free_port(), free_port()
    folder.mkdir()
    (folder / "route.lua").write_text(lua)
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "DicomPort": dicom_port,
        "DicomAet": ARCHIVE,
        "DicomCheckCalledAet": True,
        "DicomModalities": {
            "node": {"AET": NODE, "Host": LOOPBACK, "Port": node_port, "UseDicomTls": certificates is not None}
        },
        # Only requests of this computer are answered.
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        # A new answer has the identifiers of the old one and takes its place.
        "OverwriteInstances": True,
        "StableAge": 1,
        "LuaScripts": [str(folder / "route.lua")],
        "Plugins": [_DICOM_WEB],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    if certificates:
        certificate, key = certificates.sign("orthanc")
        configuration |= {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(certificate),
            "DicomTlsPrivateKey": str(key),
            "DicomTlsTrustedCertificates": str(certificates.authority),
        }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    orthanc = Orthanc(http_port, dicom_port)
    try:
        wait_until(lambda: orthanc.is_up() or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text(errors="replace")[-3000:]
        yield orthanc
    finally:
        orthanc.close()
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
