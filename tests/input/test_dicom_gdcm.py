import os
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


def test_a_worker_that_was_ended_is_started_anew(frame: bytes) -> None:
    decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    process = dicom_gdcm._worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert decode_with_gdcm(frame, JPEGLosslessSV1, SIZE).shape == (100, 100, 3)


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="this system has no process groups")
def test_an_interruption_from_the_keyboard_does_not_reach_the_worker(frame: bytes) -> None:
    decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    assert os.getpgid(_worker_id()) != os.getpgid(0)


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(
    frame: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(dicom_gdcm, "_exchange", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    assert _worker_id() == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_talks_to_a_worker_of_its_own(frame: bytes) -> None:
    decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
    before = _worker_id()
    child = os.fork()
    if not child:
        failed = True
        try:
            decode_with_gdcm(frame, JPEGLosslessSV1, SIZE)
            failed = _worker_id() == before
            if not failed:
                dicom_gdcm._worker._end()
        finally:
            os._exit(failed)  # what runs at a program's end is the parent's
    assert os.waitpid(child, 0)[1] == 0
    assert decode_with_gdcm(frame, JPEGLosslessSV1, SIZE).shape == (100, 100, 3)
    assert _worker_id() == before
