"""Damages small good files in ways drawn from a seed, and reads each; as a program, many of one format.

    python -m tests.hostile.mutations FORMAT FIRST LAST

Reads the mutations with the numbers FIRST to LAST, both included, printing a line "FORMAT NUMBER" before each one that
goes wrong, and at the end how many were read and how many refused. Where the process dies, FORMAT and number stand in
the file that $MUTATION_LOG names, so that `python -m tests.hostile.mutations FORMAT NUMBER NUMBER` repeats it.
"""

import gzip
import os
import random
import sys
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image
from pydicom.data.data_manager import DATA_ROOT
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from brain_tumor.input.source_file import SourceFile
from tests.dicom_factory import make_dicom, make_sequence, make_table
from tests.factories import encode
from tests.hostile.archives import pack, tar_bytes
from tests.hostile.bad_file import MAX_MEMORY_MB, MAX_PROCESSOR_S, READS
from tests.hostile.dicoms import coded, deflate, jpeg, jpeg_2000, run_lengths, scan, split_deflated
from tests.hostile.reading import answers_of, children_mb, good_files, peak_mb, processor_s
from tests.input.test_matlab import hdf5_bytes, older_bytes
from tests.input.volumes import make_image, metaimage_bytes, mgh_bytes, nifti_bytes, nrrd_bytes

_SIDE_PX = 24
_RASTERS = ("PNG", "JPEG", "BMP", "TIFF", "TIFF-stack", "GIF", "JPEG2000", "AVIF", "HEIF", "WEBP")
_EDGES = (0, 1, 2, 3, 127, 128, 254, 255)
# Length fields are where readers trust a file most; written over what stands there in both byte orders.
_NUMBERS = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def _picture(mode: str) -> Image.Image:
    size = _SIDE_PX * _SIDE_PX * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (_SIDE_PX, _SIDE_PX), (np.arange(size) * 7 % 251).astype(np.uint8).tobytes())


def _pictures(file_format: str) -> list[bytes]:
    grey, colour = _picture("L"), _picture("RGB")
    deep = Image.fromarray(np.arange(_SIDE_PX * _SIDE_PX, dtype=np.uint16).reshape(_SIDE_PX, _SIDE_PX))
    return {
        "PNG": lambda: [encode(grey, "PNG"), encode(_picture("RGBA"), "PNG"), encode(deep, "PNG"),
                        encode(colour.quantize(16), "PNG", transparency=3)],
        "JPEG": lambda: [encode(grey, "JPEG"), encode(colour, "JPEG", progressive=True),
                         encode(_picture("CMYK"), "JPEG"), encode(colour, "JPEG", exif=Image.Exif())],
        "BMP": lambda: [encode(grey, "BMP"), encode(colour, "BMP"), encode(colour.quantize(16), "BMP")],
        "TIFF": lambda: [encode(grey, "TIFF"), encode(deep, "TIFF"), encode(colour, "TIFF", compression="tiff_lzw"),
                         encode(colour, "TIFF", compression="jpeg"), encode(grey, "TIFF", compression="tiff_deflate"),
                         encode(grey.convert("1"), "TIFF", compression="group4")],
        "TIFF-stack": lambda: [_stack(grey), _stack(deep), _stack(Image.fromarray(_rows(np.float32))),
                               encode(colour, "TIFF", save_all=True, append_images=[colour], compression="tiff_lzw")],
        "GIF": lambda: [encode(grey, "GIF"), encode(colour.quantize(16), "GIF", transparency=3), _stack(grey, "GIF")],
        "JPEG2000": lambda: [encode(grey, "JPEG2000"),
                             encode(deep, "JPEG2000", no_jp2=True), encode(colour, "JPEG2000")],
        "AVIF": lambda: [encode(grey, "AVIF"), encode(_picture("RGBA"), "AVIF")],
        "HEIF": lambda: [_heif(grey), _heif(colour)],
        "WEBP": lambda: [encode(colour, "WEBP"), encode(colour, "WEBP", lossless=True),
                         encode(_picture("RGBA"), "WEBP")],
    }[file_format]()  # fmt: skip


def _stack(page: Image.Image, file_format: str = "TIFF") -> bytes:
    return encode(page, file_format, save_all=True, append_images=[page.transpose(Image.Transpose.ROTATE_90)])


def _heif(picture: Image.Image) -> bytes:
    pillow_heif.register_heif_opener()
    return encode(picture, "HEIF")


def _rows(dtype: type[np.generic]) -> np.ndarray:
    return np.arange(_SIDE_PX * _SIDE_PX).reshape(_SIDE_PX, _SIDE_PX).astype(dtype)


def _plain_dicoms() -> list[bytes]:
    positions = [make_sequence(ImagePositionPatient=[0, 0, 1])[0]] * 3
    return [
        scan(_rows(np.uint16), WindowCenter=200, WindowWidth=300, RescaleSlope=2, PixelSpacing=[1, 1]),
        scan(_rows(np.int16), ModalityLUTSequence=make_table([1, 2, 3, 4], -1), PixelPaddingValue=5),
        make_dicom(np.stack([_rows(np.uint8)] * 3), PerFrameFunctionalGroupsSequence=positions),
        make_dicom(np.ones((8, 8, 3), np.uint8)),
    ]


def _other_syntaxes() -> list[bytes]:
    positions = make_sequence(ImagePositionPatient=[0, 0, 1])
    return [
        make_dicom(
            _rows(np.uint16),
            syntax=syntax,
            WindowCenter=200,
            WindowWidth=300,
            PerFrameFunctionalGroupsSequence=positions,
        )
        for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian)
    ]


def _from_pydicom(*names: str) -> list[bytes]:
    """Files that pydicom brings for its own tests: nothing installed here can compress so."""
    return [(Path(DATA_ROOT) / "test_files" / name).read_bytes() for name in names]


def _run_lengths() -> bytes:
    row = b"\xe9\x07"  # 24 times the same
    return coded(run_lengths(row * _SIDE_PX), RLELossless, _SIDE_PX, _SIDE_PX)


_TREE = {"a.png": encode(_picture("L"), "PNG"), "b/c.nii": nifti_bytes(), "d.dcm": scan()}

_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    **{name: lambda name=name: _pictures(name) for name in _RASTERS},  # type: ignore[misc]
    "DICOM": _plain_dicoms,
    "DICOM-deflated": lambda: [
        make_dicom(_rows(np.uint16), syntax=DeflatedExplicitVRLittleEndian, WindowCenter=9, WindowWidth=9)
    ],
    "DICOM-JPEG": lambda: [coded(jpeg(_SIDE_PX), JPEGBaseline8Bit, _SIDE_PX, _SIDE_PX)],
    "DICOM-JPEG-2000": lambda: [coded(jpeg_2000(_SIDE_PX), JPEG2000Lossless, _SIDE_PX, _SIDE_PX)],
    "DICOM-run-lengths": lambda: [_run_lengths()],
    "DICOM-implicit-and-big-endian": _other_syntaxes,
    # GDCM's formats, in its process of its own.
    "DICOM-lossless-JPEG": lambda: _from_pydicom("SC_rgb_jpeg_gdcm.dcm"),
    "DICOM-JPEG-12-bit": lambda: _from_pydicom("JPGExtended.dcm"),
    "DICOM-JPEG-LS": lambda: _from_pydicom("JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm",
                                           "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jls_lossy_line.dcm"),
    "NIfTI": lambda: [nifti_bytes(), nifti_bytes(_volume(np.float32)), nifti_bytes(_volume(np.uint8), cal_max=50)],
    "NIfTI-2": lambda: [make_image(version=2).to_bytes(), make_image(_volume(np.float32), version=2).to_bytes()],
    "NIfTI-gzip": lambda: [
        gzip.compress(nifti_bytes(), mtime=0), gzip.compress(nifti_bytes(_volume(np.uint8)), 0, mtime=0)
    ],
    "MGH": lambda: [mgh_bytes(), mgh_bytes(np.float32)],
    "MGH-gzip": lambda: [gzip.compress(mgh_bytes(), mtime=0)],
    "NRRD": lambda: [nrrd_bytes(), nrrd_bytes("gzip")],
    "MetaImage": lambda: [metaimage_bytes(False), metaimage_bytes(True)],
    "MATLAB-7.3": lambda: [hdf5_bytes(), hdf5_bytes(compression="gzip")],
    "MATLAB-5": lambda: [older_bytes(), older_bytes(compress=False)],
    "DICOM-gzip": lambda: [gzip.compress(scan(), mtime=0)],
    "TAR": lambda: [tar_bytes(_TREE), tar_bytes({"a" * 120 + "/b.png": encode(_picture("L"), "PNG")}, pax=True)],
    "TAR-gzip": lambda: [gzip.compress(tar_bytes(_TREE), mtime=0)],
    "ZIP": lambda: [
        pack({"a.png": encode(_picture("L"), "PNG"), "b/c.nii": nifti_bytes(), "d.dcm": scan()}),
        pack({"in.zip": pack({"a.bmp": encode(_picture("L"), "BMP")}), "b.txt": b"text"}, 0),
    ],
}  # fmt: skip
FORMATS = tuple(_SEEDS)


def _volume(dtype: type[np.generic]) -> np.ndarray:
    return np.arange(60).reshape(3, 4, 5).astype(dtype)


@cache
def seeds(file_format: str) -> list[bytes]:
    """Good files of a format."""
    return _SEEDS[file_format]()


def mutation(file_format: str, number: int) -> bytes:
    """A good file of a format with one to eight damages, always the same for the same number.

    Where checksums or packing would hide nearly all damage from the reader, that of even numbers lies behind them.
    """
    dice = random.Random(f"{file_format} {number}")  # noqa: S311 - the same damage every time
    if number % 2 == 0 and file_format.endswith("-gzip"):
        return gzip.compress(mutation(file_format.removesuffix("-gzip"), number), 1, mtime=0)
    if number % 2 == 0 and file_format == "ZIP":
        return pack({"a": mutation(dice.choice(FORMATS), number + 1), "b/c": mutation("DICOM", number)})
    seed = dice.choice(seeds(file_format))
    if number % 2 == 0 and file_format == "DICOM-deflated":
        front, packed = split_deflated(seed)
        return front + deflate(_damaged(zlib.decompress(packed, -zlib.MAX_WBITS), dice, file_format))
    data = _damaged(seed, dice, file_format)
    return with_checksums(data) if number % 2 == 0 and file_format == "PNG" else data


def with_checksums(data: bytes) -> bytes:
    """A PNG with the checksum that each chunk should have, as far as chunks can be separated."""
    fitting, offset = bytearray(data), 8
    while offset + 12 <= len(data):
        end = offset + 8 + int.from_bytes(data[offset : offset + 4], "big")
        if end + 4 > len(data):
            break
        fitting[end : end + 4] = zlib.crc32(data[offset + 4 : end]).to_bytes(4, "big")
        offset = end + 4
    return bytes(fitting)


def _damaged(seed: bytes, dice: random.Random, file_format: str) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        dice.choice(_DAMAGES)(data, dice, file_format)
    return bytes(data)


def _flip(data: bytearray, dice: random.Random, _: str) -> None:
    if data:
        data[_random_offset(data, dice)] ^= 1 << dice.randrange(8)


def _set(data: bytearray, dice: random.Random, _: str) -> None:
    if data:
        data[_random_offset(data, dice)] = dice.choice(_EDGES)


def _number(data: bytearray, dice: random.Random, _: str) -> None:
    size, offset = dice.choice((2, 4)), _random_offset(data, dice)
    value = dice.choice(_NUMBERS) % 256**size
    data[offset : offset + size] = value.to_bytes(size, dice.choice(("little", "big")))


def _cut(data: bytearray, dice: random.Random, _: str) -> None:
    del data[_random_offset(data, dice) :]


def _remove(data: bytearray, dice: random.Random, _: str) -> None:
    offset = _random_offset(data, dice)
    del data[offset : offset + dice.choice((1, 2, 4, 16, 100))]


def _insert(data: bytearray, dice: random.Random, _: str) -> None:
    offset = _random_offset(data, dice)
    data[offset:offset] = dice.randbytes(dice.choice((1, 2, 4, 16)))


def _repeat(data: bytearray, dice: random.Random, _: str) -> None:
    offset = _random_offset(data, dice)
    data[offset:offset] = data[offset : offset + dice.choice((4, 12, 50, 200))] * dice.choice((1, 2, 20))


def _splice(data: bytearray, dice: random.Random, file_format: str) -> None:
    other = dice.choice(seeds(file_format))
    data[_random_offset(data, dice) :] = other[dice.randrange(len(other)) :]


_DAMAGES = (_flip, _flip, _set, _set, _number, _number, _cut, _remove, _insert, _repeat, _splice)


def _random_offset(data: bytearray, dice: random.Random) -> int:
    """Anywhere, but more often near the start, where headers are."""
    return dice.randrange(len(data) if dice.random() < 0.5 else min(len(data), 400)) if data else 0


def main(file_format: str, first: int, last: int) -> int:
    """Read mutations; gives 1 when one did worse than a ScanError or took more than a bad file may."""
    log = Path(os.environ["MUTATION_LOG"]) if "MUTATION_LOG" in os.environ else None
    came_to: Counter[str] = Counter()
    answers_of(SourceFile("good files", good_files))  # loads all libraries
    start_mb = highest_mb = peak_mb()
    for number in range(first, last + 1):
        data = mutation(file_format, number)
        if log:
            log.write_text(f"{file_format} {number}", encoding="utf-8")
        begin = processor_s()
        try:
            answers = answers_of(SourceFile(f"{file_format}-{number}", lambda: data))  # noqa: B023 - used at once
        except Exception:
            print(f"{file_format} {number}: {traceback.format_exc(limit=-4)}")
            came_to["wrong"] += 1
        else:
            came_to["read" if READS in answers else "refused"] += 1
        if (spent_s := processor_s() - begin) > MAX_PROCESSOR_S:
            print(f"{file_format} {number}: {spent_s:.1f} s")
            came_to["wrong"] += 1
        if peak_mb() - start_mb > MAX_MEMORY_MB and peak_mb() > highest_mb:
            highest_mb = peak_mb()
            print(f"{file_format} {number}: {highest_mb - start_mb:.0f} MB")
            came_to["wrong"] += 1
    if children_mb() > MAX_MEMORY_MB:
        print(f"{file_format}: {children_mb():.0f} MB in a process beside this one")
        came_to["wrong"] += 1
    print(", ".join(f"{count} {word}" for word, count in sorted(came_to.items())))
    return 1 if came_to["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
