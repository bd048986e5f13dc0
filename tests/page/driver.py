"""Opens the page without a browser, sends files, clicks, and reads what it shows."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from nibabel.nifti1 import Nifti1Image
from PIL import Image
from streamlit.testing.v1 import AppTest

import brain_tumor
from tests.scripted import ScriptedClassifier

APP = Path(__file__).parents[2] / "app.py"
Upload = tuple[str, bytes, str]


@contextmanager
def scripted_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedClassifier]:
    """During the block, every page that is opened answers with this classifier."""
    classifier = ScriptedClassifier()
    monkeypatch.setattr(brain_tumor, "load_classifier", lambda: classifier)
    st.cache_resource.clear()
    yield classifier
    st.cache_resource.clear()


def open_app() -> AppTest:
    """The first page."""
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    return page


def open_page(name: str) -> AppTest:
    """One page by the name of its module, with what surrounds it."""
    script = f"from page import {name}\nfrom page.layout import show_notice\nshow_notice()\n{name}.show()"
    page = AppTest.from_string(script, default_timeout=60).run()
    assert not page.exception
    return page


def png(color: tuple[int, int, int] | None = None) -> bytes:
    """A grey ramp, or a picture of one colour."""
    ramp = np.tile(np.arange(128, dtype=np.uint8), (128, 1))
    image = Image.new("RGB", (128, 128), color) if color else Image.fromarray(ramp)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def upload(name: str, data: bytes | None = None) -> Upload:
    """A file to be sent; by default a grey ramp."""
    return (name, png() if data is None else data, "image/png")


def volume(name: str, slices: int = 6) -> Upload:
    """A NIfTI volume of 64 x 70 x slices voxels of 1 x 1 x 3 mm: a ramp."""
    voxels = np.zeros((64, 70, slices), np.int16)
    voxels[:] = np.arange(64)[:, None, None]
    image = Nifti1Image(voxels, np.diag([1.0, 1.0, 3.0, 1.0]))  # type: ignore[no-untyped-call]
    return (name, image.to_bytes(), "application/octet-stream")


# Clear, in doubt, and no image at all.
THREE = [upload("a.png"), upload("doubt.png"), upload("broken.png", b"no image")]


def send(page: AppTest, files: list[Upload], uploader: int = 0) -> AppTest:
    """Send files with one of the page's uploaders."""
    page.file_uploader[uploader].set_value(files).run()
    assert not page.exception
    return page


def click(page: AppTest, label: str) -> AppTest:
    """Click on the first button of this label."""
    next(button for button in page.button if plain(button.label) == label).click().run()
    assert not page.exception
    return page


def plain(label: str) -> str:
    """A button's label without the file's name that is there for screen readers."""
    return label.partition(" **")[0]


def texts(page: AppTest) -> list[str]:
    """What is shown as plain text, file names above all."""
    return [text.value for text in page.text]


def headlines(page: AppTest) -> list[str]:
    """The headline of each image and series."""
    return [heading.value for heading in page.subheader]


def all_markdown(page: AppTest) -> str:
    """Everything that may hold Markdown."""
    return "\n".join(element.value for element in [*page.markdown, *page.caption, *page.warning])


def pictures(page: AppTest) -> list[str]:
    """The address of each picture, which tells its content; of the viewer's its small copy."""
    shown = []
    for element in page.main:
        if element.type == "image":
            shown += [image.url for image in element.proto.imgs]
        if element.type == "bidi_component" and "viewer" in element.proto.component_name:
            data = viewed(element)
            shown.append(data["small"][str(data["index"])])
    return shown


def viewers(page: AppTest) -> list[dict[str, Any]]:
    """What each viewer was given."""
    return [viewed(element) for element in page.get("bidi_component") if "viewer" in element.proto.component_name]


def viewed(element: Any) -> dict[str, Any]:
    """What a viewer was given."""
    data: dict[str, Any] = json.loads(element.proto.json)
    return data


def read_component(page: AppTest, name: str) -> dict[str, Any]:
    """What the browser's part of a component of ours was given."""
    (component,) = (element for element in page.get("bidi_component") if element.proto.component_name.endswith(name))
    return viewed(component)
