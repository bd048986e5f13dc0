"""The page in a real browser: starts the server on a free port and Chromium without a window."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.ports import free_port

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, because containers have no user namespaces; the rest keeps Chromium from calling home.
CHROMIUM_SWITCHES = (
    "--no-sandbox --disable-gpu --disable-background-networking --no-first-run --disable-sync "
    "--disable-component-update --disable-quic"
).split()
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A running page."""

    url: str
    process_id: int
    log: Path  # everything the server has written to its terminal


def find_chromium() -> str | None:
    """The path of the Chromium or Chrome on this machine, if any."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@contextlib.contextmanager
def serve_page(
    script: Path = ROOT / "app.py", python: Sequence[str] = ("-m", "streamlit"), address: str | None = "127.0.0.1"
) -> Iterator[Server]:
    """Run the page as a user does, until the block ends.

    Args:
        script: the page.
        python: the interpreter's arguments that run Streamlit.
        address: to listen on; None for Streamlit's own choice, every interface.

    Raises:
        RuntimeError: it does not start.
    """
    port = free_port()
    options = f"--server.port {port} --server.headless true".split()
    if address:
        options += ["--server.address", address]
    # A source file saved meanwhile must not make the page start over.
    options += ["--server.fileWatcherType", "none"]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, *python, "run", str(script), *options],
                cwd=ROOT,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait_until_healthy(url, process, log)
                yield Server(url, process.pid, log)
            finally:
                process.terminate()
                try:
                    process.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health") as reply:  # noqa: S310
            if reply.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the page did not start:\n{log.read_text(errors='replace')}")


@contextlib.contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()
