"""What tests of the page in a real browser send and look at; their fixtures are in conftest.py."""

import base64
import csv
import io
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from nibabel.nifti1 import Nifti1Image
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

ANSWER_TIMEOUT_MS = 120_000
DOWNLOAD_TIMEOUT_MS = 30_000


def drawn(name: str, seed: int, side_px: int = 512) -> FilePayload:
    """A grey disc with grain, new with every seed."""
    rows, columns = np.mgrid[:side_px, :side_px] - side_px / 2
    disc = np.where(np.hypot(rows, columns) < side_px / 2.5, 120, 0)
    grain = np.random.default_rng(seed).integers(0, 60, disc.shape)
    stream = io.BytesIO()
    Image.fromarray((disc + grain).astype(np.uint8)).save(stream, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": stream.getvalue()}


def new_page(browser: Browser, **options: Any) -> Page:
    """An empty page in a context of its own, so with a session of its own; it has time beside other work."""
    page = browser.new_page(**options)
    page.set_default_timeout(ANSWER_TIMEOUT_MS)
    return page


def send(page: Page, files: list[FilePayload]) -> None:
    page.locator("input[type=file]").first.set_input_files(files)


def drop(page: Page, files: list[FilePayload]) -> None:
    """Let files fall onto the page, as from a window of the system."""
    contents = [[file["name"], base64.b64encode(file["buffer"]).decode()] for file in files]
    transfer = page.evaluate_handle(
        """contents => {
            const transfer = new DataTransfer()
            for (const [name, content] of contents)
                transfer.items.add(new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name))
            return transfer
        }""",
        contents,
    )
    page.get_by_test_id("stFileUploaderDropzone").first.dispatch_event("drop", {"dataTransfer": transfer})


class HeldUploads:
    """Uploads of a page that arrive only once they are let go."""

    def __init__(self, page: Page, holds: Callable[[int, bytes], bool]) -> None:
        """Hold those back for which this holds, told how many came before and what is sent."""
        self._page, self._holds = page, holds
        self._routes: list[Route] | None = []
        self._numbers = count()
        page.route("**/upload_file/**", self._take)

    def _take(self, route: Route) -> None:
        if self._routes is not None and self._holds(next(self._numbers), route.request.post_data_buffer or b""):
            self._routes.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until one is held back: what the page shows may be ahead of the browser's first request."""
        deadline_s = time.monotonic() + 60
        while not self._routes:
            assert time.monotonic() < deadline_s, "no file was sent"
            self._page.wait_for_timeout(50)

    def let_go(self) -> None:
        """Send what was held back, and hold nothing back any more."""
        self.wait()
        routes, self._routes = self._routes or [], None
        for route in routes:
            route.continue_()


def has_answers(page: Page) -> bool:
    """Whether everything that was sent is answered."""
    return bool(page.locator(".for-screen-readers", has_text="Answered").count())


def expect_answers(page: Page, timeout_ms: int = ANSWER_TIMEOUT_MS) -> None:
    expect(page.locator(".for-screen-readers")).to_contain_text("Answered", timeout=timeout_ms)


def volume() -> FilePayload:
    """A drawn head of 64 x 64 x 12 voxels."""
    x, y, z = np.mgrid[:64, :64, :12] - np.array([32, 32, 6])[:, None, None, None]
    head = np.hypot(np.hypot(x / 24, y / 28), z / 7) < 1
    grain = np.random.default_rng(0).integers(0, 300, head.shape)
    voxels = (head * (800 + grain)).astype(np.int16)
    image = Nifti1Image(voxels, np.diag([2.0, 2.0, 5.0, 1.0]))  # type: ignore[no-untyped-call]
    return {"name": "head.nii", "mimeType": "application/octet-stream", "buffer": image.to_bytes()}


def download(page: Page, button: str) -> Path:
    """The file that a button gives, of those behind "Download" if it does not stand on the page."""
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_MS / 1000
    while True:
        # What is asked for while the page is still being drawn is gone when Streamlit is done with that.
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=ANSWER_TIMEOUT_MS)
        if not page.get_by_role("button", name=button).is_visible():
            page.get_by_role("button", name="Download", exact=True).click(timeout=ANSWER_TIMEOUT_MS)
        with suppress(PlaywrightTimeoutError):
            with page.expect_download(timeout=DOWNLOAD_TIMEOUT_MS) as given:
                page.get_by_role("button", name=button).click(timeout=DOWNLOAD_TIMEOUT_MS)
            if not given.value.failure():
                return given.value.path()
        assert time.monotonic() < deadline_s, f"{button} gives no file"
        page.wait_for_timeout(2000)


def read_answers(page: Page) -> list[tuple[str, list[float]]]:
    """Each file of the page's table, and what the network said of it: probabilities and gate score."""
    rows = csv.DictReader(download(page, "Table as CSV").read_text(encoding="utf-8").splitlines())
    return [
        (row["file"], [float(row[column]) for column in row if column.startswith("p_") or column == "gate_score"])
        for row in rows
    ]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page scrolls sideways; what scrolls is Streamlit's main part, not the document."""
    return bool(page.get_by_test_id("stMain").evaluate("main => main.scrollWidth > main.clientWidth"))


def findings(page: Page) -> list[str]:
    """What axe finds on the page as it stands, but for what it calls minor: two roles of Streamlit's uploader."""
    # A table's cells are drawn on a canvas, and pictures fade in: both must be done before colours are measured.
    page.wait_for_timeout(2000)
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['html'][:200]}"
        for violation in found
        if violation["impact"] != "minor"
        for node in violation["nodes"]
    ]
