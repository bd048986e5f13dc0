from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data.data_manager import DATA_ROOT
from pydicom.encaps import get_frame
from pydicom.uid import JPEGLosslessSV1

from brain_tumor.input import dicom_gdcm
from brain_tumor.input.dicom_codestream import CodedSize
from brain_tumor.input.dicom_gdcm import decode_with_gdcm

SIZE = CodedSize(100, 100, 3, 8)
# A JFIF segment of a revision that GDCM's JPEG library warns of, and GDCM ends its process on any warning there.
FATAL = b"\xff\xe0\x00\x10JFIF\x00\x09\x09\x00\x00\x01\x00\x01\x00\x00"


@pytest.fixture
def frame() -> bytes:
    dataset = dcmread(Path(DATA_ROOT) / "test_files" / "SC_rgb_jpeg_gdcm.dcm")
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


def _worker_id() -> int:
    process = dicom_gdcm._worker._process
    return 0 if process is None else process.pid


def test_a_lossless_frame_is_decoded_exactly(frame: bytes) -> None:
    plain = dcmread(Path(DATA_ROOT) / "test_files" / "SC_rgb_rle.dcm").pixel_array
    assert np.array_equal(decode_with_gdcm(frame, JPEGLosslessSV1, SIZE), plain)


def test_one_process_decodes_frame_after_frame(frame: bytes) -> None:
    decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    first = _worker_id()
    decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    assert _worker_id() == first != 0


def test_a_frame_that_ends_the_process_is_an_error_and_the_next_one_is_decoded(frame: bytes) -> None:
    with pytest.raises(ValueError, match="GDCM ended"):
        decode_with_gdcm(frame[:2] + FATAL + frame[2:], JPEGLosslessSV1, SIZE)
    assert decode_with_gdcm(frame, JPEGLosslessSV1, SIZE).shape == (100, 100, 3)


def test_a_frame_without_an_end_is_given_up(frame: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(dicom_gdcm, "MAX_DECODE_S", 0.2)
    monkeypatch.setattr(dicom_gdcm, "_PROGRAM", endless)
    monkeypatch.setattr(dicom_gdcm, "_worker", dicom_gdcm._Worker())
    with pytest.raises(ValueError, match="GDCM ended"):
        decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
