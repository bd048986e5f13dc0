"""Takes the picture of the page in the README: ``python -m tools.take_screenshot``.

Needs Chromium and the development tools; shows the sample images as the shipped model file answers them.
"""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tools.browser import ROOT, find_chromium, open_browser, serve_page

TARGET = ROOT / "docs" / "images" / "page.png"
WIDTH_PX = 1280
ANSWER_TIMEOUT_MS = 60_000
# Until fonts, images and charts have been drawn.
DRAWING_MS = 3_000
# The end of the last card.
MARGIN_PX = 40


def take_screenshot(target: Path, chromium: str) -> None:
    """Start the page, try the examples, and save the page from its title to the last answer."""
    with serve_page() as server, open_browser(chromium) as browser:
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": 900}, color_scheme="light")
        page.goto(server.url)
        page.get_by_role("button", name="Try the examples").click()
        expect(page.get_by_role("heading", level=3)).to_have_count(3, timeout=ANSWER_TIMEOUT_MS)
        page.mouse.move(0, 0)
        page.wait_for_timeout(DRAWING_MS)
        # Streamlit scrolls inside the page, so a picture of all of it needs a window as high as all of it.
        end_px = page.get_by_role("button", name="Report as PDF").last.evaluate("e => e.getBoundingClientRect().bottom")
        page.set_viewport_size({"width": WIDTH_PX, "height": round(end_px) + MARGIN_PX})
        page.wait_for_timeout(DRAWING_MS)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target, optimize=True)


def main() -> None:
    """Take it, or say what is missing."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on this machine; on Debian: apt install chromium")
    take_screenshot(TARGET, chromium)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
