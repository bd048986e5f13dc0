"""One frame of a DICOM file, decoded; the door to the decoders behind pydicom."""

from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
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
    strip_jpeg,
)
from brain_tumor.input.dicom_file import damaged, told_as_scan_error
from brain_tumor.input.dicom_gdcm import decode_12_bit_jpeg

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

# GDCM ends the whole process on some damaged files, so it gets only what nothing else here decodes.
_PLUGINS = {JPEGBaseline8Bit: "pillow", JPEGExtended12Bit: "pillow", RLELossless: "pydicom"}
_PLUGINS |= dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg")
_OTHERS = "gdcm"

_FRAME_KINDS = {JPEGBaseline8Bit: LOSSY_JPEG, JPEGExtended12Bit: LOSSY_JPEG}
_FRAME_KINDS |= dict.fromkeys(JPEGLSTransferSyntaxes, JPEG_LS)

# Counting is slow, so only frames are counted that could unpack to more than this.
_ALLOWED_RUN_LENGTH_BYTES = 64 * 2**20
_LARGEST_RUN_LENGTH_RATIO = 64  # two bytes stand for 128 at most


def decode_frame(dataset: FileDataset, index: int, name: str) -> np.ndarray:
    """Stored values of one frame: (rows, columns), or (rows, columns, 3) of 8-bit RGB for colour.

    dataset: read with its pixels. index: from 0.
    Raises ScanError for files without pixel data, damaged or unusual ones, and for compressions that are not read.
    """
    if not any(keyword in dataset for keyword in _PIXELS):
        raise ScanError(f"{name}: is a DICOM file without pixel data; export the image with its pixels")
    with told_as_scan_error(name, "its pixel data cannot be decoded"):
        meaning = str(dataset.get("PhotometricInterpretation") or "")
        if meaning not in _GREY + _COLOUR:
            raise ScanError(f"{name}: holds pixels of an unusual kind; grey, RGB, YBR and palette are read: convert it")
        syntax = _transfer_syntax(dataset)
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            known = f" ({syntax.name})" if syntax.name != syntax else ""
            raise ScanError(f"{name}: is compressed in a way that is not read{known}; export it uncompressed") from None
        shifted = _has_shifted_bits(dataset, syntax)
        if syntax.is_encapsulated:
            values, now = _decompress(decoder, dataset, index, not shifted, name)
        else:
            values, properties = decoder.as_array(dataset, index=index, correct_unused_bits=not shifted)  # type: ignore[arg-type]
            now = str(properties["photometric_interpretation"])
        if meaning not in _GREY:
            return _to_rgb(values, dataset, now)
        if values.ndim != 2:
            raise ValueError("channels")
        return _without_unused_bits(values, dataset) if shifted else values


def _decompress(
    decoder: Decoder, dataset: FileDataset, index: int, correct_unused_bits: bool, name: str
) -> tuple[np.ndarray, str]:
    syntax = decoder.UID
    frame = _coded_frame(dataset, index)
    _check_size(frame, syntax, dataset, name)
    plugin = _PLUGINS.get(syntax, _OTHERS)
    deep = syntax == JPEGExtended12Bit and dataset.BitsStored > 8
    if plugin == _OTHERS or deep:
        stripped = strip_jpeg(frame)
        if stripped is None:
            raise damaged(name, "its pixel data do not start as its transfer syntax says")
        frame = stripped
    if deep:
        return decode_12_bit_jpeg(frame, dataset.Rows, dataset.Columns), dataset.PhotometricInterpretation
    options = as_pixel_options(dataset, number_of_frames=1, pixel_keyword="PixelData")
    options.pop("extended_offsets", None)
    values, properties = decoder.as_array(
        encapsulate([frame]), index=0, decoding_plugin=plugin, correct_unused_bits=correct_unused_bits, **options
    )
    return values, str(properties["photometric_interpretation"])


def _transfer_syntax(dataset: FileDataset) -> UID:
    if stated := dataset.file_meta.get("TransferSyntaxUID"):
        return UID(stated)
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _coded_frame(dataset: FileDataset, index: int) -> bytes:
    offsets = None
    if "ExtendedOffsetTable" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frames = int(dataset.get("NumberOfFrames") or 1)
    return get_frame(dataset.PixelData, index, number_of_frames=frames, extended_offsets=offsets)


def _check_size(frame: bytes, syntax: UID, dataset: FileDataset, name: str) -> None:
    # Decoders believe the size inside the frame and reserve memory for it, so it must be the one that was checked.
    stated = CodedSize(dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.BitsAllocated)
    if syntax == RLELossless:
        allowed = max(2 * stated.samples * stated.bits // 8, _ALLOWED_RUN_LENGTH_BYTES)
        if len(frame) * _LARGEST_RUN_LENGTH_RATIO > allowed and run_length_bytes(frame) > allowed:
            raise damaged(name, "its pixel data unpack to more than the image it announces")
        return
    if syntax in JPEG2000TransferSyntaxes:
        found = jpeg_2000_size(frame)
    else:
        found = jpeg_size(frame, _FRAME_KINDS.get(syntax, LOSSLESS_JPEG))
    if found is None:
        raise damaged(name, "its pixel data do not start as its transfer syntax says")
    if found != stated or not 2 <= found.bits <= stated.bits:
        raise damaged(name, "its pixel data are of another size or depth than the image it announces")


def _has_shifted_bits(dataset: FileDataset, syntax: UID) -> bool:
    if syntax.is_encapsulated and syntax != RLELossless:
        return False
    return "PixelData" in dataset and "HighBit" in dataset and dataset.HighBit != dataset.BitsStored - 1


def _without_unused_bits(values: np.ndarray, dataset: FileDataset) -> np.ndarray:
    # Old files keep 12 bits at the upper end of 16, and may draw overlays into the lower four.
    above = dataset.BitsAllocated - dataset.HighBit - 1
    if above < 0 or dataset.HighBit + 1 < dataset.BitsStored:
        raise ValueError("high bit")
    straight: np.ndarray = np.right_shift(np.left_shift(values, above), dataset.BitsAllocated - dataset.BitsStored)
    return straight


def _to_rgb(values: np.ndarray, dataset: FileDataset, meaning: str) -> np.ndarray:
    if meaning == "PALETTE COLOR":
        # A segmented palette of a few bytes can unfold to any size, so those are not read.
        values = apply_color_lut(values, dataset)[..., :3]
        deepest = np.iinfo(values.dtype).max
    else:
        deepest = 2 ** int(dataset.BitsStored) - 1
    if values.ndim != 3 or values.shape[2] != 3 or (meaning not in ("RGB", "PALETTE COLOR")):
        raise ValueError("colour")
    if deepest == 255 and values.dtype == np.uint8:
        return values
    return np.rint(np.clip(values.astype(np.float64) / deepest, 0, 1) * 255).astype(np.uint8)
