"""Bytes -> the elements of a DICOM file that matter here, without trusting the file's own promises."""

import io
import logging
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset, read_preamble, read_sequence
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

# A deflated data set may be a thousand times larger than its file; twice the largest plain file is enough.
MAX_INFLATED_BYTES = 128 * 2**20
_CHUNK_BYTES = 2**20
# pydicom reads twice or thrice per element and makes an object of each item, even of an empty one. A frame of enhanced
# MR takes 30 to 300 reads, so this is room for thousands of frames; at 8 bytes an item a file could hold millions.
MAX_READS = 1_000_000
_FILE_META_GROUP = 2

# Nothing else is kept, so names and dates of patients never get into this program.
_ELEMENTS = """
    ImageType ComplexImageComponent StackID EchoNumbers EchoTime DiffusionBValue DiffusionGradientOrientation
    TemporalPositionIdentifier ContentTime ConcatenationUID InConcatenationNumber
    InversionTime FlipAngle TriggerTime AcquisitionNumber AcquisitionTime SliceLocation DimensionIndexSequence
    SpacingBetweenSlices SliceThickness SeriesNumber ProtocolName SequenceName PulseSequenceName PatientOrientation
    SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID
    Modality SeriesDescription InstanceNumber NumberOfFrames
    ImagePositionPatient ImageOrientationPatient PixelSpacing ImagerPixelSpacing PixelAspectRatio
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit
    RescaleIntercept RescaleSlope ModalityLUTSequence WindowCenter WindowWidth VOILUTFunction VOILUTSequence
    RedPaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
    GreenPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableData
    BluePaletteColorLookupTableDescriptor BluePaletteColorLookupTableData
    ExtendedOffsetTable ExtendedOffsetTableLengths PixelData FloatPixelData DoubleFloatPixelData
""".split()

# What tells two patients apart whose series share their identifier by mistake; only a number made of it is kept.
_PATIENT = ("PatientName", "PatientID")
# Texts that people fill in; one that names the patient is dropped.
_DESCRIBING = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
_SHORTEST_NAME = 3

# Elements of vendors that say what the standard's own say, or said before it did; each beside its block's creator.
PRIVATE_TAGS = (
    (0x0019, 0x0010), (0x0043, 0x0010), (0x2001, 0x0010), (0x2005, 0x0010),
    (0x0019, 0x100A), (0x0019, 0x100C), (0x0019, 0x100E), (0x0019, 0x10BB), (0x0019, 0x10BC), (0x0019, 0x10BD),
    (0x0043, 0x102F), (0x0043, 0x1039), (0x2001, 0x1003), (0x2005, 0x10B0), (0x2005, 0x10B1), (0x2005, 0x10B2),
)  # fmt: skip

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


@dataclass(frozen=True, slots=True, eq=False)
class HeaderElements:
    """The elements of a DICOM file that this package uses, but for the pixel data."""

    dataset: FileDataset
    patient: int | None  # equal for the same name and number, in one run of the program; None where there is neither
    pixels_at: int  # where the pixel data begin, in the file as it is once its data set is unpacked


def read_header_elements(data: bytes, name: str) -> HeaderElements:
    """Parse a file up to its pixel data.

    Args:
        data: the whole file.
        name: used in messages only.

    Raises:
        ScanError: the file is damaged or cut off, or unpacks to more than MAX_INFLATED_BYTES.
    """
    with as_scan_error(name, Problem.BAD_ELEMENTS):
        file = _CountedReader(_inflate(data, name))
        dataset = _parse_header(file, name, [*_ELEMENTS, *_PATIENT, *map(Tag, PRIVATE_TAGS)])
        return HeaderElements(dataset, _take_patient(dataset), file.tell())


def read_whole_header(data: bytes, name: str) -> FileDataset:
    """Everything that stands before the pixel data, names and dates too: for objects of the same patient and study.

    Args:
        data: the whole file.
        name: used in messages only.

    Raises:
        ScanError: as read_header_elements.
    """
    with as_scan_error(name, Problem.BAD_ELEMENTS):
        return _parse_header(_CountedReader(_inflate(data, name)), name, None)


def read_elements(data: bytes, name: str, keywords: Sequence[str]) -> FileDataset:
    """Some of the elements before the pixel data, and no others.

    Args:
        data: the whole file.
        name: used in messages only.
        keywords: of the elements.

    Raises:
        ScanError: as read_header_elements.
    """
    with as_scan_error(name, Problem.BAD_ELEMENTS):
        return _parse_header(_CountedReader(_inflate(data, name)), name, list(keywords))


def _parse_header(file: _CountedReader, name: str, keywords: list[Any] | None) -> FileDataset:
    dataset = dcmread(file, force=True, stop_before_pixels=True, specific_tags=keywords)
    dataset.buffer = None  # else the data set keeps the whole file
    _check_whole(file, dataset, name)
    return dataset


def _take_patient(dataset: FileDataset) -> int | None:
    """A number for the patient, whose name leaves the data set with every text that repeats it."""
    found = [str(dataset.get(keyword) or "").strip(" \x00") for keyword in _PATIENT]
    for keyword in _PATIENT:
        if keyword in dataset:
            del dataset[keyword]
    words = [word for text in found for word in re.split(r"[\s^=,]+", text.casefold()) if len(word) >= _SHORTEST_NAME]
    for keyword in _DESCRIBING:
        if any(word in str(dataset.get(keyword) or "").casefold() for word in words):
            del dataset[keyword]
    # Some programs write a name in capitals, or fill it with blanks.
    return hash(tuple(" ".join(text.casefold().split()) for text in found)) if any(found) else None


def read_pixel_elements(data: bytes, header: HeaderElements, name: str) -> FileDataset:
    """Parse the rest of a file.

    Args:
        data: the whole file.
        header: of the same file.
        name: used in messages only.

    Returns:
        The header's elements and the pixel data.

    Raises:
        ScanError: as read_header_elements.
    """
    with as_scan_error(name, Problem.BAD_ELEMENTS):
        file = _CountedReader(_inflate(data, name))
        file.seek(header.pixels_at)
        implicit, little = header.dataset.original_encoding
        pixels = read_dataset(file, bool(implicit), bool(little), specific_tags=[Tag(word) for word in _ELEMENTS])
        _check_whole(file, pixels, name)
        # A new one, for the header may be kept, and the pixels must not be.
        elements = dict(header.dataset.items()) | dict(pixels.items())
        return FileDataset("", elements, None, header.dataset.file_meta, bool(implicit), bool(little))


def held_bytes(dataset: Dataset) -> int:
    """How much memory a data set takes at most, about.

    Measured with pydicom 3: 2 KiB for itself, half a kilobyte an element, and the bytes of values not yet asked for.
    """
    held = 2 * 2**10
    for element in dataset.values():
        held += 512
        if isinstance(element, RawDataElement):
            held += len(element.value or b"")
        elif element.VR == "SQ":
            held += sum(map(held_bytes, element.value))
    return held


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
def as_scan_error(name: str, problem: Problem) -> Iterator[None]:
    """Whatever pydicom or a decoder raises or warns of inside becomes a ScanError without the file's own words.

    pydicom raises nearly any type on damaged files, RecursionError among them, and quotes values of the file.

    Args:
        name: of the file.
        problem: that is meant; its one fact is the name of the error's type.
    """
    # warnings.catch_warnings would change the filters of every thread, and mix them up when two files are read at once.
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
    try:
        yield
    except ScanError:
        raise
    except Exception as error:
        # pydicom makes errors of its own of some that a read raises.
        if isinstance(error, _TooManyElementsError) or isinstance(error.__context__, _TooManyElementsError):
            raise ScanError(name, Problem.TOO_MANY_ELEMENTS) from None
        raise ScanError(name, problem, found=type(error).__name__) from None


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
        raise ScanError(name, Problem.DEFLATED_CUT_OFF)
    if size > MAX_INFLATED_BYTES:
        raise ScanError(name, Problem.INFLATED_TOO_LARGE, limit_mib=MAX_INFLATED_BYTES // 2**20)
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


def _check_whole(file: _CountedReader, dataset: Dataset, name: str) -> None:
    if file.tell() > len(file.getbuffer()) or any(map(_is_short, dataset.values())):
        raise ScanError(name, Problem.CUT_OFF)


def _is_short(element: object) -> bool:
    # pydicom takes what is left of the file for the value of an element that promises more.
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF or element.value is None:
        return False
    return len(element.value) < element.length
