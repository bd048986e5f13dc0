"""The shipped model file and the real page, in a real Chromium."""

import gzip
import io
import re
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
import pytest
from nibabel.nifti1 import Nifti1Image
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from brain_tumor.classifier import Classifier
from brain_tumor.model.model_file import DEFAULT_NAME
from tests.hostile.test_bad_files import BAD_FILES, LIGHT
from tests.page_in_browser import (
    ANSWER_TIMEOUT_MS,
    HeldUploads,
    download,
    drawn,
    drop,
    expect_answers,
    findings,
    has_answers,
    is_wider_than_its_window,
    new_page,
    read_answers,
    send,
    volume,
)
from tests.waiting import wait_until
from tests.watched import SERVER
from tools.browser import ROOT, Server, serve_page

pytestmark = pytest.mark.slow

# Streamlit Community Cloud and small virtual machines give a page about 1 GB.
MAX_SERVER_BYTES = 700 * 10**6
# Less than small hosts give a server, 1 GB.
MAX_BOMB_BYTES = 900 * 10**6
# Below the test's own limit, so that its failure can tell who waits.
BOMBS_TIMEOUT_S = 800
IMAGES_BEFORE = 2
SESSIONS = 20
# One for each reader and way of packing, about the largest that is taken; tests/hostile reads all that there are.
BOMBS = set(
    "5000-x-5000-deep-rgba.png text-bomb.png 5000-x-5000.jpg 5000-x-5000.tif deflate-bomb.tif run-lengths-bomb.bmp "
    "5000-x-5000.nii.gz zeros-bomb.gz bomb.nrrd jpeg-larger-than-it-says.dcm deflate-bomb-below-the-limit.dcm "
    "deflated-5000-x-5000.dcm large-jpeg.dcm volume-bomb.zip dicom-bomb.zip lzma-of-a-large-window.zip "
    "bombs-in-an-archive.zip announces-800-megabytes.nii.gz".split()
)
CHART = "3-colour-chart-no-scan.png"
HOSTILE = "<img src=x onerror=alert(1)> **b** $x$.png"


def test_three_images_get_three_answers_and_a_broken_one_its_message(
    page: Page, server: Server, complaints: list[str]
) -> None:
    samples = sorted((ROOT / "samples").glob("*.png"))
    files: list[FilePayload] = [
        {"name": path.name, "mimeType": "image/png", "buffer": path.read_bytes()} for path in samples
    ]
    send(page, [*files, {"name": HOSTILE, "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    expect(page.get_by_text("is not an image file")).to_be_visible()
    expect(page.locator("[data-testid=stText]", has_text=HOSTILE)).to_be_visible()
    # Of a rejected picture the chart stands behind a line.
    expect(page.locator("[data-testid=stVegaLiteChart] .marks:visible")).to_have_count(2)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert len(download(page, "Table as CSV").read_text(encoding="utf-8").splitlines()) == 1 + 4
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert complaints == []
    log = server.log.read_text(errors="replace")
    assert "Traceback" not in log
    assert "onerror" not in log
    assert samples[0].name not in log


def test_the_notice_stays_in_view_while_the_results_scroll_by(page: Page) -> None:
    page.get_by_role("button", name="Try the examples").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    page.get_by_role("button", name="Report as PDF").last.scroll_into_view_if_needed()
    expect(page.get_by_text("Not a medical device")).to_be_in_viewport()


def uploaded_bytes(server: Server) -> float:
    """What the server holds of all uploads; it measures again every five seconds."""
    with urllib.request.urlopen(f"{server.url}/_stcore/metrics") as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if "UploadedFileManager" in line)


def test_clear_all_empties_the_page_and_the_server_s_memory(page: Page, server: Server) -> None:
    send(page, [drawn("a.png", 0)])
    expect_answers(page)
    expect(page.get_by_test_id("stFileUploaderFile")).to_have_count(0)
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    expect(page.get_by_role("heading", level=3)).to_have_count(1)
    page.get_by_role("button", name="Yes, clear all").click()
    expect(page.get_by_role("heading", name="Drop brain MRI here")).to_be_visible()
    wait_until(lambda: not uploaded_bytes(server), "the upload is still in the server's memory")


def test_what_is_sent_while_files_are_opened_is_answered_too(page: Page) -> None:
    # A few hundred kilobytes that take a second or two to unpack.
    image = Nifti1Image(np.zeros((600, 600, 1000), np.uint8), np.eye(4))  # type: ignore[no-untyped-call]
    volume = gzip.compress(image.to_bytes(), 1)
    send(page, [{"name": "large.nii.gz", "mimeType": "application/gzip", "buffer": volume}])
    stop = page.get_by_role("button", name="Stop classifying")
    # On a busy machine the page may be drawn only when they are open; a thousand slices are left then.
    expect(page.get_by_text("Opening the files").or_(stop).first).to_be_visible()
    send(page, [drawn("meanwhile.png", 0)])
    stop.click()
    expect(page.get_by_test_id("stText").get_by_text("large.nii.gz", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("stText").get_by_text("meanwhile.png", exact=True)).to_be_visible()
    expect_answers(page)


@pytest.mark.parametrize("pause_ms", [0, 80, 300, 1000])
def test_no_file_is_lost_whatever_the_rhythm(page: Page, tmp_path: Path, pause_ms: int) -> None:
    sent: set[str] = set()
    for batch in range(4):
        names = [f"{batch}-{number}.png" for number in range(1 + 3 * batch)]
        send(page, [drawn(name, batch, side_px=64) for name in names])
        folder = tmp_path / f"folder-{batch}"
        folder.mkdir()
        for number in range(2):
            file = drawn(f"{number}.png", batch, side_px=64)
            (folder / file["name"]).write_bytes(file["buffer"])
        page.locator("input[webkitdirectory]").set_input_files(folder)
        sent |= {*names, *(f"{folder.name}/{number}.png" for number in range(2))}
        page.wait_for_timeout(pause_ms)
    expect(page.locator(".for-screen-readers")).to_contain_text(f"{len(sent)} in all", timeout=2 * ANSWER_TIMEOUT_MS)
    assert {name for name, _ in read_answers(page)} == sent


def test_what_shows_how_far_the_work_is_has_loaded_before_files_are_sent(page: Page) -> None:
    """On a slow line the bar came a quarter of a minute after the button: its script waited behind the files."""
    ahead = page.locator(".st-key-ahead")
    expect(ahead.get_by_test_id("stProgress")).to_have_count(1)
    expect(ahead.get_by_test_id("stSelectbox")).to_have_count(1)
    expect(ahead).to_be_hidden()


def test_pictures_are_answered_while_others_of_their_batch_are_on_their_way(page: Page) -> None:
    held = HeldUploads(page, lambda number, _: number == 0)
    send(page, [drawn(f"{number}.png", number, side_px=64) for number in range(3)])
    expect(page.get_by_text("2 of 3 files have arrived")).to_be_visible()
    expect(page.get_by_role("heading", level=3)).to_have_count(2)
    expect(page.locator(".for-screen-readers").first).not_to_contain_text("Answered")
    held.let_go()
    expect(page.locator(".for-screen-readers").first).to_contain_text("3 in all")
    assert [name for name, _ in read_answers(page)] == ["0.png", "1.png", "2.png"]  # as they were chosen


def test_of_many_pictures_the_first_are_sent_and_answered_before_the_rest(page: Page, tmp_path: Path) -> None:
    names = [*(f"{number:02}.png" for number in range(30)), "deeper/a.png"]
    for name in [*names, ".hidden.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(drawn(name, 0, side_px=64)["buffer"])
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    held = HeldUploads(page, lambda number, _: number >= 8)
    page.locator("input[webkitdirectory]").set_input_files(tmp_path)
    expect(page.locator("[class*=st-key-tile-]")).to_have_count(8)
    held.wait()
    expect(page.locator(".for-screen-readers")).not_to_contain_text("Answered")
    held.let_go()
    expect(page.locator(".for-screen-readers")).to_contain_text("31 in all")
    assert [name for name, _ in read_answers(page)] == [f"{tmp_path.name}/{name}" for name in names]


def test_what_is_chosen_while_the_rest_of_many_waits_is_of_the_same_batch(page: Page) -> None:
    held = HeldUploads(page, lambda number, _: number == 0)
    drop(page, [drawn(f"{number:02}.png", number, side_px=64) for number in range(30)])
    send(page, [drawn("later.png", 0, side_px=64)])
    held.wait()
    expect(page.get_by_text("of 31 files have arrived")).to_be_visible()
    held.let_go()
    expect(page.locator(".for-screen-readers")).to_contain_text("31 in all")
    names = [name for name, _ in read_answers(page)]
    assert names == [*(f"{number:02}.png" for number in range(30)), "later.png"]
    # The next batch is one of its own, and stands before it.
    send(page, [drawn("next.png", 1, side_px=64)])
    expect(page.locator(".for-screen-readers")).to_contain_text("32 in all")
    assert read_answers(page)[0][0] == "next.png"


def look_at(page: Page, title: str) -> None:
    """Go to another page."""
    page.get_by_role("link", name=title).click()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_role("link", name=title)).to_have_attribute("aria-current", "page")


def test_what_is_cleared_while_it_is_on_its_way_never_comes_back(page: Page, server: Server) -> None:
    held = HeldUploads(page, lambda number, _: number >= 8)
    send(page, [drawn(f"{number:02}.png", number, side_px=64) for number in range(30)])
    held.wait()
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("button", name="Yes, clear all").click()
    expect(page.get_by_role("heading", name="Drop brain MRI here")).to_be_visible()
    held.let_go()
    page.wait_for_timeout(3000)
    send(page, [drawn("next.png", 1, side_px=64)])
    expect_answers(page)
    assert [name for name, _ in read_answers(page)] == ["next.png"]
    wait_until(lambda: not uploaded_bytes(server), "what was cleared is still in the server's memory")


def test_what_is_on_its_way_to_another_page_is_not_answered_on_this_one(page: Page) -> None:
    look_at(page, "Compare two models")
    held = HeldUploads(page, lambda *_: True)
    page.locator("input[type=file]").last.set_input_files([drawn("compared.png", 0, side_px=64)])
    held.wait()
    look_at(page, "Classify")
    held.let_go()
    page.wait_for_timeout(8000)  # longer than the page waits before it asks
    send(page, [drawn("mine.png", 1, side_px=64)])
    expect_answers(page)
    assert [name for name, _ in read_answers(page)] == ["mine.png"]


def test_what_is_sent_before_one_leaves_an_empty_page_is_answered_too(page: Page) -> None:
    held = HeldUploads(page, lambda *_: True)
    send(page, [volume()])
    held.wait()
    look_at(page, "About the model")
    look_at(page, "Classify")
    held.let_go()
    expect_answers(page)
    assert len(read_answers(page)) == 12


def test_what_is_still_on_its_way_when_one_leaves_the_page_is_answered_and_the_batch_ends(page: Page) -> None:
    late = (b"0.png", volume()["name"].encode())
    held = HeldUploads(page, lambda _, sent: any(name in sent for name in late))
    send(page, [volume(), *(drawn(f"{number}.png", number, side_px=64) for number in range(3))])
    expect(page.get_by_role("heading", level=3)).to_have_count(2)
    look_at(page, "About the model")
    look_at(page, "Classify")
    expect(page.get_by_role("heading", level=3)).to_have_count(2)
    held.let_go()
    expect_answers(page)
    names = [name for name, _ in read_answers(page)]
    assert names == [*[volume()["name"]] * 12, "0.png", "1.png", "2.png"]  # as they were chosen
    expect(page.get_by_role("button", name="Stop classifying")).to_have_count(0)


def test_files_and_a_folder_in_one_batch_keep_their_orders(page: Page, tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "deeper/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(drawn(name, 0, side_px=64)["buffer"])
    held = HeldUploads(page, lambda number, _: number == 0)
    names = [f"{number:02}.png" for number in reversed(range(30))]
    send(page, [drawn(name, 0, side_px=64) for name in names])
    held.wait()
    page.locator("input[webkitdirectory]").set_input_files(tmp_path)
    held.let_go()
    expect(page.locator(".for-screen-readers")).to_contain_text("33 in all")
    expected = [*names, *(f"{tmp_path.name}/{name}" for name in ("a.png", "b.png", "deeper/a.png"))]
    assert [name for name, _ in read_answers(page)] == expected


def test_one_can_stop_while_more_files_are_on_their_way(page: Page) -> None:
    """The button was gone while all was answered that had arrived."""
    held = HeldUploads(page, lambda number, _: number >= 8)
    send(page, [drawn(f"{number:02}.png", number, side_px=64) for number in range(30)])
    expect(page.locator("[class*=st-key-tile-]")).to_have_count(8)
    expect(page.get_by_text("8 of 8 slices, more are on their way")).to_be_visible()
    page.get_by_role("button", name="Stop classifying").click()
    expect(page.get_by_text("Stopped: more files are on their way.")).to_be_visible()
    held.let_go()
    expect(page.get_by_text("Stopped: 22 slices are not answered yet.")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".for-screen-readers")).to_contain_text("30 in all")


def test_many_pictures_are_one_batch_also_after_a_look_at_another_page(page: Page) -> None:
    send(page, [drawn(f"first-{number}.png", number, side_px=64) for number in range(3)])
    expect(page.locator(".for-screen-readers")).to_contain_text("3 in all")
    look_at(page, "About the model")
    look_at(page, "Classify")
    expect(page.locator("[class*=st-key-item-]").first).to_be_visible()
    send(page, [drawn(f"second-{number:02}.png", number, side_px=64) for number in range(30)])
    expect(page.locator(".for-screen-readers")).to_contain_text("33 in all")
    send(page, [drawn("last.png", 0, side_px=64)])
    expect(page.locator(".for-screen-readers")).to_contain_text("34 in all")
    names = [name for name, _ in read_answers(page)]
    assert names[:2] == ["last.png", "second-00.png"]  # a batch of its own, before the one before
    assert len(set(names)) == 34


def test_many_pictures_stay_one_batch_although_a_busy_server_keeps_the_rest_waiting(page: Page) -> None:
    """The rest counted as a batch of its own, and stood before the first ones."""
    expect(page.locator(".sending")).to_have_count(1)  # from here on the first of many are sent before the rest
    page.evaluate("""() => {
        const send = WebSocket.prototype.send
        WebSocket.prototype.send = function (data) {
            // The browser asks where to send the files, and names them.
            const isLate = !window.wasLate && new TextDecoder().decode(data).includes("29.png")
            if (isLate) window.wasLate = true
            setTimeout(() => send.call(this, data), isLate ? 8000 : 0)
        }
    }""")
    names = [f"{number:02}.png" for number in range(30)]
    send(page, [drawn(name, number, side_px=64) for number, name in enumerate(names)])
    expect(page.locator(".for-screen-readers")).to_contain_text("30 in all")
    assert page.evaluate("window.wasLate")
    assert [name for name, _ in read_answers(page)] == names


def test_files_are_answered_although_the_news_of_them_was_lost(page: Page) -> None:
    page.evaluate("""() => {
        const send = WebSocket.prototype.send
        WebSocket.prototype.send = function (data) { if (!window.isDown) send.call(this, data) }
    }""")
    held = HeldUploads(page, lambda *_: True)
    send(page, [volume()])
    expect(page.get_by_text("0 of 1 files have arrived")).to_be_visible()
    held.wait()
    page.evaluate("window.isDown = true")
    held.let_go()
    expect(page.get_by_text("0 of 1 files have arrived")).to_have_count(0)
    page.wait_for_timeout(1000)
    page.evaluate("window.isDown = false")
    expect_answers(page)
    assert len(read_answers(page)) == 12


def test_a_volume_that_comes_after_pictures_of_its_batch_is_answered_too(page: Page) -> None:
    held = HeldUploads(page, lambda _, sent: volume()["name"].encode() in sent)
    send(page, [volume(), *(drawn(f"{number}.png", number, side_px=64) for number in range(2))])
    expect(page.get_by_role("heading", level=3)).to_have_count(2)
    held.let_go()
    expect_answers(page)
    assert len(read_answers(page)) == 12 + 2
    expect(page.get_by_test_id("stException")).to_have_count(0)


def photographed(name: str, seed: int) -> FilePayload:
    """As drawn(), a JPEG of some 40 KB."""
    image = Image.open(io.BytesIO(drawn(name, seed)["buffer"]))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=60)
    return {"name": name, "mimeType": "image/jpeg", "buffer": stream.getvalue()}


@pytest.mark.timeout(900)
def test_after_500_images_in_one_go_the_server_stays_below_700_megabytes(
    page: Page, server: Server, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(500)]
    for number, file in enumerate(files):
        file.write_bytes(photographed(file.name, number)["buffer"])
    assert 30_000 < files[0].stat().st_size < 60_000
    process, peak, first_s = psutil.Process(server.process_id), 0, 0.0
    began_s = time.monotonic()
    page.locator("input[type=file]").first.set_input_files(files)  # from the disk, as a person gives them
    deadline = time.monotonic() + 800
    while not has_answers(page):
        assert time.monotonic() < deadline
        peak = max(peak, process.memory_info().rss)
        page.wait_for_timeout(500)
        if not first_s and page.locator("[class*=st-key-tile-], [class*=st-key-item-] h3").count():
            first_s = time.monotonic() - began_s
    expect(page.locator("[class*=st-key-tile-]")).to_have_count(24)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    peak = max(peak, process.memory_info().rss)
    print(f"first answer after {first_s:.1f} s, peak {peak / 10**6:.0f} MB")
    assert peak < MAX_SERVER_BYTES
    assert uploaded_bytes(server) == 0


def describe_waiting(waiting: Mapping[int, Page], server: Server) -> str:
    """What the pages without all answers show, and the end of the server's log."""
    shown = [f"visitor {number} waits, the page shows:\n{page.inner_text('body')}" for number, page in waiting.items()]
    return "\n\n".join([*shown, f"the server's log:\n{server.log.read_text(errors='replace')[-5000:]}"])


@pytest.mark.timeout(900)
def test_bombs_of_three_visitors_leave_the_server_to_the_fourth(
    browser: Browser, server: Server, classifier: Classifier
) -> None:
    bombs = [bad for bad in BAD_FILES if bad.name in BOMBS]
    assert {bad.name for bad in bombs} == BOMBS and not {bad.name for bad in LIGHT} & BOMBS
    payloads: list[FilePayload] = [
        {"name": bad.name, "mimeType": "application/octet-stream", "buffer": bad.build()} for bad in bombs
    ]
    visitors = [new_page(browser) for _ in range(4)]
    for page in visitors:
        page.goto(server.url)
        expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible()
    process = psutil.Process(server.process_id)
    peak = 0
    for page, files in zip(visitors, (payloads[0::3], payloads[1::3], payloads[2::3]), strict=False):
        send(page, files)
    honest = visitors[-1]
    send(honest, [drawn("honest.png", 1)])
    waiting, deadline = dict(enumerate(visitors)), time.monotonic() + BOMBS_TIMEOUT_S
    while waiting:
        assert time.monotonic() < deadline, describe_waiting(waiting, server)
        peak = max(peak, process.memory_info().rss)
        waiting = {number: page for number, page in waiting.items() if not has_answers(page)}
        honest.wait_for_timeout(200)
    print(f"peak {peak / 10**6:.0f} MB")
    assert peak < MAX_BOMB_BYTES
    ((name, found),) = read_answers(honest)
    output = classifier.classify(drawn("honest.png", 1)["buffer"], "honest.png").output
    assert name == "honest.png"
    assert found == pytest.approx([*output.probabilities.tolist(), float(output.gate_scores[0])], abs=1e-5)
    for page in visitors:
        page.close()


def click_until(page: Page, button: str, condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline_s, f"{button} has no effect"
        with suppress(PlaywrightTimeoutError):
            page.get_by_role("button", name=button).click(timeout=2000)
        page.wait_for_timeout(3000)


def test_stop_ends_the_work_between_two_images_and_continue_goes_on(page: Page) -> None:
    # So many that the work goes on when all have arrived; the first eight are answered in a moment.
    send(page, [drawn(f"{number}.png", number) for number in range(120)])
    expect(page.get_by_text(re.compile(r"Classifying: \d+ of ([2-9]\d|1\d\d) slices"))).to_be_visible()
    stopped = page.get_by_text("slices are not answered yet")
    # Beside much other work one click in some dozen has no effect while files arrive; why is not known.
    click_until(page, "Stop classifying", lambda: stopped.count() > 0)
    expect(page.locator("[class*=st-key-tile-]").first).to_be_visible()
    click_until(page, "Continue", lambda: not stopped.count())
    expect(page.get_by_role("button", name="Stop classifying")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_an_unexpected_error_is_a_plain_sentence_in_the_browser(browser: Browser, tmp_path: Path) -> None:
    script = tmp_path / "failing.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport app\n"
        "def fail():\n    raise RuntimeError('Quetzal_Tagname in /srv/scans')\n"
        "app.classify.show = fail\napp.main()\n"
    )
    with serve_page(script) as served:
        page = new_page(browser)
        received: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(to_bytes(frame))))
        page.goto(served.url)
        expect(page.get_by_test_id("stException")).to_be_visible()
        shown = page.get_by_test_id("stException").inner_text()
        page.close()
        assert "Quetzal_Tagname" in served.log.read_text(), "the operator of the server must find the reason in its log"
    everything_sent = shown.encode() + b"".join(received)
    assert received and "error" in shown
    assert [word for word in (b"Quetzal", b"/srv", b"RuntimeError", b"Traceback") if word in everything_sent] == []


def test_the_server_itself_asks_no_other_computer(browser: Browser, tmp_path: Path) -> None:
    # Without --server.address, as a host starts it: there Streamlit would ask what address the server has.
    record = tmp_path / "asked"
    with serve_page(python=("-c", SERVER, str(record)), address=None) as served:
        page = new_page(browser)
        page.goto(served.url)
        page.get_by_role("button", name="Try the examples").click()
        expect(page.get_by_role("heading", level=3)).to_have_count(3)
        page.close()
        assert "External URL" not in served.log.read_text()
    assert record.exists() and record.read_text() == ""


def to_bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


@pytest.mark.timeout(900)
def test_20_sessions_at_once_each_get_their_own_answer(
    browser: Browser, server: Server, classifier: Classifier
) -> None:
    files = [drawn(f"visitor-{number}.png", number, side_px=64 + 16 * number) for number in range(SESSIONS)]
    outputs = [classifier.classify(file["buffer"], file["name"]).output for file in files]
    own = [np.append(output.probabilities, output.gate_scores[:1]) for output in outputs]
    # Far more than rounding: no answer passes for another one's.
    assert min(np.abs(answer - other).max() for index, answer in enumerate(own) for other in own[:index]) > 1e-3
    # A visitor's own image comes last, so that all of them are still at work when the last one sends.
    before = [drawn(f"{number}.png", 100 + number, side_px=64) for number in range(IMAGES_BEFORE)]
    visitors = [new_page(browser) for _ in files]  # each in a context of its own, so with a session of its own
    for page in visitors:
        page.goto(server.url)
    for page in visitors:
        expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible()
    for page, file in zip(visitors, files, strict=True):
        send(page, [*before, file])
    assert sum(not has_answers(page) for page in visitors) > 1
    for page in visitors:
        expect_answers(page, 8 * ANSWER_TIMEOUT_MS)
    for page, file, wanted in zip(visitors, files, own, strict=True):
        # Pictures are answered as they arrive, so their order is the network's.
        found = dict(read_answers(page))
        assert found.keys() == {file["name"], *(other["name"] for other in before)}
        assert found[file["name"]] == pytest.approx(wanted.tolist(), abs=1e-5)
    for page in visitors:
        page.close()


def test_a_volume_gets_a_series_answer_slices_and_another_plane(page: Page, complaints: list[str]) -> None:
    send(page, [volume()])
    expect(page.get_by_role("heading", name="Series:")).to_be_visible()
    expect(page.get_by_text("Series of 12 slices")).to_be_visible()
    planes = page.get_by_role("radiogroup", name="Plane")
    expect(planes).to_have_count(1)  # while the page is drawn again the one before may still be there
    planes.get_by_text("Coronal").click()
    expect(page.get_by_text("Series of 64 slices, coronal")).to_be_visible()
    expect(page.get_by_role("heading", name="Series:")).to_be_visible()  # of 64 slices
    slider = page.get_by_role("slider", name="Slice")
    expect(slider).to_have_count(1)  # the one of fewer answers goes when the page is drawn
    slider.press("ArrowLeft")
    expect(page.get_by_role("heading", name="Series:")).to_be_visible()
    assert download(page, "Report as PDF").read_bytes().startswith(b"%PDF")
    assert complaints == []


# Colours hang on the scheme, places on the width: each of both once is enough.
@pytest.mark.parametrize(("scheme", "width_px"), [("light", 390), ("dark", 1280)])
def test_no_page_has_an_accessibility_finding_or_scrolls_sideways(
    browser: Browser, server: Server, scheme: Literal["light", "dark"], width_px: int
) -> None:
    page = new_page(browser, viewport={"width": width_px, "height": 900}, color_scheme=scheme)
    page.on("dialog", lambda dialog: dialog.accept())  # a reload would lose answers
    page.goto(server.url)
    expect(page.get_by_role("button", name="Try the examples")).to_be_visible()
    assert findings(page) == []
    send(page, [volume(), {"name": HOSTILE, "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.get_by_role("heading", name="Series:")).to_be_visible()
    page.get_by_text("why (saliency)").first.click()
    expect(page.get_by_text("What it shows, and its strength").first).to_be_visible()
    assert findings(page) == []
    assert not is_wider_than_its_window(page)
    send(page, [drawn(f"{number}.png", number, side_px=64) for number in range(3)])
    expect(page.locator("[class*=st-key-tile-]")).to_have_count(5)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert findings(page) == []
    assert not is_wider_than_its_window(page)
    for path, title in (("about", "About the model"), ("compare", "Compare two models"), ("evaluation", "Evaluation")):
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        for line in page.locator("summary").all():  # what is behind a line, too
            line.click()
        assert findings(page) == []
        assert not is_wider_than_its_window(page)
    page.close()


def test_every_page_opens_directly_and_answers_are_still_there_after_a_look_at_another_one(
    page: Page, server: Server, complaints: list[str]
) -> None:
    for path, title in (("compare", "Compare two models"), ("about", "About the model")):
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.get_by_role("link", name="Classify").click()
    page.get_by_role("button", name="Try the examples").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    page.get_by_role("link", name="About the model").click()
    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    expect(page.get_by_test_id("stAlert").get_by_text("Not a medical device")).to_be_in_viewport()
    page.get_by_role("link", name="Classify").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    assert complaints == []


def test_two_models_are_compared_and_an_invalid_one_gets_its_message(page: Page, complaints: list[str]) -> None:
    page.get_by_role("link", name="Compare two models").click()
    expect(page.get_by_role("heading", name="Second model")).to_be_visible()
    send(page, [{"name": "b.tfliteA", "mimeType": "application/octet-stream", "buffer": b"no model"}])
    expect(page.get_by_text("is not a TensorFlow Lite file")).to_be_visible()
    page.get_by_role("button", name="Remove b.tfliteA").click()
    page.locator("input[type=file]").first.set_input_files(ROOT / DEFAULT_NAME)
    expect(page.get_by_text("Another class or status: 0 of 3 slices")).to_be_visible()
    expect(page.get_by_role("heading", level=3)).to_have_count(6)
    assert complaints == []


@pytest.mark.parametrize("width_px", [1440, 1024, 390])
def test_the_answer_of_one_image_stands_above_the_fold(browser: Browser, server: Server, width_px: int) -> None:
    page = new_page(browser, viewport={"width": width_px, "height": 844})
    page.goto(server.url)
    page.locator(".st-key-example-2 button").click()
    expect_answers(page)
    expect(page.get_by_role("heading", level=3)).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Final class")).to_be_in_viewport(ratio=1)
    assert "st-key-item-" in page.evaluate("document.activeElement.className")
    page.close()


def test_a_tile_opens_its_card_and_filters_choose_tiles(page: Page, complaints: list[str]) -> None:
    chart: FilePayload = {
        "name": "chart.png",
        "mimeType": "image/png",
        "buffer": (ROOT / "samples" / CHART).read_bytes(),
    }
    send(page, [*(drawn(f"{number}.png", number, side_px=64) for number in range(5)), chart, volume()])
    expect_answers(page)
    expect(page.locator("[class*=st-key-tile-]")).to_have_count(7)
    page.emulate_media(media="print")
    expect(page.locator("[class*=st-key-tile-] button").first).to_be_visible()
    page.emulate_media(media="screen")
    page.locator("[class*=st-key-tile-]", has_text="chart").get_by_role("button").click()
    expect(page.get_by_role("heading", level=3, name="Not analysed")).to_be_in_viewport()
    page.get_by_role("button", name="All results").click()
    page.get_by_role("button", name="not analysed 1", exact=True).click()
    expect(page.locator("[class*=st-key-tile-]", has_text="chart")).to_have_count(1)
    with zipfile.ZipFile(download(page, "All reports as ZIP")) as archive:
        assert len(archive.namelist()) == 7
    assert complaints == []


def refuse(page: Page, name: str, uploader: int = 0) -> None:
    """Give the browser a file that is larger than the page takes."""
    page.evaluate(
        """([name, uploader]) => {
            const sent = new DataTransfer()
            sent.items.add(new File([new Uint8Array(65 * 2 ** 20)], name))
            const input = document.querySelectorAll("input[type=file]")[uploader]
            input.files = sent.files
            input.dispatchEvent(new Event("change", { bubbles: true }))
        }""",
        [name, uploader],
    )


def test_refused_files_stay_listed_with_their_reason_among_others(page: Page) -> None:
    def refuse_some(route: Route) -> None:
        sent = route.request.post_data_buffer or b""
        if b"no-room.png" in sent:
            route.fulfill(status=413)
        elif b"lost.png" in sent:
            route.abort()
        else:
            route.continue_()

    page.route("**/upload_file/**", refuse_some)
    refuse(page, "large.png")
    send(page, [drawn(name, 0) for name in ("small.png", "no-room.png", "lost.png")])
    expect_answers(page)
    page.wait_for_timeout(2000)
    listed = page.locator(".refused p").all_inner_texts()
    assert sorted(listed) == [
        "large.png: File must be 64.0MB or smaller.",
        "lost.png: It did not arrive; send it again.",
        "no-room.png: The server holds as many uploads as it can; clear some, or try again later.",
    ]
    page.locator(".refused").get_by_role("button", name="Dismiss").click()
    expect(page.locator(".refused")).to_be_hidden()
    expect(page.get_by_role("heading", level=3)).to_have_count(1)


def test_refused_files_stand_in_nobody_s_way_on_a_phone(browser: Browser, server: Server) -> None:
    """Their marks covered the heading and the other button, and reached beyond the window."""
    page = new_page(browser, viewport={"width": 390, "height": 844})
    page.goto(server.url)
    expect(page.get_by_test_id("stFileUploaderDropzone").first).to_be_visible()
    refuse(page, "a large file with a long name.png")
    refuse(page, "another one of a folder.nii", uploader=1)
    expect(page.locator(".refused p")).to_have_count(2)
    expect(page.locator(".refused")).to_contain_text("a large file with a long name.png")
    shown = [page.locator(".drop-heading"), page.get_by_role("button", name="Add"), page.locator(".refused")]
    boxes = [box for part in shown for one in part.all() if (box := one.bounding_box())]
    assert len(boxes) == 4
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    heading, files, folder, refused = boxes
    assert heading["y"] + heading["height"] <= files["y"] == folder["y"]
    assert files["x"] + files["width"] <= folder["x"]
    assert folder["y"] + folder["height"] <= refused["y"]
    page.close()


def test_a_result_is_copied_with_a_button_named_by_its_file(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    send(page, [drawn("small.png", 0)])
    expect_answers(page)
    headline = page.get_by_role("heading", level=3).inner_text()
    page.get_by_role("button", name="Copy result of small.png").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").splitlines()[0] == headline


def test_a_reload_asks_while_there_are_answers(page: Page) -> None:
    page.get_by_role("button", name="Try the examples").click()
    expect_answers(page)
    page.on("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
