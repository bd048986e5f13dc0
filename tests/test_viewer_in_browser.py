"""The viewer of the page's pictures, in a real Chromium."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.page_in_browser import drawn, expect_answers, send, volume

pytestmark = pytest.mark.slow

SERIES_SLICES = 12
SHADE_AT_CENTRE = """canvas => {
    const { width, height } = canvas
    return canvas.getContext("2d").getImageData(Math.floor(width / 2), Math.floor(height / 2), 1, 1).data[0]
}"""


def picture(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def look_closely(page: Page, size: str) -> Locator:
    """Point at the viewer, and wait for the source's own pixels; returns what has the keys."""
    frame = page.locator(".frame")
    frame.hover()
    expect(picture(page)).to_have_attribute("aria-label", re.compile(rf"{size} pixels"))
    return frame


def expect_slice(page: Page, number: int) -> None:
    """The viewer, the page's slider and its words agree on the slice."""
    shown = re.compile(rf"Slice {number} of {SERIES_SLICES}, 64 x 64 pixels")
    expect(picture(page)).to_have_attribute("aria-label", shown)
    expect(page.get_by_text(re.compile(rf"^Slice {number} of {SERIES_SLICES}, at"))).to_be_visible()


def test_wheel_and_keys_go_through_a_series(page: Page, complaints: list[str]) -> None:
    send(page, [volume()])
    expect_answers(page)
    frame = look_closely(page, "64 x 64")
    sides = {side: page.locator(f".side.{side}").inner_text() for side in ("left", "right", "top", "bottom")}
    assert sides == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    below, above = (part.bounding_box() for part in (page.get_by_role("slider", name="Slice"), picture(page)))
    assert below and above and below["y"] > above["y"] + above["height"]
    frame.press("Home")
    expect_slice(page, 1)
    frame.press("ArrowRight")
    frame.press("ArrowDown")
    expect_slice(page, 3)
    page.mouse.wheel(0, 100)
    expect_slice(page, 4)
    page.mouse.wheel(0, -100)
    expect_slice(page, 3)
    frame.press("End")
    expect_slice(page, SERIES_SLICES)
    page.get_by_role("slider", name="Slice").press("ArrowLeft")
    expect_slice(page, SERIES_SLICES - 1)
    assert complaints == []


def test_a_volume_has_a_window_in_its_own_values_and_a_picture_brightness(page: Page, complaints: list[str]) -> None:
    send(page, [volume()])
    expect_answers(page)
    look_closely(page, "64 x 64")
    page.get_by_role("button", name="Brightness and contrast").click()
    level, width = (page.get_by_role("slider", name=f"Window {name}") for name in ("level", "width"))
    # The head's voxels lie between 800 and 1,100.
    assert float(level.get_attribute("max") or 0) > 1000
    width.fill("100")
    level.fill("2000")
    assert picture(page).evaluate(SHADE_AT_CENTRE) == 0
    level.fill("500")
    assert picture(page).evaluate(SHADE_AT_CENTRE) == 255
    page.get_by_role("button", name="As at first").click()
    assert 0 < picture(page).evaluate(SHADE_AT_CENTRE) < 255
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("button", name="Yes, clear all").click()
    expect(page.get_by_role("heading", name="Drop brain MRI here")).to_be_visible()
    send(page, [drawn("a.png", 0)])
    expect_answers(page)
    look_closely(page, "512 x 512")
    before = picture(page).evaluate(SHADE_AT_CENTRE)
    page.get_by_role("button", name="Brightness and contrast").click()
    page.get_by_role("slider", name="Brightness").fill("40")
    assert picture(page).evaluate(SHADE_AT_CENTRE) > before
    assert complaints == []


def fine_lines() -> FilePayload:
    """A picture whose left half is black and white lines of one pixel: grey in any smaller copy."""
    image = Image.new("L", (900, 900), 90)
    image.paste(Image.frombytes("L", (900, 1), bytes([0, 255] * 450)).resize((900, 900), Image.Resampling.NEAREST))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return {"name": "lines.png", "mimeType": "image/png", "buffer": stream.getvalue()}


def test_zoom_shows_single_pixels_of_the_source_and_full_screen_is_full(page: Page) -> None:
    send(page, [fine_lines()])
    expect_answers(page)
    frame = look_closely(page, "900 x 900")
    for _ in range(14):
        frame.press("+")
    row = picture(page).evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 9, canvas.width, 1).data]")
    shades = row[::4]  # red, green, blue, opacity
    assert {min(shades), max(shades)} == {0, 255}
    frame.press("0")
    frame.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    window = page.evaluate("[innerWidth, innerHeight]")
    viewer = page.locator(".viewer").bounding_box()
    assert viewer is not None and [viewer["width"], viewer["height"]] == window
    shown = picture(page).bounding_box()
    assert shown is not None and shown["height"] > 0.8 * window[1]
    frame.press("f")
    page.wait_for_function("document.fullscreenElement === null")
