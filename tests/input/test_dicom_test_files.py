"""pydicom's own test files, as they are and damaged: finite grey values or a ScanError."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data.data_manager import DATA_ROOT

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_signature import is_dicom
from brain_tumor.input.series import WindowMode
from brain_tumor.problems import Problem
from tests.dicom_factory import read_slices

TEST_FILES = Path(DATA_ROOT) / "test_files"


def _read_or_refuse(data: bytes, windows: Sequence[WindowMode] = (WindowMode.FILE,)) -> str:
    """What came of every frame of a file, "read" or the problem; anything but a ScanError goes through."""
    try:
        for window in windows:
            for slice_ in read_slices(data, window):
                pixels = slice_.read().pixels
                assert pixels.dtype == np.float32 and np.isfinite(pixels).all()
                assert pixels.min() >= 0 and pixels.max() <= 1
    except ScanError as error:
        return error.problem
    return "read"


def _cut(data: bytes) -> list[bytes]:
    return [data[:length] for length in range(0, len(data), max(1, len(data) // 60))]


@pytest.mark.parametrize(
    "file", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "JPEGLSNearLossless_08.dcm", "SC_rgb_jpeg_dcmtk.dcm"]
)
def test_no_cut_file_does_worse_than_a_scan_error(file: str) -> None:
    for data in _cut((TEST_FILES / file).read_bytes()):
        _read_or_refuse(data)


@pytest.mark.parametrize("file", ["MR_small.dcm", "image_dfl.dcm", "SC_rgb_jpeg_gdcm.dcm", "JPGExtended.dcm"])
def test_no_changed_byte_does_worse_than_a_scan_error(file: str) -> None:
    data = (TEST_FILES / file).read_bytes()
    source = np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(data)
        for index in source.integers(132, len(data), 5):
            changed[index] = source.integers(256)
        _read_or_refuse(bytes(changed))


NOT_READ = {
    "MR_truncated.dcm": Problem.CUT_OFF,
    # It announces 3.7 thousand million columns.
    "JPEG2000-embedded-sequence-delimiter.dcm": Problem.PIXELS_OF_OTHER_SIZE,
    "chrJapMulti.dcm": Problem.NO_PIXELS,
    "chrJapMultiExplicitIR6.dcm": Problem.NO_PIXELS,
    "chrKoreanMulti.dcm": Problem.NO_PIXELS,
}


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(Path(DATA_ROOT).rglob("*")) if path.is_file() and is_dicom(path.read_bytes())],
    ids=lambda path: path.name,
)
def test_every_file_of_pydicoms_own_tests_is_read_or_refused(path: Path) -> None:
    outcome = _read_or_refuse(path.read_bytes(), tuple(WindowMode))
    holds_image = "Rows" in dcmread(path, force=True, stop_before_pixels=True, specific_tags=["Rows"])
    if path.name in NOT_READ:
        assert outcome == NOT_READ[path.name]
    elif holds_image:
        assert outcome in ("read", Problem.OTHER_OBJECT)
    else:
        assert outcome != "read"


def test_nothing_is_written_to_the_error_stream() -> None:
    files = ["JPGExtended.dcm", "badVR.dcm", "SC_rgb_jpeg_gdcm.dcm", "rtplan_truncated.dcm", "MR_small_padded.dcm"]
    program = f"""
import logging, pathlib, warnings
logging.basicConfig(level=logging.INFO)
from brain_tumor.errors import ScanError
from brain_tumor.input.dicom import list_slices, read_header
from brain_tumor.input.series import ReadOptions
from brain_tumor.problems import Problem
for name in {files}:
    data = pathlib.Path({str(TEST_FILES)!r}, name).read_bytes()
    try:
        list_slices(lambda: data, read_header(data, name), name, ReadOptions())[0].read()
    except ScanError:
        pass
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
