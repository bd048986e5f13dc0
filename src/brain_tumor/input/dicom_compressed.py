"""Compressed frames of DICOM files: which decoder gets them, and what is checked before."""

from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import Decoder
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_codestream import (
    JPEG_LS,
    LOSSLESS_JPEG,
    LOSSY_JPEG,
    CodedSize,
    jpeg_2000_size,
    jpeg_size,
    run_length_bytes,
)
from brain_tumor.input.dicom_gdcm import decode_with_gdcm
from brain_tumor.input.jpeg_limits import MAX_SCANS, has_too_many_scans
from brain_tumor.problems import Problem

# What is not named here goes to GDCM, in a process of its own.
_PLUGINS = {JPEGBaseline8Bit: "pillow", JPEGExtended12Bit: "pillow", RLELossless: "pydicom"}
_PLUGINS |= dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg")
_ONLY_8_BIT = "pillow"
_WRONG_IN_GDCM = (6, 7)  # bits of JPEG-LS that pydicom does not trust GDCM with either

_FRAME_KINDS = {JPEGBaseline8Bit: LOSSY_JPEG, JPEGExtended12Bit: LOSSY_JPEG}
_FRAME_KINDS |= dict.fromkeys(JPEGLSTransferSyntaxes, JPEG_LS)

# Counting is slow, so only frames are counted that could unpack to more than this.
_ALLOWED_RUN_LENGTH_BYTES = 64 * 2**20
_LARGEST_RUN_LENGTH_RATIO = 64  # two bytes stand for 128 at most


def decompress(
    decoder: Decoder, dataset: FileDataset, index: int, options: dict[str, Any], name: str
) -> tuple[np.ndarray, str]:
    """Decode one frame; whatever a decoder raises goes through.

    Args:
        decoder: of the file's transfer syntax.
        dataset: with its pixels.
        index: of the frame, from 0.
        options: for pydicom's decoder.
        name: used in messages only.

    Returns:
        Its numbers, (rows, columns) or (rows, columns, 3), and what they mean now, as a DICOM photometric
        interpretation.

    Raises:
        ScanError: the frame announces another size than its file, or unpacks to far more.
    """
    syntax = decoder.UID
    frame = _coded_frame(dataset, index)
    coded = _checked_size(frame, syntax, dataset, name)
    plugin = _PLUGINS.get(syntax)
    if plugin is None or (plugin == _ONLY_8_BIT and max(coded.bits, dataset.BitsStored) > 8):
        return _decompress_with_gdcm(frame, syntax, coded, dataset)
    about = as_pixel_options(dataset, number_of_frames=1, pixel_keyword="PixelData", decoding_plugin=plugin)
    about.pop("extended_offsets", None)  # the frame stands alone now
    values, properties = decoder.as_array(encapsulate([frame]), index=0, **about, **options)
    return values, str(properties["photometric_interpretation"])


def _decompress_with_gdcm(frame: bytes, syntax: UID, coded: CodedSize, dataset: FileDataset) -> tuple[np.ndarray, str]:
    if syntax in JPEGLSTransferSyntaxes and coded.bits in _WRONG_IN_GDCM:
        raise NotImplementedError("depth")
    values = decode_with_gdcm(frame, syntax, coded)
    # JPEG knows no sign: the highest bit of each number is it where the file says so.
    signed = dataset.PixelRepresentation == 1
    unused = 8 * values.itemsize - min(coded.bits, dataset.BitsStored)
    values = np.right_shift(np.left_shift(values.view(f"i{values.itemsize}") if signed else values, unused), unused)
    return values, str(dataset.PhotometricInterpretation)


def _coded_frame(dataset: FileDataset, index: int) -> bytes:
    offsets = None
    if "ExtendedOffsetTable" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frames = int(dataset.get("NumberOfFrames") or 1)
    return get_frame(dataset.PixelData, index, number_of_frames=frames, extended_offsets=offsets)


def _checked_size(frame: bytes, syntax: UID, dataset: FileDataset, name: str) -> CodedSize:
    # Decoders believe the size inside the frame and reserve memory for it, so it must be the one that was checked.
    stated = CodedSize(dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.BitsAllocated)
    if syntax == RLELossless:
        allowed = max(2 * stated.samples * stated.bits // 8, _ALLOWED_RUN_LENGTH_BYTES)
        if len(frame) * _LARGEST_RUN_LENGTH_RATIO > allowed and run_length_bytes(frame) > allowed:
            raise ScanError(name, Problem.PIXELS_TOO_LARGE)
        return stated
    if syntax in JPEG2000TransferSyntaxes:
        found = jpeg_2000_size(frame)
    else:
        found = jpeg_size(frame, _FRAME_KINDS.get(syntax, LOSSLESS_JPEG))
        if has_too_many_scans(frame):
            raise ScanError(name, Problem.TOO_MANY_SCANS, limit=MAX_SCANS)
    if found is None:
        raise ScanError(name, Problem.PIXELS_OF_OTHER_SYNTAX)
    if found != stated or not 2 <= found.bits <= stated.bits:
        raise ScanError(name, Problem.PIXELS_OF_OTHER_SIZE)
    return found
