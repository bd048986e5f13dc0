"""Bad DICOM files, each with a patient's name that no message may tell."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from brain_tumor.problems import Problem
from tests.dicom_factory import insert_element, make_compressed, make_dicom, make_sequence, pixel_elements
from tests.factories import encode, png_bytes
from tests.hostile.bad_file import PATIENT, READS, BadFile, bad
from tests.hostile.rasters import many_scans, picture

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8)
_CLASS, _SYNTAX = "1.2.840.10008.5.1.4.1.1.", "1.2.840.10008.1.2.4."
_EIGHT_BITS = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
_DECODED, _WRONG_KIND, _NO_IMAGE = Problem.BAD_PIXELS, Problem.BAD_HEADER, Problem.NO_IMAGE
_PROMISES, _GREY, _TOO_MANY = Problem.CUT_OFF, Problem.BAD_GREY_SCALE, Problem.TOO_MANY_PIXELS
_OTHER_SIZE, _OTHER_START = Problem.PIXELS_OF_OTHER_SIZE, Problem.PIXELS_OF_OTHER_SYNTAX


def scan(values: NDArray[Any] | None = RAMP, **elements: Any) -> bytes:
    """An image of 8 x 8 pixels of somebody, with elements instead of or besides its own."""
    return make_dicom(
        values, **({"PatientName": PATIENT, "PatientID": PATIENT, "SeriesDescription": PATIENT} | elements)
    )


def zeros(rows: int, columns: int, size: int | None = None, frames: int = 1, **elements: Any) -> bytes:
    """A deflated image of zeros, packed piece by piece; size: of its pixels, if not what rows and columns ask for."""
    announced = {**pixel_elements(rows, columns), **elements}
    if size is None:
        size = rows * columns * announced["SamplesPerPixel"] * announced["BitsAllocated"] // 8 * frames
    if frames > 1:
        announced["NumberOfFrames"] = frames
    plain = make_dicom(None, syntax=DeflatedExplicitVRLittleEndian, **announced)
    front, packed = split_deflated(plain)
    head = zlib.decompress(packed, -zlib.MAX_WBITS)
    packer, piece = zlib.compressobj(9, wbits=-zlib.MAX_WBITS), bytes(2**20)
    packed = front + packer.compress(head + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size))
    packed += b"".join(packer.compress(piece) for _ in range(size >> 20))
    return packed + packer.compress(bytes(size % 2**20)) + packer.flush()


def split_deflated(data: bytes) -> tuple[bytes, bytes]:
    """A deflated file's meta information, and its packed data set."""
    # The first element of the meta information says how long the rest of it is.
    start = 144 + struct.unpack_from("<I", data, 140)[0]
    return data[:start], data[start:]


def deflate(data: bytes) -> bytes:
    """A data set, packed."""
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def coded(frame: bytes, syntax: UID, rows: int = 64, columns: int = 64, **elements: Any) -> bytes:
    """A compressed frame in an image that announces a size; 8-bit grey unless elements say otherwise."""
    return make_compressed(frame, syntax, rows, columns, **(_EIGHT_BITS | {"PatientName": PATIENT} | elements))


def jpeg(side: int = 64) -> bytes:
    """A lossy JPEG of noise."""
    return encode(picture(side=side), "JPEG")


def jpeg_2000(side: int = 64) -> bytes:
    """A JPEG 2000 codestream of noise."""
    stream = io.BytesIO()
    picture(side=side).save(stream, "JPEG2000", no_jp2=True)
    return stream.getvalue()


def run_lengths(segment: bytes, segments: int = 1, start: int = 64) -> bytes:
    """A frame of DICOM's run-length coding."""
    return struct.pack("<16I", segments, start, *[0] * 14) + segment


def jpeg_header(marker: int, rows: int, columns: int, bits: int = 8) -> bytes:
    """A JPEG stream that ends behind its frame header."""
    return (
        b"\xff\xd8" + struct.pack(">BBHBHHB3s", 0xFF, marker, 11, bits, rows, columns, 1, b"\x01\x11\x00") + b"\xff\xda"
    )


def nested(depth: int) -> bytes:
    """A sequence in a sequence, and so on, none of which ends."""
    return insert_element(scan(), _opened(0x0008, 0x1140) * depth)


def nested_where_read(depth: int) -> bytes:
    """As nested, in an element that the reader looks into."""
    return insert_element(scan(), _opened(0x5200, 0x9230) * depth)


def _opened(group: int, element: int) -> bytes:
    return struct.pack("<HH2sHI", group, element, b"SQ", 0, 0xFFFFFFFF) + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"


def _pixels() -> bytes:
    return struct.pack("<HH", 0x7FE0, 0x10)


def with_length(length: int) -> bytes:
    """Pixel data that say how long they are."""
    data = scan()
    offset = data.index(_pixels()) + 8
    return data[:offset] + struct.pack("<I", length) + data[offset + 4 :]


def with_words(keyword: str, vr: bytes, words: bytes) -> bytes:
    """An element with another value representation and value than the standard says."""
    numbers = {"Rows": (0x28, 0x10), "BitsStored": (0x28, 0x101), "InstanceNumber": (0x20, 0x13)}
    group, element = numbers[keyword]
    data = scan(**{keyword: None})
    new = struct.pack("<HH2sH", group, element, vr, len(words)) + words
    return insert_element(data, new)


def with_text(group: int, element: int, text: bytes, vr: bytes = b"DS") -> bytes:
    """One more element of text, at a place that sorts wrongly, as pydicom would not write it."""
    text += b" " * (len(text) % 2)
    return insert_element(scan(), struct.pack("<HH2sH", group, element, vr, len(text)) + text)


def of_class(number: str) -> bytes:
    """A file without pixels, of another kind than an image."""
    return scan(None, SOPClassUID=number if number.startswith("1.2") else _CLASS + number)


def with_table(keyword: str, descriptor: list[int], entries: int) -> bytes:
    """An image whose lookup table has these values."""
    item = make_sequence(LUTDescriptor=descriptor, LUTData=[0] * entries)
    item[0]["LUTDescriptor"].VR = item[0]["LUTData"].VR = "US"
    elements: dict[str, Any] = {keyword: item}
    return scan(**elements)


def palette(**elements: Any) -> bytes:
    """A palette image; without elements the tables are missing."""
    return scan(RAMP.astype(np.uint8), PhotometricInterpretation="PALETTE COLOR", **elements)


def tables(descriptor: list[int], data: bytes) -> dict[str, Any]:
    """Three equal palette tables."""
    found: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        found[f"{colour}PaletteColorLookupTableDescriptor"] = descriptor
        found[f"{colour}PaletteColorLookupTableData"] = data
    return found


def floats(**elements: Any) -> bytes:
    """NaN and infinity among floating-point pixels."""
    values = np.array([[1, np.nan], [np.inf, -np.inf]], np.float32)
    return scan(None, **(pixel_elements(2, 2) | {"BitsAllocated": 32, "FloatPixelData": values.tobytes()} | elements))


def behind_a_mark(front: bytes) -> bytes:
    """A DICOM file whose preamble, which anything may stand in, looks like another format."""
    return front.ljust(128, b"\x00") + scan()[128:]


FILES: tuple[BadFile, ...] = (
    bad("mark-only.dcm", bytes(128) + b"DICM", _NO_IMAGE),
    bad("preamble-only.dcm", bytes(128), Problem.UNKNOWN_FORMAT),
    bad("cut-in-its-header.dcm", lambda: scan()[:300], ""),
    bad("cut-in-its-pixels.dcm", lambda: scan()[:-20], _PROMISES),
    bad("cut-before-its-pixels.dcm", lambda: (data := scan())[: data.index(_pixels())], Problem.NO_PIXELS),
    bad("noise-behind-its-mark.dcm", lambda: bytes(128) + b"DICM" + np.random.default_rng(2).bytes(5000), ""),
    bad("zeros-behind-its-mark.dcm", lambda: bytes(128) + b"DICM" + bytes(100_000), ""),
    bad("pdf.dcm", lambda: behind_a_mark(b"%PDF-1.7\n"), READS),
    bad("program.dcm", lambda: behind_a_mark(b"MZ\x90\x00"), READS),
    bad("tiff.dcm", lambda: behind_a_mark(b"II*\x00\x80\x00\x00\x00"), READS),
    bad("really-dicom.png", scan, READS),
    bad("nested-10000-deep.dcm", lambda: nested(10_000), Problem.BAD_ELEMENTS),
    bad("groups-nested-10000-deep.dcm", lambda: nested_where_read(10_000), Problem.BAD_ELEMENTS),
    bad("pixels-longer-than-the-file.dcm", lambda: with_length(2**31), _PROMISES),
    bad("pixels-of-undefined-length.dcm", lambda: with_length(2**32 - 1), ""),
    bad("unknown-syntax.dcm", lambda: scan().replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.99999.1.2.9\x00"), ""),
    bad("rows-in-words.dcm", lambda: with_words("Rows", b"LO", b"many"), _WRONG_KIND),
    bad("rows-unknown.dcm", lambda: with_words("Rows", b"??", b"\x08\x00"), ""),
    bad("bits-in-words.dcm", lambda: with_words("BitsStored", b"LO", b"many"), _DECODED),
    bad("number-in-words.dcm", lambda: with_words("InstanceNumber", b"IS", b"CANARY^JANE "), READS),
    bad("frames-in-words.dcm", lambda: with_text(0x28, 8, b"CANARY^JANE", b"IS"), ""),
    bad("slope-in-words.dcm", lambda: with_text(0x28, 0x1053, b"CANARY^JANE"), _GREY),
    bad("slope-not-a-number.dcm", lambda: with_text(0x28, 0x1053, b"nan"), _GREY),
    bad("slope-too-large.dcm", lambda: with_text(0x28, 0x1053, b"1e308"), READS),
    bad("window-in-words.dcm", lambda: with_text(0x28, 0x1050, b"CANARY^JANE"), READS),
    bad("window-of-no-width.dcm", lambda: scan(WindowCenter=4, WindowWidth=0), READS),
    bad("window-of-negative-width.dcm", lambda: scan(WindowCenter=4, WindowWidth=-9), READS),
    bad("window-of-unknown-shape.dcm", lambda: scan(WindowCenter=4, WindowWidth=9, VOILUTFunction="SPIRAL"), READS),
    bad("position-in-words.dcm", lambda: with_text(0x20, 0x32, b"CANARY^JANE\\a\\b"), _WRONG_KIND),
    bad("position-too-far.dcm", lambda: with_text(0x20, 0x32, b"1e308\\1e308\\1e308"), READS),
    bad("orientation-not-a-number.dcm", lambda: with_text(0x20, 0x37, b"nan\\nan\\nan\\nan\\nan\\nan"), READS),
    bad("series-of-4000-letters.dcm", lambda: with_text(0x20, 0xE, b"1" * 4000, b"UI"), READS),
    bad("unknown-letters.dcm", lambda: scan(SpecificCharacterSet="ISO_IR 192").replace(
        b"ISO_IR 192", b"ISO_IR 999"), READS),
    bad("another-modality.dcm", lambda: scan(Modality="US"), READS),
    bad("no-modality.dcm", lambda: scan(Modality=None), READS),
    bad("no-class.dcm", lambda: make_dicom(RAMP, SOPClassUID=None), READS),
)  # fmt: skip

OBJECTS: tuple[BadFile, ...] = (
    bad("structured-report.dcm", lambda: of_class("88.11"), Problem.OTHER_OBJECT),
    bad("pdf-inside.dcm", lambda: of_class("104.1"), Problem.OTHER_OBJECT),
    bad("dicomdir", lambda: of_class("1.2.840.10008.1.3.10"), Problem.DICOMDIR),
    bad("presentation-state.dcm", lambda: of_class("11.1"), Problem.OTHER_OBJECT),
    bad("structures.dcm", lambda: of_class("481.3"), Problem.OTHER_OBJECT),
    bad("electrocardiogram.dcm", lambda: of_class("9.1.1"), Problem.OTHER_OBJECT),
    bad("raw-data.dcm", lambda: of_class("66"), Problem.OTHER_OBJECT),
    bad("spectroscopy.dcm", lambda: of_class("4.2"), Problem.OTHER_OBJECT),
    bad("private-class.dcm", lambda: of_class("1.2.826.0.1.3680043.99"), _NO_IMAGE),
    bad("video.dcm", lambda: coded(b"\x00\x00\x01\xb3", UID(_SYNTAX + "100")), Problem.VIDEO),
    bad("pixels-on-a-server.dcm", lambda: coded(bytes(4), UID(_SYNTAX + "94")), Problem.PIXELS_ELSEWHERE),
)

PIXELS: tuple[BadFile, ...] = (
    bad("no-pixels.dcm", lambda: scan(None, **pixel_elements(8, 8)), Problem.NO_PIXELS),
    bad("short-pixels.dcm", lambda: scan(None, **pixel_elements(8, 8), PixelData=bytes(20)), _DECODED),
    bad("long-pixels.dcm", lambda: scan(None, **pixel_elements(8, 8), PixelData=bytes(4000)), READS),
    bad("no-size.dcm", lambda: scan(Rows=None), _NO_IMAGE),
    bad("0-x-0.dcm", lambda: scan(Rows=0, Columns=0), Problem.BAD_SIZE),
    bad("1-x-1.dcm", lambda: scan(np.ones((1, 1), np.uint16)), READS),
    bad("1-x-20000.dcm", lambda: scan(np.ones((20_000, 1), np.uint16)), READS),
    bad("65000-x-65000.dcm", lambda: scan(Rows=65_000, Columns=65_000), _TOO_MANY),
    bad("2000-frames.dcm", lambda: scan(np.ones((2000, 2, 2), np.uint16)), READS),
    bad("announces-2000-frames.dcm", lambda: scan(NumberOfFrames=2000), _DECODED),
    bad("announces-2000000000-frames.dcm", lambda: scan(NumberOfFrames=2_000_000_000), Problem.TOO_MANY_FRAMES),
    bad("no-frames.dcm", lambda: scan(NumberOfFrames=0), Problem.BAD_FRAME_COUNT),
    bad("negative-frames.dcm", lambda: scan(NumberOfFrames=-1), Problem.BAD_FRAME_COUNT),
    bad("0-bits.dcm", lambda: scan(BitsAllocated=0), _DECODED),
    bad("7-bits.dcm", lambda: scan(BitsAllocated=7), _DECODED),
    bad("64-bits.dcm", lambda: scan(BitsAllocated=64), _DECODED),
    bad("65535-bits.dcm", lambda: scan(BitsAllocated=65_535), _DECODED),
    bad("more-bits-than-there-are.dcm", lambda: scan(BitsStored=32), _DECODED),
    bad("no-stored-bits.dcm", lambda: scan(BitsStored=0), _DECODED),
    bad("high-bit-255.dcm", lambda: scan(HighBit=255), _DECODED),
    bad("bits-missing.dcm", lambda: scan(BitsAllocated=None), _DECODED),
    bad("sign-of-another-kind.dcm", lambda: scan(PixelRepresentation=7), _DECODED),
    bad("no-channels.dcm", lambda: scan(SamplesPerPixel=0), _DECODED),
    bad("4-channels.dcm", lambda: scan(SamplesPerPixel=4), _DECODED),
    bad("colour-in-one-channel.dcm", lambda: scan(PhotometricInterpretation="RGB"), _DECODED),
    bad("unknown-colours.dcm", lambda: scan(PhotometricInterpretation="HSV"), Problem.UNKNOWN_PIXELS),
    bad("meaning-missing.dcm", lambda: scan(PhotometricInterpretation=None), Problem.UNKNOWN_PIXELS),
    bad("planes-of-another-kind.dcm", lambda: scan(np.ones((8, 8, 3), np.uint8), PlanarConfiguration=5), _DECODED),
    bad("palette-without-tables.dcm", palette, _DECODED),
    bad("palette-with-short-tables.dcm", lambda: palette(**tables([256, 0, 16], bytes(10))), _DECODED),
    bad("palette-of-99-bits.dcm", lambda: palette(**tables([256, 0, 99], bytes(512))), _DECODED),
    bad("window-table-of-nothing.dcm", lambda: with_table("VOILUTSequence", [9, 0, 16], 2), _GREY),
    bad("modality-table-of-99-bits.dcm", lambda: with_table("ModalityLUTSequence", [2, 0, 99], 2), _GREY),
    bad("table-without-descriptor.dcm", lambda: scan(VOILUTSequence=make_sequence(LUTExplanation="x")), _GREY),
    bad("floats.dcm", floats, READS),
    bad("floats-cut.dcm", lambda: floats(FloatPixelData=bytes(4)), _DECODED),
    bad("both-kinds-of-pixels.dcm", lambda: floats(PixelData=bytes(8)), ""),
)

CODED: tuple[BadFile, ...] = (
    bad("no-fragments.dcm", lambda: coded(bytes(4), JPEGBaseline8Bit), _OTHER_START),
    bad("jpeg-larger-than-it-says.dcm", lambda: coded(jpeg(128), JPEGBaseline8Bit), _OTHER_SIZE),
    bad("jpeg-of-65000-x-65000.dcm", lambda: coded(jpeg_header(0xC0, 65_000, 65_000), JPEGBaseline8Bit), _OTHER_SIZE),
    bad("jpeg-cut.dcm", lambda: coded(jpeg()[:-300], JPEGBaseline8Bit), _DECODED),
    bad("jpeg-header-only.dcm", lambda: coded(jpeg_header(0xC0, 64, 64), JPEGBaseline8Bit), _DECODED),
    bad("jpeg-of-20000-scans.dcm", lambda: coded(many_scans(2000, 20_000), JPEGBaseline8Bit, 2000, 2000),
        Problem.TOO_MANY_SCANS),
    bad("png-as-jpeg.dcm", lambda: coded(png_bytes(), JPEGBaseline8Bit), _OTHER_START),
    bad("jpeg-as-jpeg-2000.dcm", lambda: coded(jpeg(), JPEG2000Lossless), _OTHER_START),
    bad("jpeg-2000-cut.dcm", lambda: coded(jpeg_2000()[:500], JPEG2000Lossless), ""),
    bad("jpeg-2000-larger-than-it-says.dcm", lambda: coded(jpeg_2000(128), JPEG2000Lossless), _OTHER_SIZE),
    bad("lossless-jpeg-cut.dcm", lambda: coded(jpeg_header(0xC3, 64, 64), JPEGLosslessSV1), _DECODED),
    bad("jpeg-ls-cut.dcm", lambda: coded(jpeg_header(0xF7, 64, 64), JPEGLSLossless), _DECODED),
    bad("jpeg-ls-of-65000-x-65000.dcm", lambda: coded(jpeg_header(0xF7, 65_000, 65_000), JPEGLSLossless), _OTHER_SIZE),
    bad("run-lengths-short.dcm", lambda: coded(run_lengths(b"\x81\x00"), RLELossless), _DECODED),
    bad("run-lengths-of-15-segments.dcm", lambda: coded(run_lengths(b"\x81\x00", 15), RLELossless), _DECODED),
    bad("run-lengths-beyond-the-end.dcm", lambda: coded(run_lengths(b"\x81\x00", 1, 2**31), RLELossless), _DECODED),
    bad("run-length-bomb.dcm", lambda: coded(run_lengths(b"\x81\x00" * 2**20), RLELossless), Problem.PIXELS_TOO_LARGE),
    bad("plain-pixels-as-jpeg.dcm", lambda: scan().replace(
        b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.4.50"[:20]), ""),
    bad("deflate-bomb.dcm", lambda: zeros(64, 64, 2**28), Problem.INFLATED_TOO_LARGE),
    bad("deflate-bomb-below-the-limit.dcm", lambda: zeros(64, 64, 120 * 2**20), READS),
    bad("deflated-5000-x-5000.dcm", lambda: zeros(5000, 5000), READS),
    bad("deflated-colour-of-16-bit.dcm", lambda: zeros(4500, 4500, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="RGB"), READS),
    bad("deflated-video-colour.dcm", lambda: zeros(5000, 5000, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="YBR_FULL", **_EIGHT_BITS), READS),
    bad("deflated-palette.dcm", lambda: zeros(5000, 5000, PhotometricInterpretation="PALETTE COLOR",
        **tables([256, 0, 16], bytes(512)), **_EIGHT_BITS), READS),
    bad("deflated-single-bits.dcm", lambda: zeros(5000, 5000, BitsAllocated=1, BitsStored=1, HighBit=0), READS),
    bad("deflated-2000-frames.dcm", lambda: zeros(64, 64, frames=2000), READS),
    bad("deflated-cut.dcm", lambda: zeros(64, 64)[:-20], Problem.DEFLATED_CUT_OFF),
    bad("deflated-noise.dcm", lambda: zeros(64, 64)[:-40] + bytes(range(40)), ""),
    bad("big-endian.dcm", lambda: make_dicom(RAMP, syntax=ExplicitVRBigEndian), READS),
    bad("implicit.dcm", lambda: make_dicom(RAMP, syntax=ImplicitVRLittleEndian), READS),
    bad("large-jpeg.dcm", lambda: coded(encode(Image.new("L", (5000, 5000)), "JPEG"), JPEGBaseline8Bit, 5000, 5000),
        READS),
)  # fmt: skip
