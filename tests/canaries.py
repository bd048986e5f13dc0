"""Files that hold a name wherever their format has room for one, and a search that looks everywhere for it."""

import base64
import binascii
import contextlib
import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import nibabel
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import dcmread
from pydicom.tag import Tag
from pydicom.uid import UID, ImplicitVRLittleEndian

from tests.dicom_factory import make_dicom
from tests.factories import encode
from tests.input.volumes import make_image

# In tags and other metadata: to be read nowhere. In file names: only where files are named.
TAG, NAME = "Quetzal^Tagname", "Zebrowski_Filename"
# Who a patient is, in words of many kinds.
_PERSON = (
    "PatientName PatientID OtherPatientIDs PatientBirthName PatientMotherBirthName PatientAddress PatientComments "
    "AdditionalPatientHistory MilitaryRank EthnicGroup Occupation ReferringPhysicianName PerformingPhysicianName "
    "OperatorsName InstitutionName InstitutionAddress InstitutionalDepartmentName StationName AccessionNumber StudyID "
    "StudyDescription SeriesDescription ProtocolName ImageComments DeviceSerialNumber AdmissionID "
    "RequestedProcedureDescription"
).split()
# Their values must look otherwise than a name does, and libraries that complain of them quote them.
_ODD = "PatientBirthDate StudyDate StudyTime PatientAge StudyInstanceUID FrameOfReferenceUID AcquisitionNumber".split()


def grey(seed: int, side_px: int = 64) -> np.ndarray:
    """A disc with grain."""
    rows, columns = np.mgrid[:side_px, :side_px] - side_px / 2
    grain = np.random.default_rng(seed).integers(0, 60, (side_px, side_px))
    return (np.where(np.hypot(rows, columns) < side_px / 2.5, 120, 0) + grain).astype(np.uint8)


def dicom_with_canaries(**elements: Any) -> bytes:
    """A DICOM file whose every describing tag, private tag and file header holds TAG."""
    named = dict.fromkeys(_PERSON, TAG)
    dataset = dcmread(io.BytesIO(make_dicom(grey(0).astype(np.uint16) * 16, **(named | elements))))
    block = dataset.private_block(0x0011, TAG, create=True)
    block.add_new(0x01, "LO", TAG)
    block.add_new(0x02, "OB", TAG.encode() + b" ")
    dataset.add_new(Tag(0x0010, 0x1002), "SQ", [dcmread(io.BytesIO(make_dicom(None, PatientName=TAG)))])
    dataset.file_meta.SourceApplicationEntityTitle = TAG
    dataset.file_meta.ImplementationVersionName = TAG
    dataset.file_meta.PrivateInformationCreatorUID = UID("1.2.3")
    dataset.file_meta.PrivateInformation = TAG.encode() + b" "
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    data = stream.getvalue()
    return TAG.encode().ljust(128, b"\0") + data[128:]  # the preamble may hold anything


def odd_dicom() -> bytes:
    """A readable DICOM file where TAG stands in dates, ages, numbers and identifiers too."""
    dataset = dcmread(io.BytesIO(dicom_with_canaries()))
    for keyword in _ODD:
        # As text, so that nothing refuses it before it is written; the file does not say what kind it is.
        dataset.add_new(keyword, "LO", TAG)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    stream = io.BytesIO()
    dataset.save_as(stream, implicit_vr=True, enforce_file_format=True)
    return stream.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298, 0x9C9B, 0x9C9C):
        exif[tag] = TAG
    exif.get_ifd(0x8769)[0x9286] = TAG.encode()
    exif.get_ifd(0x8769)[0xA430] = TAG
    return exif


def rasters_with_canaries() -> dict[str, bytes]:
    """By ending: one image per format, with TAG in EXIF, comments, text chunks, XMP and TIFF tags."""
    image, text = Image.fromarray(grey(1)), PngInfo()
    text.add_text("Author", TAG)
    text.add_text("Comment", TAG, zip=True)
    text.add_itxt("Title", TAG, "en", TAG, zip=True)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{TAG}</x:xmpmeta>".encode()
    tiff = {270: TAG, 269: TAG, 285: TAG, 305: TAG, 315: TAG, 316: TAG, 33432: TAG, 65000: TAG}
    return {
        "png": encode(image, "PNG", pnginfo=text, exif=_exif()),
        "jpg": encode(image, "JPEG", exif=_exif(), comment=TAG.encode(), xmp=xmp, quality=90),
        "tif": encode(image, "TIFF", tiffinfo=tiff),
        "webp": encode(image, "WEBP", exif=_exif().tobytes(), xmp=xmp, lossless=True),
        "bmp": encode(image, "BMP") + TAG.encode(),
    }


def nifti_with_canaries(compressed: bool = False) -> bytes:
    """A volume of three slices with TAG in its header, its extension and, compressed, in the gzip header."""
    image = make_image(np.stack([grey(seed).astype(np.int16) for seed in range(3)], axis=-1))
    for field in ("descrip", "aux_file", "intent_name", "db_name"):
        image.header[field] = TAG[:16].encode()
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", TAG.encode()))
    data: bytes = image.to_bytes()
    if not compressed:
        return data
    stream = io.BytesIO()
    with gzip.GzipFile(TAG, "wb", fileobj=stream) as file:
        file.write(data)
    return stream.getvalue()


def zip_with_canaries(name: str) -> bytes:
    """An archive of one PNG file called ``name``, with TAG in comments and in an extra field."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.comment = TAG.encode()
        info.extra = struct.pack("<HH", 0xCAFE, len(TAG)) + TAG.encode()
        archive.writestr(info, rasters_with_canaries()["png"])
        archive.comment = TAG.encode()
    return stream.getvalue()


def find_canaries(content: bytes, canary: str) -> bool:
    """Whether a word is anywhere in it: in text of one or two bytes, in compressed streams, in pictures of a page."""
    # A part of the word would be as telling; capitals and the separator of names may have changed.
    words = [word.lower() for word in re.split(r"[\^_]", canary)]
    forms = [word.encode(encoding) for word in words for encoding in ("ascii", "utf-16-le", "utf-16-be")]
    return any(form in piece.lower() for piece in _pieces(content) for form in forms)


def _pieces(content: bytes) -> Iterator[bytes]:
    yield content
    for found in re.findall(rb"base64,([A-Za-z0-9+/=]{40,})", content):
        yield from _pieces(base64.b64decode(found))
    # PDF: ASCII 85 around deflate, or either of them.
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\n?endstream", content, re.DOTALL):
        with contextlib.suppress(ValueError):
            stream = base64.a85decode(stream.strip().removesuffix(b"~>"))  # noqa: PLW2901
        try:
            yield zlib.decompress(stream)
        except zlib.error:
            yield stream
    if content.startswith(b"\x89PNG"):
        yield from _png_texts(content)
    if content[:2] in (b"PK", b"\x1f\x8b"):
        raise AssertionError("an archive, which this search does not open")


def _png_texts(content: bytes) -> Iterator[bytes]:
    offset = 8
    while offset < len(content):
        (length,) = struct.unpack_from(">I", content, offset)
        kind, data = content[offset + 4 : offset + 8], content[offset + 8 : offset + 8 + length]
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for start in [match.start() for match in re.finditer(rb"\x00", data)]:
                try:
                    yield zlib.decompress(data[start + 2 :])
                except (zlib.error, binascii.Error):
                    continue
        offset += 12 + length
