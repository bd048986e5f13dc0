"""deploy/nginx.conf with a real nginx between real clients and the real page and service."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.factories import png_bytes
from tests.service.forms import Running, running
from tests.waiting import wait_until
from tools.browser import Server, serve_page
from tools.ports import free_port

ROOT = Path(__file__).parents[1]
CONFIGURATION = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
NAME = "mri.example.org"
MIB = 2**20
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nginx() -> str:
    """The program, or a skip with the reason."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if found is None and os.environ.get("BRAIN_TUMOR_REQUIRE_NGINX") != "1":
        pytest.skip("nginx, which the configuration file is for, is not installed")
    assert found is not None, "BRAIN_TUMOR_REQUIRE_NGINX=1, and no nginx on this machine"
    return found


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running(environment={"BRAIN_TUMOR_SERVE__MAX_REQUEST_MIB": "8"}) as started:
        yield started


@pytest.fixture(scope="module")
def page() -> Iterator[Server]:
    with serve_page() as started:
        yield started


class Address:
    """Where nginx listens, and the certificate that it shows."""

    def __init__(self, port: int, plain_port: int, certificate: Path) -> None:
        self.port, self.plain_port = port, plain_port
        self.trust = ssl.create_default_context(cafile=str(certificate))

    def client(self) -> httpx.Client:
        """A client that knows nginx by its name."""
        base = f"https://127.0.0.1:{self.port}"
        extensions = {"sni_hostname": NAME}
        client = httpx.Client(base_url=base, verify=self.trust, timeout=60, trust_env=False, headers={"Host": NAME})
        client.event_hooks = {"request": [lambda request: request.extensions.update(extensions)]}
        return client


@pytest.fixture(scope="module")
def proxy(
    nginx: str, service: Running, page: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Address]]:
    """Starts nginx with a configuration; only its ports and the certificate's place are this computer's."""
    with ExitStack() as stack:

        def start(configuration: str) -> Address:
            return stack.enter_context(_nginx(nginx, configuration, service, page, tmp_path_factory.mktemp("nginx")))

        yield start


@contextmanager
def _nginx(program: str, configuration: str, service: Running, page: Server, folder: Path) -> Iterator[Address]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    names = ["-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*make, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    port, plain_port = free_port(), free_port()
    for there, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        (f"/etc/nginx/{NAME}.crt", str(certificate)),
        (f"/etc/nginx/{NAME}.key", str(key)),
        ("127.0.0.1:8501", page.url.removeprefix("http://")),
        ("127.0.0.1:8000", service.address.removeprefix("http://")),
    ):
        assert configuration.count(there) == 1, there
        configuration = configuration.replace(there, here)
    (folder / "site.conf").write_text(configuration, encoding="utf-8")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {temporary}\ninclude {folder}/site.conf; }}\n",
        encoding="utf-8",
    )
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _listens(port), "nginx does not listen", timeout_s=60)
            yield Address(port, plain_port, certificate)
        finally:
            process.terminate()
            process.wait(60)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def as_shipped(proxy: Callable[[str], Address]) -> Address:
    return proxy(CONFIGURATION)


def test_an_upload_above_1_mb_reaches_the_service(as_shipped: Address) -> None:
    files = [("files", ("a.png", png_bytes())), ("files", ("large.bin", bytes(5 * MIB)))]
    with as_shipped.client() as client:
        answer = client.post("/v1/classify", files=files)
        assert [row["file"] for row in answer.json()["slices"]] == ["a.png", "large.bin"]
        assert client.get("/health/ready").json()["status"] == "ready"
        assert "/v1/classify" in client.get("/docs").text and client.get("/openapi.json").status_code == 200


def test_the_service_itself_says_what_is_too_large(as_shipped: Address) -> None:
    with as_shipped.client() as client:
        answer = client.post("/v1/classify", files={"files": bytes(9 * MIB)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_metrics_stay_on_this_computer(as_shipped: Address, service: Running) -> None:
    assert "brain_tumor_requests" in httpx.get(f"{service.address}/metrics").text
    with as_shipped.client() as client:
        assert "brain_tumor_requests" not in client.get("/metrics").text


def test_an_upload_above_1_mb_reaches_the_page(as_shipped: Address) -> None:
    with as_shipped.client() as client:
        answer = client.put("/_stcore/upload_file/nobody/nothing", files={"file": bytes(2 * MIB)})
    # Streamlit itself knows no such session.
    assert answer.status_code in (400, 401, 403) and "nginx" not in answer.text


def test_the_page_s_websocket_is_upgraded_and_stays_open(as_shipped: Address) -> None:
    with as_shipped.client() as client:
        assert "<title>" in client.get("/").text
    with _stream(as_shipped) as stream:
        assert stream.ping().wait(60)


def test_a_plain_address_leads_to_the_encrypted_one(as_shipped: Address) -> None:
    answer = httpx.get(f"http://127.0.0.1:{as_shipped.plain_port}/v1/model", headers={"Host": NAME})
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{NAME}/v1/model")


def test_a_file_passes_through_while_it_comes(as_shipped: Address, service: Running) -> None:
    """The service sees the beginning before the end was sent, so nginx keeps no image of a patient."""
    go = threading.Event()

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + bytes(MIB)
        go.wait(60)
        yield b"\r\n--b--\r\n"

    def send() -> None:
        with as_shipped.client() as client:
            client.post("/v1/classify", content=body(), headers={"content-type": "multipart/form-data; boundary=b"})

    sending = threading.Thread(target=send)
    sending.start()
    wait_until(lambda: _stored_bytes(service) >= MIB / 2, timeout_s=60)
    go.set()
    sending.join(60)


def _stored_bytes(service: Running) -> float:
    (found,) = re.findall(
        r"^brain_tumor_stored_bytes (\S+)", httpx.get(f"{service.address}/metrics").text, re.MULTILINE
    )
    return float(found)


def test_without_these_lines_nginx_would_refuse_both(proxy: Callable[[str], Address]) -> None:
    """What the tests above would find."""
    lines = CONFIGURATION.splitlines()
    bare = proxy("\n".join(line for line in lines if "client_max_body_size" not in line and "Upgrade" not in line))
    with bare.client() as client:
        assert client.post("/v1/classify", files={"files": bytes(2 * MIB)}).status_code == 413
    with pytest.raises(InvalidStatus), _stream(bare):
        pass


def _stream(address: Address) -> ClientConnection:
    raw = socket.create_connection(("127.0.0.1", address.port), timeout=60)
    origin = Origin(f"https://{NAME}")
    return connect(f"wss://{NAME}/_stcore/stream", sock=raw, ssl=address.trust, server_hostname=NAME, origin=origin)
