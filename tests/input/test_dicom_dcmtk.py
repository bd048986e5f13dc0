"""Images read here and by dcmtk, which shares no code with what reads them here: the same pixels."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data.data_manager import DATA_ROOT
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom import read_header
from brain_tumor.input.dicom_file import read_header_elements
from brain_tumor.input.dicom_signature import is_dicom
from brain_tumor.input.scan import FloatArray
from brain_tumor.input.series import WindowMode
from tests.dicom_factory import make_dicom, make_table, read_slices

# dcmtk cuts where it should round to 16 bits.
GREY_TOLERANCE = 1.01 / 65535
# Colour is compared in 8 bits, after two conversions that may round apart.
COLOUR_TOLERANCE = 1.01 / 255
# Their rescale slope is 0.684, and dcmtk rounds rescaled values to whole numbers; the range is some 400 of them.
ROUNDED_BY_DCMTK = {"6154": 1 / 500, "6247": 1 / 500, "6278": 1 / 500}
NO_PIXELS = "announces an image and holds no pixels"
NOT_COMPARED = {
    "SC_rgb_jpeg.dcm": "its sequences break the standard, dcmtk refuses it",
    "MR_truncated.dcm": "is cut off, and refused here",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its JPEG 2000 stream is damaged, and refused here",
    "chrJapMulti.dcm": NO_PIXELS,
    "chrJapMultiExplicitIR6.dcm": NO_PIXELS,
    "chrKoreanMulti.dcm": NO_PIXELS,
}
NO_JPEG_2000 = "dcmtk reads no JPEG 2000; the plain twin of a lossless one is compared below"

pytestmark = pytest.mark.slow


def _announce_images() -> list[Path]:
    """Pydicom's own test files with the header of an image; test_dicom_test_files.py says what the others are."""
    found = []
    for path in sorted(Path(DATA_ROOT).rglob("*")):
        if path.is_file() and is_dicom(data := path.read_bytes()):
            with contextlib.suppress(ScanError):
                read_header(data, path.name)
                found.append(path)
    return found


def read_scans(data: bytes, window: WindowMode) -> list[FloatArray]:
    scans = [slice_.read() for slice_ in read_slices(data, window)]
    return [scan.view.undo(scan.pixels) for scan in scans]  # dcmtk shows them as stored


def tool_for(syntax: str) -> str:
    for_all = shutil.which("dcm2img")  # from dcmtk 3.6.9 on
    found = for_all or shutil.which("dcml2pnm" if syntax in JPEGLSTransferSyntaxes else "dcmj2pnm")
    if found is None and os.environ.get("BRAIN_TUMOR_REQUIRE_DCMTK") != "1":
        pytest.skip("dcmtk is not on this machine")
    assert found is not None, "BRAIN_TUMOR_REQUIRE_DCMTK=1, and no dcmtk on this machine"
    return found


def read_with_dcmtk(path: Path, frame: int, folder: Path, window: WindowMode) -> FloatArray:
    about = read_header_elements(path.read_bytes(), path.name).dataset
    grey = str(about.PhotometricInterpretation).startswith("MONOCHROME")
    options = ["--no-overlays", "--frame", str(frame + 1)]
    if grey and window is WindowMode.STORED and "VOILUTSequence" in about:
        options += ["--use-voi-lut", "1"]
    elif grey and window is WindowMode.STORED and "WindowCenter" in about:
        options += ["--use-window", "1"]
    elif grey:
        options += ["--min-max-window", "--linear-function"]
    options += ["--write-16-bit-pnm" if grey else "--write-raw-pnm"]
    written = folder / "image.pnm"
    tool = tool_for(str(about.file_meta.get("TransferSyntaxUID")))
    subprocess.run([tool, *options, str(path), str(written)], check=True, capture_output=True, timeout=60)
    with Image.open(written) as image:
        if grey:
            return (np.asarray(image) / (255 if image.mode == "L" else 65535)).astype(np.float32)
        return (np.asarray(image.convert("L")) / 255).astype(np.float32)


def largest_difference(path: Path, window: WindowMode, folder: Path) -> float:
    ours = read_scans(path.read_bytes(), window)
    theirs = [read_with_dcmtk(path, frame, folder, window) for frame in range(len(ours))]
    return max(float(np.abs(our - other).max()) for our, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("window", [WindowMode.STORED, WindowMode.FULL])
@pytest.mark.parametrize("path", _announce_images(), ids=lambda path: path.name)
def test_pixels_are_those_that_dcmtk_shows(path: Path, window: WindowMode, tmp_path: Path) -> None:
    if path.name in NOT_COMPARED:
        pytest.skip(NOT_COMPARED[path.name])
    about = read_header_elements(path.read_bytes(), path.name).dataset
    if about.file_meta.get("TransferSyntaxUID") in JPEG2000TransferSyntaxes:
        pytest.skip(NO_JPEG_2000)
    usual = GREY_TOLERANCE if str(about.PhotometricInterpretation).startswith("MONO") else COLOUR_TOLERANCE
    assert largest_difference(path, window, tmp_path) <= ROUNDED_BY_DCMTK.get(path.name, usual)


def test_lossless_jpeg_2000_is_what_dcmtk_shows_of_its_plain_twin(tmp_path: Path) -> None:
    folder = Path(DATA_ROOT) / "test_files"
    ours = read_scans((folder / "MR_small_jp2klossless.dcm").read_bytes(), WindowMode.STORED)[0]
    theirs = read_with_dcmtk(folder / "MR_small.dcm", 0, tmp_path, WindowMode.STORED)
    assert np.abs(ours - theirs).max() <= GREY_TOLERANCE


RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
SIGNED = (RAMP.astype(np.int16) - 2048) * 8
MADE = {
    "12 of 16 bits": make_dicom(RAMP, BitsStored=12, HighBit=11),
    "12 upper bits of 16": make_dicom(RAMP << 4 | 5, BitsStored=12, HighBit=15),
    "signed, black on white": make_dicom(SIGNED, PhotometricInterpretation="MONOCHROME1"),
    "signed, rescaled, window": make_dicom(
        SIGNED, RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=[40, 600], WindowWidth=[9000, 1500]
    ),
    "falling slope": make_dicom(RAMP, RescaleSlope=-1, RescaleIntercept=0),
    "sigmoid": make_dicom(RAMP, WindowCenter=2000, WindowWidth=900, VOILUTFunction="SIGMOID"),
    "width 1": make_dicom(RAMP, WindowCenter=2000, WindowWidth=1),
    "32 bits": make_dicom(RAMP.astype(np.uint32) * 70000),
    "signed 32 bits": make_dicom(SIGNED.astype(np.int32) * 60000),
    "modality table": make_dicom(
        RAMP, ModalityLUTSequence=make_table([int(entry**2) for entry in np.linspace(0, 200, 512)], 1000)
    ),
    "window table": make_dicom(
        RAMP, VOILUTSequence=make_table([int(65535 * entry**0.5) for entry in np.linspace(0, 1, 1024)], 700)
    ),
    "two frames": make_dicom(np.stack([RAMP, RAMP[::-1] // 2])),
}


@pytest.mark.parametrize("window", [WindowMode.STORED, WindowMode.FULL])
@pytest.mark.parametrize("name", MADE)
def test_what_the_test_files_lack_is_shown_as_dcmtk_does(name: str, window: WindowMode, tmp_path: Path) -> None:
    path = tmp_path / "made.dcm"
    path.write_bytes(MADE[name])
    assert largest_difference(path, window, tmp_path) <= GREY_TOLERANCE
