"""One frame of a DICOM file, decoded to the numbers that it stores."""

from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, convert_color_space
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_compressed import decompress
from brain_tumor.input.dicom_file import as_scan_error
from brain_tumor.input.voi import bands
from brain_tumor.problems import Problem

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
_VIDEO_COLOUR = ("YBR_FULL", "YBR_FULL_422")
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def decode_frame(dataset: FileDataset, index: int, name: str) -> np.ndarray:
    """Stored values of one frame.

    Args:
        dataset: with its pixels.
        index: of the frame, from 0.
        name: used in messages only.

    Returns:
        (rows, columns), or (rows, columns, 3) of 8-bit RGB for colour.

    Raises:
        ScanError: there are no pixel data, they are damaged or unusual, or compressed in a way that is not read.
    """
    if not any(keyword in dataset for keyword in _PIXELS):
        raise ScanError(name, Problem.NO_PIXELS)
    with as_scan_error(name, Problem.BAD_PIXELS):
        meaning = str(dataset.get("PhotometricInterpretation") or "")
        if meaning not in _GREY + _COLOUR:
            raise ScanError(name, Problem.UNKNOWN_PIXELS)
        syntax = _transfer_syntax(dataset)
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            # An unknown syntax is not named: its number can tell who made the file.
            known = syntax.name if syntax.name != syntax else None
            raise ScanError(name, Problem.UNKNOWN_COMPRESSION, found=known) from None
        shifted = _has_shifted_bits(dataset, syntax)
        # Colours are converted in bands, which takes far less memory.
        options: dict[str, Any] = {"correct_unused_bits": not shifted, "as_rgb": False}
        if syntax.is_encapsulated:
            values, now = decompress(decoder, dataset, index, options, name)
        else:
            values, properties = decoder.as_array(dataset, index=index, **options | {"view_only": True})
            now = str(properties["photometric_interpretation"])
        if meaning not in _GREY:
            return _to_rgb(values, dataset, now)
        if values.ndim != 2:
            raise ValueError("channels")
        return _without_unused_bits(values, dataset) if shifted else values


def _transfer_syntax(dataset: FileDataset) -> UID:
    if stated := dataset.file_meta.get("TransferSyntaxUID"):
        return UID(stated)
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


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
    if values.shape[2:] != (() if meaning == "PALETTE COLOR" else (3,)):
        raise ValueError("channels")
    colours = np.empty((*values.shape[:2], 3), np.uint8)
    for band in bands(*values.shape[:2]):
        colours[band] = _band_to_rgb(values[band], dataset, meaning)
    return colours


def _band_to_rgb(values: np.ndarray, dataset: FileDataset, meaning: str) -> np.ndarray:
    deepest = 2 ** int(dataset.BitsStored) - 1
    if meaning in _VIDEO_COLOUR:
        values = convert_color_space(values, meaning, "RGB")
    elif meaning == "PALETTE COLOR":
        # A segmented palette of a few bytes can unfold to any size, so those are not read.
        values = apply_color_lut(values, dataset)[..., :3]
        deepest = np.iinfo(values.dtype).max
    elif meaning != "RGB":
        raise ValueError("colour")
    if deepest == 255 and values.dtype == np.uint8:
        return values
    colours: np.ndarray = np.rint(np.clip(values.astype(np.float64) / deepest, 0, 1) * 255).astype(np.uint8)
    return colours
