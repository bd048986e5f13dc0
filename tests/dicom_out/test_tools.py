"""What other programs say of the objects: dciodvfy of dicom3tools checks them, dcmtk opens them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brain_tumor.dicom_out.folder import DicomFolder
from tests.dicom_out.objects import BLANK, HEAD, find
from tests.mr_series import write_enhanced, write_series
from tests.scripted import CARD

pytestmark = pytest.mark.slow


def require(*names: str) -> str:
    """The first of some programs that is installed; skips without, unless BRAIN_TUMOR_REQUIRE_DCMTK is 1."""
    if found := next(filter(None, map(shutil.which, names)), None):
        return found
    message = f"{' or '.join(names)} is not installed (dcmtk, dicom3tools)"
    if os.environ.get("BRAIN_TUMOR_REQUIRE_DCMTK") == "1":
        pytest.fail(message)
    pytest.skip(message)


def run(*command: str | Path) -> str:
    done = subprocess.run([*command], capture_output=True, text=True, check=False, timeout=60, errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


TURNED: dict[str, Any] = {"ImageOrientationPatient": [0, -1, 0, -1, 0, 0]}
Writer = Callable[[Path], list[Path]]


def classic(name: str, pixels: np.ndarray = HEAD, count: int = 5, **elements: Any) -> Writer:
    return lambda folder: write_series(folder, [pixels] * count, name=name, **elements)


CASES: dict[str, Writer] = {
    "classified": classic("mapped"),
    "no tumor": classic("healthy", apart_mm=30),
    "uncertain": classic("doubt-mapped"),
    "not analysed": classic("blank", BLANK),
    "not readable": classic("torn", count=2, PixelData=b""),
    "one image": classic("mapped", count=1),
    "one image, not analysed": classic("blank", BLANK, count=1),
    "turned": classic("mapped", **TURNED),
    "no thickness": classic("mapped", SliceThickness=None),
    "a body part": classic("mapped", BodyPartExamined="HEAD"),
    "no geometry": classic("mapped", count=1, ImageOrientationPatient=None, ImagePositionPatient=None),
    "no patient": classic("mapped", PatientName=None, PatientID=None, PatientSex=None, PatientBirthDate=None),
    "letters of Asia": classic("mapped", SpecificCharacterSet="ISO_IR 192", PatientName="王^小東"),
    "enhanced": lambda folder: [write_enhanced(folder / "mapped.dcm", [HEAD] * 5)],
    "enhanced, turned": lambda folder: [write_enhanced(folder / "mapped.dcm", [HEAD] * 5, turned=True)],
}


@pytest.fixture(params=CASES)
def results(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """The objects of every case as files, heat maps too."""
    (tmp_path / "in").mkdir()
    folder = DicomFolder(tmp_path / "out", with_heat_maps=True)
    for findings in find(CASES[request.param](tmp_path / "in")):
        assert folder.write(findings, CARD)
    return sorted((tmp_path / "out").iterdir())


def test_dciodvfy_finds_no_error(results: list[Path]) -> None:
    for file in results:
        assert not [line for line in _complaints(file) if line.startswith("Error")], file.name


def test_dciodvfy_warns_of_own_terms_and_of_what_the_images_lack_only(results: list[Path]) -> None:
    for file in results:
        for line in _complaints(file):
            assert "<99BTMRI>" in line or "<Laterality>" in line or "Patient ID" in line, line


def _complaints(file: Path) -> Iterator[str]:
    found = run(require("dciodvfy"), file).splitlines()
    return (line for line in found if line.startswith(("Error", "Warning")))


def test_dcmtk_shows_the_report(results: list[Path]) -> None:
    for file in results:
        if file.name.startswith("SR"):
            # What an old dcmtk says of UTF-8 is no complaint about the file.
            assert "Status of the answer" in run(require("dsrdump"), file)


def test_dcmtk_reads_the_same_pixels_from_the_picture(results: list[Path], tmp_path: Path) -> None:
    for file in results:
        if file.name.startswith("OT"):
            run(require("dcm2img", "dcmj2pnm"), "--write-bmp", file, tmp_path / "seen.bmp")
            seen = np.asarray(Image.open(tmp_path / "seen.bmp").convert("RGB"))
            assert seen.shape[1] == 512
            assert seen[:60].max() > 200  # the notice on top
