"""The shipped model file and the real page, in a real Chromium."""

import io
import os
import time
import urllib.request
from collections.abc import Iterator

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from tools.browser import ROOT, Server, find_chromium, open_browser, serve_page

pytestmark = pytest.mark.slow

ANSWER_TIMEOUT_MS = 60_000
# Streamlit Community Cloud and small virtual machines give a page about 1 GB.
MAX_SERVER_BYTES = 400 * 10**6
HOSTILE = "<img src=x onerror=alert(1)> **b** $x$.png"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None and os.environ.get("BRAIN_TUMOR_REQUIRE_BROWSER") != "1":
        pytest.skip("no Chromium on this machine")
    assert chromium is not None, "BRAIN_TUMOR_REQUIRE_BROWSER=1, and no Chromium on this machine"
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(browser: Browser) -> Iterator[Server]:
    with serve_page() as served:
        yield served


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about, and every request that left this computer."""
    return []


@pytest.fixture
def page(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Page]:
    page = browser.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((server.url, "data:", "blob:")) else complaints.append(request.url)
        ),
    )
    page.goto(server.url)
    expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
    yield page
    page.close()


def drawn(name: str, seed: int, side_px: int = 512) -> FilePayload:
    """A grey disc with grain, new with every seed."""
    rows, columns = np.mgrid[:side_px, :side_px] - side_px / 2
    disc = np.where(np.hypot(rows, columns) < side_px / 2.5, 120, 0)
    grain = np.random.default_rng(seed).integers(0, 60, disc.shape)
    stream = io.BytesIO()
    Image.fromarray((disc + grain).astype(np.uint8)).save(stream, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": stream.getvalue()}


def send(page: Page, files: list[FilePayload]) -> None:
    page.locator("input[type=file]").first.set_input_files(files)


def test_three_images_get_three_answers_and_a_broken_one_its_message(
    page: Page, server: Server, complaints: list[str]
) -> None:
    samples = sorted((ROOT / "samples").glob("*.png"))
    files: list[FilePayload] = [
        {"name": path.name, "mimeType": "image/png", "buffer": path.read_bytes()} for path in samples
    ]
    send(page, [*files, {"name": HOSTILE, "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.get_by_role("heading", level=3)).to_have_count(3, timeout=ANSWER_TIMEOUT_MS)
    expect(page.get_by_text("is not an image file")).to_be_visible()
    expect(page.locator("[data-testid=stText]", has_text=HOSTILE)).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart] .marks")).to_have_count(3)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert len(download.value.path().read_text(encoding="utf-8").splitlines()) == 1 + 4
    page.get_by_role("tab", name="Table of all results").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert complaints == []
    log = server.log.read_text(errors="replace")
    assert "Traceback" not in log
    assert "onerror" not in log
    assert samples[0].name not in log


def test_the_notice_stays_in_view_while_the_results_scroll_by(page: Page) -> None:
    page.get_by_role("button", name="Try the examples").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(3, timeout=ANSWER_TIMEOUT_MS)
    page.get_by_role("heading", name="About the model").scroll_into_view_if_needed()
    expect(page.get_by_text("Not a medical device")).to_be_in_viewport()


def uploaded_bytes(server: Server) -> float:
    """What the server holds of all uploads; it measures again every five seconds."""
    with urllib.request.urlopen(f"{server.url}/_stcore/metrics") as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if "UploadedFileManager" in line)


def test_clear_all_empties_the_page_and_the_server_s_memory(page: Page, server: Server) -> None:
    image = drawn("a.png", 0)
    send(page, [image])
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
    before = uploaded_bytes(server)
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("heading", name="Results")).to_have_count(0)
    expect(page.get_by_test_id("stFileUploaderFile")).to_have_count(0)
    deadline = time.monotonic() + 30
    while uploaded_bytes(server) > before - len(image["buffer"]):
        assert time.monotonic() < deadline, "the upload is still in the server's memory"
        time.sleep(1)


def test_after_50_images_the_server_stays_below_400_megabytes(page: Page, server: Server) -> None:
    send(page, [drawn(f"{number}.png", number) for number in range(50)])
    expect(page.get_by_role("heading", level=3)).to_have_count(8, timeout=ANSWER_TIMEOUT_MS)
    assert psutil.Process(server.process_id).memory_info().rss < MAX_SERVER_BYTES
