"""Small DICOM files for tests, each valid unless a test asks for something else."""

import io
import struct
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom import list_slices, read_header
from brain_tumor.input.series import ReadOptions, Slice, WindowMode

SERIES_UID = "1.2.826.0.1.3680043.8.498.1"
ORIENTATION = [1, 0, 0, 0, 1, 0]  # axial


def make_dicom(
    values: np.ndarray | None, *, syntax: UID = ExplicitVRLittleEndian, preamble: bool = True, **elements: Any
) -> bytes:
    """A DICOM file of grey or, with a last axis of three, RGB values; None leaves the pixels out.

    elements: by keyword, instead of or besides those that go with the values; None leaves one out.
    """
    dataset = Dataset()
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = f"{SERIES_UID}.1"
    dataset.SeriesInstanceUID = SERIES_UID
    dataset.Modality = "MR"
    if values is not None:
        _add_pixels(dataset, values, syntax)
    for keyword, value in elements.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MRImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue() if preamble else stream.getvalue()[132:]


def make_compressed(frame: bytes, syntax: UID, rows: int, columns: int, **elements: Any) -> bytes:
    """A DICOM file of one frame that is compressed already, or says so; 16-bit grey unless elements say otherwise."""
    data = make_dicom(None, **(pixel_elements(rows, columns) | elements))
    dataset = dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.add_new("PixelData", "OB", encapsulate([frame]))
    dataset["PixelData"].is_undefined_length = True
    stream = io.BytesIO()
    dataset.save_as(stream, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return stream.getvalue()


def pixel_elements(rows: int, columns: int) -> dict[str, Any]:
    """What describes 16-bit grey pixels."""
    return {
        "Rows": rows, "Columns": columns, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0,
    }  # fmt: skip


def insert_element(data: bytes, element: bytes) -> bytes:
    """A plain file with the bytes of one more element before its pixels, however wrong they are."""
    offset = data.index(struct.pack("<HH", 0x7FE0, 0x10))
    return data[:offset] + element + data[offset:]


def read_slices(data: bytes, window: WindowMode = WindowMode.FILE) -> tuple[Slice, ...]:
    """The slices of a file called "scan"."""
    return list_slices(
        lambda: data, read_header(data, "scan"), "scan", ReadOptions(window=window, include_derived=True)
    )


def error_of(data: bytes) -> ScanError:
    """Why a file, called "scan", cannot be read."""
    try:
        for slice_ in read_slices(data):
            slice_.read()
    except ScanError as error:
        return error
    raise AssertionError("the file was read")


def make_item(**elements: Any) -> Dataset:
    """One item of a sequence."""
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def make_sequence(**elements: Any) -> DicomSequence:
    """A sequence of one item."""
    return DicomSequence([make_item(**elements)])


def make_table(entries: Sequence[int], first: int, bits: int = 16) -> DicomSequence:
    """A modality or VOI lookup table."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", list(entries))
    return DicomSequence([item])


def _add_pixels(dataset: Dataset, values: np.ndarray, syntax: UID) -> None:
    colour = values.ndim > 2 and values.shape[-1] == 3
    shape = values.shape[:-1] if colour else values.shape
    dataset.Rows, dataset.Columns = shape[-2:]
    if len(shape) == 3:
        dataset.NumberOfFrames = shape[0]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    bits = 8 * values.dtype.itemsize
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    order: Literal["<", ">"] = "<" if syntax.is_little_endian else ">"
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    dataset.add_new("PixelData", "OB" if bits == 8 else "OW", data + b"\x00" * (len(data) % 2))


def slice_of_series(number: int, series: str) -> bytes:
    """An axial slice of a series by its identifier, 5 mm above the one before; counted from 0."""
    return make_dicom(
        np.arange(4096, dtype=np.uint16).reshape(64, 64) * (number + 1),
        StudyInstanceUID="1.2",
        SeriesInstanceUID=series,
        SOPInstanceUID=f"{series}.{number + 1}",
        InstanceNumber=number,
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[0, 0, 5.0 * number],
    )
