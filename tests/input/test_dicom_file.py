"""Damaged and hostile files: a ScanError in bounded time and memory, whatever they hold."""

import gc
import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data.data_manager import DATA_ROOT
from pydicom.encaps import encapsulate, get_frame
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from brain_tumor.input import dicom_file
from brain_tumor.input.dicom import MAX_FRAMES
from brain_tumor.input.dicom_file import read_header_elements
from brain_tumor.input.dicom_frames import Frames
from brain_tumor.input.raster import MAX_SCAN_PIXELS
from brain_tumor.problems import Problem
from tests.dicom_factory import (
    error_of,
    insert_element,
    make_compressed,
    make_dicom,
    make_item,
    make_sequence,
    read_slices,
)

TEST_FILES = Path(DATA_ROOT) / "test_files"
RAMP = np.array([[0, 1], [2, 4]], np.uint16)


def deflated(data: bytes, extra: bytes = b"") -> bytes:
    """The same file with its data set deflated, and bytes after it."""
    meta_end = 132 + 12 + struct.unpack("<I", data[140:144])[0]
    syntax = b"\x02\x00\x10\x00UI\x14\x00" + b"1.2.840.10008.1.2.1\x00"
    longer = b"\x02\x00\x10\x00UI\x16\x00" + DeflatedExplicitVRLittleEndian.encode()
    head = data[:meta_end].replace(syntax, longer)
    head = head[:140] + struct.pack("<I", struct.unpack("<I", head[140:144])[0] + 2) + head[144:]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return head + packer.compress(data[meta_end:] + extra) + packer.flush()


def test_a_deflated_file_is_read() -> None:
    assert read_slices(deflated(make_dicom(RAMP)))[0].read().pixels.ravel().tolist() == [0, 0.25, 0.5, 1]


def test_a_deflated_bomb_is_refused_before_it_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_file, "MAX_INFLATED_BYTES", 2**20)
    data = deflated(make_dicom(RAMP), bytes(2**24))
    assert len(data) < 2**16
    assert error_of(data).problem is Problem.INFLATED_TOO_LARGE


def test_a_cut_deflated_file_is_reported() -> None:
    assert error_of(deflated(make_dicom(RAMP))[:-4]).problem is Problem.DEFLATED_CUT_OFF


def test_too_many_pixels_are_refused_before_decoding() -> None:
    assert error_of(make_dicom(RAMP, Rows=5001, Columns=MAX_SCAN_PIXELS // 5000)).problem is Problem.TOO_MANY_PIXELS


def test_too_many_frames_are_refused() -> None:
    assert error_of(make_dicom(RAMP, NumberOfFrames=MAX_FRAMES + 1)).problem is Problem.TOO_MANY_FRAMES


@pytest.mark.parametrize("size", [(100_000, 100_000), (64, 65)])
def test_a_codestream_of_another_size_is_not_decoded(size: tuple[int, int]) -> None:
    original = dcmread(TEST_FILES / "MR_small_jp2klossless.dcm")
    frame = bytearray(get_frame(original.PixelData, 0, number_of_frames=1))
    frame[8:16] = struct.pack(">II", *size)
    assert (
        error_of(make_compressed(bytes(frame), JPEG2000Lossless, 64, 64, PixelRepresentation=1)).problem
        is Problem.PIXELS_OF_OTHER_SIZE
    )


def test_a_run_length_bomb_is_not_unpacked() -> None:
    # Two bytes stand for 128: 8 MiB would become 512 MiB.
    frame = struct.pack("<16L", 2, 64, 66, *[0] * 13) + b"\x81\x00" * 2**22
    assert error_of(make_compressed(frame, RLELossless, 64, 64)).problem is Problem.PIXELS_TOO_LARGE


def test_elements_longer_than_the_file_are_reported() -> None:
    data = make_dicom(RAMP)
    offset = data.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW")) + 8
    assert error_of(data[:offset] + struct.pack("<I", 2**31) + data[offset + 4 :]).problem is Problem.CUT_OFF


def test_sequences_nested_without_end_are_reported() -> None:
    nested = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 50_000
    data = make_dicom(RAMP)
    offset = data.index(struct.pack("<HH", 8, 0x60))
    assert error_of(data[:offset] + nested).problem is Problem.BAD_ELEMENTS


@pytest.mark.parametrize("defined", [True, False])
def test_millions_of_empty_items_are_reported(defined: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_file, "MAX_READS", 10_000)
    items = b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 5000
    length = len(items) if defined else 0xFFFFFFFF
    end = b"" if defined else b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    bomb = struct.pack("<HH2s2xI", 0x5200, 0x9230, b"SQ", length) + items + end
    assert error_of(insert_element(make_dicom(RAMP), bomb)).problem is Problem.TOO_MANY_ELEMENTS


def test_a_rescale_that_is_no_number_is_reported() -> None:
    slope = struct.pack("<HH2sH", 0x28, 0x1053, b"DS", 4) + b"nan "
    assert error_of(insert_element(make_dicom(RAMP), slope)).problem is Problem.BAD_GREY_SCALE


def test_a_file_that_ends_gdcm_is_reported_and_the_next_one_is_read() -> None:
    file = TEST_FILES / "SC_rgb_jpeg_gdcm.dcm"
    data = file.read_bytes()
    # An application segment that GDCM's JPEG library warns of makes it end its process.
    start = data.index(b"\xff\xd8") + 2
    fatal = b"\xff\xe0\x00\x10JFIF\x00\x09\x09\x00\x00\x01\x00\x01\x00\x00"
    dataset = dcmread(file)
    frame = data[start - 2 : start] + fatal + get_frame(dataset.PixelData, 0, number_of_frames=1)[2:]
    dataset.PixelData = encapsulate([frame])
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert error_of(stream.getvalue()).problem is Problem.BAD_PIXELS
    assert read_slices(data)[0].read().pixels.shape == (100, 100)


@pytest.mark.parametrize("frames", [1, 20, 200])
def test_what_a_header_takes_is_estimated_from_above_and_not_by_far(frames: int) -> None:
    groups = [make_item(PlanePositionSequence=make_sequence(ImagePositionPatient=[0, 0, n])) for n in range(frames)]
    data = make_dicom(np.stack([RAMP] * frames), PerFrameFunctionalGroupsSequence=DicomSequence(groups))
    read_header_elements(data, "scan")  # loads what it needs
    gc.collect()
    tracemalloc.start()
    try:
        elements = read_header_elements(data, "scan")
        statements = Frames(elements.dataset)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert statements.plane(0).position == (0, 0, 0)
    assert taken <= statements.held_bytes <= 4 * taken
