"""Takes the pictures of the page in ``docs/images``: ``python -m tools.screenshots``.

Needs Chromium and the development tools; shows the sample images, and variants of them, as the shipped model file
answers them. ``python -m tools.screenshots FOLDER dark`` takes the same of the dark page, to look at.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from nibabel.nifti1 import Nifti1Image
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tools.browser import ROOT, find_chromium, open_browser, serve_page

TARGET = ROOT / "docs" / "images"
SAMPLES = sorted((ROOT / "samples").glob("*.png"))
WIDTHS_PX = (1440, 1024, 390)
HEIGHT_PX = 900
ANSWER_TIMEOUT_MS = 300_000
# Until fonts, images and charts have been drawn.
DRAWING_MS = 4_000
QUALITY = 80


def variants(count: int) -> Iterator[FilePayload]:
    """The samples again and again, each time darker and turned a little further."""
    for number in range(count):
        image = Image.open(SAMPLES[number % 2 if number % 5 else 2]).convert("RGB")
        image = image.rotate(number // 3).point(lambda shade, number=number: round(shade * (1 - number / 100)))
        yield _payload(f"{number + 1:02d}.png", _to_png(image))


def volume() -> FilePayload:
    """A NIfTI volume of the sample with the drawn lesion, smaller toward both ends."""
    image = Image.open(SAMPLES[1]).convert("L").resize((128, 128))
    slices = []
    for number in range(16):
        side_px = round(128 * np.sin(np.pi * (number + 1) / 17))
        slice_ = Image.new("L", (128, 128))
        slice_.paste(image.resize((side_px, side_px)), ((128 - side_px) // 2, (128 - side_px) // 2))
        slices.append(np.asarray(slice_.rotate(-90)))
    voxels = np.stack(slices, -1).astype(np.int16)
    nifti = Nifti1Image(voxels, np.diag([1.5, 1.5, 6.0, 1.0]))  # type: ignore[no-untyped-call]
    return _payload("head.nii", nifti.to_bytes())


def states() -> dict[str, list[FilePayload]]:
    """What is sent for each picture."""
    healthy, lesion, chart = (_payload(path.name, path.read_bytes()) for path in SAMPLES)
    return {
        "empty": [],
        "one": [lesion],
        "five": [healthy, lesion, chart, *variants(2)],
        "forty": list(variants(40)),
        "series": [volume()],
        "rejected": [chart],
        "error": [_payload("report.docx", b"no image")],
    }


def take_screenshots(folder: Path, chromium: str, scheme: Literal["light", "dark"] = "light") -> None:
    """Start the page and take a picture of each state at each width, as it stands when the answers are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with serve_page() as server, open_browser(chromium) as browser:
        page = browser.new_page(color_scheme=scheme)
        page.on("dialog", lambda dialog: dialog.accept())
        for state, files in states().items():
            page.set_viewport_size({"width": WIDTHS_PX[0], "height": HEIGHT_PX})
            page.goto(server.url)
            expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
            if files:
                page.locator("input[type=file]").first.set_input_files(files)
                expect(page.locator(".for-screen-readers").first).to_contain_text("Answered", timeout=ANSWER_TIMEOUT_MS)
            for width_px in WIDTHS_PX:
                take(page, folder / f"page-{state}-{width_px}.webp", width_px)


def take(page: Page, target: Path, width_px: int) -> None:
    """One picture of the window as it stands."""
    page.set_viewport_size({"width": width_px, "height": HEIGHT_PX})
    page.mouse.move(0, 0)
    page.wait_for_timeout(DRAWING_MS)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(target, quality=QUALITY, method=6)


def _payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def _to_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def main() -> None:
    """Take them, or say what is missing."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on this machine; on Debian: apt install chromium")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    take_screenshots(folder, chromium, "dark" if "dark" in sys.argv[2:] else "light")
    for path in sorted(folder.glob("page-*.webp")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
