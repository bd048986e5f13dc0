"""Bytes -> the elements of a DICOM file that matter here, without trusting the file's own promises."""

import io
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset, read_preamble, read_sequence
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from brain_tumor.errors import ScanError

# A deflated data set may be a thousand times larger than its file; twice the largest plain file is enough.
MAX_INFLATED_BYTES = 128 * 2**20
_CHUNK_BYTES = 2**20
# pydicom reads twice or thrice per element and makes an object of each item, even of an empty one. A frame of enhanced
# MR takes 30 to 300 reads, so this is room for thousands of frames; at 8 bytes an item a file could hold millions.
MAX_READS = 1_000_000
_FILE_META_GROUP = 2

# Nothing else is kept, so names and dates of patients never get into this program.
_ELEMENTS = """
    SOPClassUID Modality SeriesInstanceUID SeriesDescription InstanceNumber NumberOfFrames
    ImagePositionPatient ImageOrientationPatient PixelSpacing ImagerPixelSpacing
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit
    RescaleIntercept RescaleSlope ModalityLUTSequence WindowCenter WindowWidth VOILUTFunction VOILUTSequence
    RedPaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
    GreenPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableData
    BluePaletteColorLookupTableDescriptor BluePaletteColorLookupTableData
    ExtendedOffsetTable ExtendedOffsetTableLengths PixelData FloatPixelData DoubleFloatPixelData
""".split()

# pydicom's log lines and warnings quote values of the file, and those may be a patient's.
logging.getLogger("pydicom").propagate = False


class _CountedReader(io.BytesIO):
    """A file that may be read only so often."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise _TooManyElementsError
        return super().read(size)


class _TooManyElementsError(Exception):
    pass


def read_elements(data: bytes, name: str, *, pixels: bool) -> FileDataset:
    """The elements of a DICOM file that this package uses, pixel data among them if `pixels`.

    Raises ScanError when the file is damaged or cut off, or unpacks to more than MAX_INFLATED_BYTES.
    """
    with told_as_scan_error(name, "its elements cannot be read"):
        file = _CountedReader(_inflate(data, name))
        dataset = dcmread(file, force=True, stop_before_pixels=not pixels, specific_tags=list(_ELEMENTS))
        dataset.buffer = None  # else the data set keeps the whole file
        if file.tell() > len(file.getbuffer()) or any(map(_is_short, dataset.values())):
            raise damaged(name, "it promises more bytes than it holds")
    return dataset


def sequence_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where the element is missing or is no sequence."""
    if keyword not in dataset:
        return []
    element: Any = dataset.get_item(Tag(keyword))
    if isinstance(element, RawDataElement) and element.value:
        # pydicom would read it without counting.
        reader = _CountedReader(element.value)
        implicit, little = element.is_implicit_VR, element.is_little_endian
        return list(read_sequence(reader, implicit, little, len(element.value), "iso8859"))
    value = dataset[keyword].value
    return list(value) if dataset[keyword].VR == "SQ" and value else []


@contextmanager
def told_as_scan_error(name: str, why: str) -> Iterator[None]:
    """Whatever pydicom or a decoder raises or warns of inside becomes a ScanError without the file's own words.

    pydicom raises nearly any type on damaged files, RecursionError among them, and quotes values of the file.
    """
    # warnings.catch_warnings would change the filters of every thread, and mix them up when two files are read at once.
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
    try:
        yield
    except ScanError:
        raise
    except _TooManyElementsError:
        raise damaged(name, "it holds more elements than a series of scans needs") from None
    except Exception as error:
        raise damaged(name, f"{why} ({type(error).__name__})") from None


def damaged(name: str, why: str) -> ScanError:
    """The error for a DICOM file that breaks off or contradicts itself."""
    return ScanError(f"{name}: is a DICOM file, but {why}; export it again")


def _inflate(data: bytes, name: str) -> bytes:
    """The file with its data set unpacked, if it is of the one syntax that packs it; else the file as it is."""
    head = _CountedReader(data)
    read_preamble(head, force=True)
    meta = read_dataset(head, False, True, stop_when=lambda tag, vr, length: tag >> 16 != _FILE_META_GROUP)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return data
    start = head.tell()
    size = _inflated_size(data[start:])
    if size is None:
        raise damaged(name, "its compressed part is cut off")
    if size > MAX_INFLATED_BYTES:
        raise ScanError(
            f"{name}: unpacks to more than the {MAX_INFLATED_BYTES // 2**20} MiB that are read; "
            "export it without compression"
        )
    unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:])
    plain = ExplicitVRLittleEndian.ljust(len(DeflatedExplicitVRLittleEndian), "\x00")
    return data[:start].replace(DeflatedExplicitVRLittleEndian.encode(), plain.encode()) + unpacked


def _inflated_size(packed: bytes) -> int | None:
    """How many bytes come out, counted without keeping them until they are too many; None when there is no end."""
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not inflater.eof and size <= MAX_INFLATED_BYTES:
        chunk = inflater.decompress(packed, _CHUNK_BYTES)
        packed = inflater.unconsumed_tail
        if not chunk and not packed and not inflater.eof:
            return None
        size += len(chunk)
    return size


def _is_short(element: object) -> bool:
    # pydicom takes what is left of the file for the value of an element that promises more.
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF or element.value is None:
        return False
    return len(element.value) < element.length
