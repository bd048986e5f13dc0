"""Fixtures that need the shipped network, or a browser."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from brain_tumor.classifier import Classifier
from brain_tumor.model.model_file import DEFAULT_NAME, ModelFile, load_model_file
from tests.factories import png_bytes

if TYPE_CHECKING:  # most tests need neither
    from playwright.sync_api import Browser, Page

    from tools.browser import Server


@pytest.fixture(autouse=True)
def _shipped_model(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests are about the file in this checkout, whatever the person running them uses otherwise.
    monkeypatch.delenv("BRAIN_TUMOR_MODEL", raising=False)


@pytest.fixture
def good_and_bad_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder with an image and a damaged one."""
    monkeypatch.chdir(tmp_path)
    Path("good.png").write_bytes(png_bytes())
    Path("bad.png").write_bytes(png_bytes()[:100])


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Where the shipped network lies."""
    return Path(__file__).parents[1] / DEFAULT_NAME


@pytest.fixture(scope="session")
def model(model_path: Path) -> ModelFile:
    """The shipped network, checked and taken apart."""
    return load_model_file(model_path)


@pytest.fixture(scope="session")
def classifier(model: ModelFile) -> Classifier:
    """The shipped network, ready to answer."""
    return Classifier.from_model_file(model)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium without a window."""
    from playwright.sync_api import expect

    from tests.page_in_browser import ANSWER_TIMEOUT_MS
    from tools.browser import find_chromium, open_browser

    chromium = find_chromium()
    if chromium is None and os.environ.get("BRAIN_TUMOR_REQUIRE_BROWSER") != "1":
        pytest.skip("no Chromium on this machine")
    assert chromium is not None, "BRAIN_TUMOR_REQUIRE_BROWSER=1, and no Chromium on this machine"
    # The five seconds that Playwright waits by itself are too few beside other work.
    expect.set_options(timeout=ANSWER_TIMEOUT_MS)
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(browser: "Browser") -> "Iterator[Server]":
    """The page, as its users start it."""
    from tools.browser import serve_page

    with serve_page() as served:
        yield served


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about, and every request that left this computer."""
    return []


@pytest.fixture
def page(browser: "Browser", server: "Server", complaints: list[str]) -> "Iterator[Page]":
    """The first page in that browser, empty."""
    from playwright.sync_api import expect

    from tests.page_in_browser import new_page

    page = new_page(browser)
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((server.url, "data:", "blob:")) else complaints.append(request.url)
        ),
    )
    page.goto(server.url)
    expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible()
    yield page
    page.close()
