import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data.data_manager import DATA_ROOT
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, RLELossless

from brain_tumor.input import dicom_compressed
from brain_tumor.input.dicom_compressed import decompress
from brain_tumor.problems import Problem
from tests.dicom_factory import make_compressed
from tests.factories import encode
from tests.hostile.dicoms import jpeg_header, run_lengths
from tests.hostile.rasters import many_scans
from tests.refused import refused

TEST_FILES = Path(DATA_ROOT) / "test_files"
EIGHT_BITS = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
RAMP = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))


def decompressed(data: bytes, syntax: UID, index: int = 0) -> tuple[np.ndarray, str]:
    options = {"correct_unused_bits": True, "as_rgb": False}
    return decompress(get_decoder(syntax), dcmread(io.BytesIO(data)), index, options, "scan")


def jpeg_2000(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG2000", no_jp2=True)
    return stream.getvalue()


def test_lossless_jpeg_2000_gives_back_every_value() -> None:
    values, meaning = decompressed(
        make_compressed(jpeg_2000(RAMP), JPEG2000Lossless, 8, 8, **EIGHT_BITS), JPEG2000Lossless
    )
    assert (values.tolist(), meaning) == (np.asarray(RAMP).tolist(), "MONOCHROME2")


def test_lossy_jpeg_is_near() -> None:
    data = make_compressed(encode(RAMP, "JPEG", quality=95), JPEGBaseline8Bit, 8, 8, **EIGHT_BITS)
    values, _ = decompressed(data, JPEGBaseline8Bit)
    assert np.abs(values.astype(int) - np.asarray(RAMP)).max() <= 4


def test_run_lengths_are_unpacked() -> None:
    # -7: the next byte eight times; a row each.
    frame = run_lengths(b"".join(bytes((0xF9, row)) for row in range(8)))
    values, _ = decompressed(make_compressed(frame, RLELossless, 8, 8, **EIGHT_BITS), RLELossless)
    assert values.tolist() == [[row] * 8 for row in range(8)]


def test_what_pillow_and_openjpeg_do_not_know_goes_to_gdcm() -> None:
    dataset = dcmread(TEST_FILES / "MR_small_jpeg_ls_lossless.dcm")
    values, _ = decompress(get_decoder(dataset.file_meta.TransferSyntaxUID), dataset, 0, {}, "scan")
    assert np.array_equal(values, dcmread(TEST_FILES / "MR_small.dcm").pixel_array)


@pytest.mark.parametrize(
    ("frame", "syntax", "problem"),
    [
        (encode(RAMP, "PNG"), JPEGBaseline8Bit, Problem.PIXELS_OF_OTHER_SYNTAX),
        (encode(RAMP, "JPEG"), JPEG2000Lossless, Problem.PIXELS_OF_OTHER_SYNTAX),
        (encode(RAMP, "JPEG"), JPEGLosslessSV1, Problem.PIXELS_OF_OTHER_SYNTAX),
        (jpeg_header(0xC0, 65_000, 65_000), JPEGBaseline8Bit, Problem.PIXELS_OF_OTHER_SIZE),
        (jpeg_header(0xC3, 8, 8, bits=16), JPEGLosslessSV1, Problem.PIXELS_OF_OTHER_SIZE),
        (many_scans(8, 200), JPEGBaseline8Bit, Problem.TOO_MANY_SCANS),
    ],
)
def test_a_frame_is_not_decoded_where_it_differs_from_its_file(frame: bytes, syntax: UID, problem: Problem) -> None:
    data = make_compressed(frame, syntax, 8, 8, **EIGHT_BITS)
    with refused(problem, "scan"):
        decompressed(data, syntax)


def test_run_lengths_that_unpack_to_far_more_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_compressed, "_ALLOWED_RUN_LENGTH_BYTES", 1000)
    data = make_compressed(run_lengths(b"\x81\x00" * 500), RLELossless, 8, 8, **EIGHT_BITS)
    with refused(Problem.PIXELS_TOO_LARGE, "scan"):
        decompressed(data, RLELossless)
